"""Numbers as the pages write them: three significant digits, a real minus, thin spaces.

`js/numbers.js` follows the same rules in the browser.
"""

from __future__ import annotations

import math

THIN, NARROW = "\u2009", "\u202f"
MINUS = "\u2212"
_UP = str.maketrans(
    "-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
)


def superscript(exponent: int) -> str:
    """`-8` as a raised "⁻⁸"."""
    return str(exponent).translate(_UP)


def count(n: int) -> str:
    """A count: exact with a thin space below 10 000, then "41.2 k", "3.20 M"."""
    n = int(n)
    size = abs(n)
    sign = MINUS if n < 0 else ""
    if size < 1_000:
        return f"{sign}{size}"
    if size < 10_000:
        return f"{sign}{size // 1000}{THIN}{size % 1000:03d}"
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size >= unit * 0.9995:
            return f"{sign}{_digits(size / unit)}{THIN}{name}"
    return f"{sign}{size}"


def number(value: float, digits: int = 3) -> str:
    """A measured number: "0.529", "41.2 k", "1.68 · 10⁻⁸", "−1.00"; "∞", "not a number"."""
    if value is None:
        return "\u2013"
    value = float(value)
    if math.isnan(value):
        return "not a number"
    sign = MINUS if value < 0 else ""
    size = abs(value)
    if math.isinf(size):
        return sign + "\u221e"
    if size == 0:
        return "0"
    if size < 1e-3 or size >= 1e10:
        exponent = math.floor(math.log10(size))
        mantissa = round(size / 10.0**exponent, digits - 1)
        if mantissa >= 10:
            mantissa, exponent = mantissa / 10, exponent + 1
        return f"{sign}{mantissa:.{digits - 1}f}{THIN}\u00b7{THIN}10{superscript(exponent)}"
    if size >= 10_000:
        for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
            if size >= unit * 0.9995:
                return f"{sign}{_digits(size / unit, digits)}{THIN}{name}"
    if size >= 1_000:
        return sign + count(round(size)).lstrip(MINUS)
    return sign + _digits(size, digits)


def tally(value: float) -> str:
    """A number that may be a count: whole numbers are written exactly."""
    value = float(value)
    return count(int(value)) if value.is_integer() and abs(value) < 1e6 else number(value)


def exact(value) -> str:
    """A control's value as it was set: no digits are added, none that matter are dropped."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return count(value) if abs(value) < 10_000 else str(value).replace("-", MINUS)
    if isinstance(value, float):
        if value and (abs(value) < 1e-3 or abs(value) >= 1e6):
            return number(value)
        return f"{value:.6g}".replace("-", MINUS)
    return str(value)


def percent(share: float) -> str:
    """A share as "57.9 %"."""
    return f"{number(100 * share)}{THIN}%"


def duration(seconds: float) -> str:
    """A time: "3.1 s", "2 min 10 s"."""
    if seconds < 1e-3:
        return f"{_digits(seconds * 1e6)}{THIN}\u00b5s"
    if seconds < 1:
        return f"{_digits(seconds * 1e3)}{THIN}ms"
    if seconds < 60:
        return f"{seconds:.1f}{THIN}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}{THIN}min {rest}{THIN}s" if rest else f"{minutes}{THIN}min"


def interval(low: float, high: float) -> str:
    """An interval: "−1.01 to −0.98"."""
    return f"{number(low)} to {number(high)}"


def power_of_ten(exponent: int) -> str:
    """An axis tick: 1, 10, 10², 10⁻⁵."""
    return {0: "1", 1: "10"}.get(exponent) or "10" + superscript(exponent)


def _digits(size: float, digits: int = 3) -> str:
    """`size` (positive) with that many significant digits, as plain decimals."""
    if size == 0:
        return "0"
    before = math.floor(math.log10(size)) + 1
    text = f"{size:.{max(digits - before, 0)}f}"
    # rounding may carry: 9.996 becomes 10.00, one digit too many
    if len(text.replace(".", "").lstrip("0")) > digits and "." in text:
        text = text[:-1].rstrip(".")
    return text
