"""Numbers as the pages write them; the rules live with the pictures, which need them too."""

from lab.views.numerals import (
    MINUS,
    NARROW,
    THIN,
    count,
    duration,
    exact,
    interval,
    number,
    percent,
    power_of_ten,
    superscript,
)

__all__ = [
    "MINUS",
    "NARROW",
    "THIN",
    "count",
    "duration",
    "exact",
    "interval",
    "number",
    "percent",
    "power_of_ten",
    "superscript",
]
