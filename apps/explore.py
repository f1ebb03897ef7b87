"""One experiment, live: /explore?name=NAME."""

from lab.ui.pages import explore

explore()
