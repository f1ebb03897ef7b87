"""Methods from one start, compared at equal cost: /race?name=NAME."""

from lab.ui.pages import race

race()
