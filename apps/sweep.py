"""Two controls as a map of runs: /sweep?name=NAME&x=CONTROL&y=CONTROL."""

from lab.ui.pages import sweep

sweep()
