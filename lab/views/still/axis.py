"""Axes of still pictures: values to pixels, and ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lab.views.numerals import exact, power_of_ten


@dataclass(frozen=True)
class Axis:
    """Values to pixels.

    Parameters
    ----------
    low, high : float
    log : bool
    start, end : float
        Pixels.
    """

    low: float
    high: float
    log: bool
    start: float
    end: float

    def __call__(self, values) -> np.ndarray:
        values = np.asarray(values, dtype=float)
        low, high = self.low, self.high
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.log10(np.where(values > 0, values, np.nan))
            low, high = math.log10(low), math.log10(high)
        return self.start + (values - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[tuple[float, str]]:
        """(value, text), at most six."""
        if self.log:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            stride = max(1, math.ceil((last - first + 1) / 6))
            return [(10.0**e, power_of_ten(e)) for e in range(first, last + 1, stride)]
        rough = (self.high - self.low) / 5
        scale = 10.0 ** math.floor(math.log10(rough))
        step = next(m * scale for m in (1, 2, 5, 10) if m * scale >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        found = [i * step for i in range(first, math.floor(self.high / step + 1e-9) + 1)]
        return [(value, _tick(value)) for value in found]


def axis(values, log: bool, start: float, end: float, tight: bool = False) -> Axis:
    """The axis that holds these values.

    Parameters
    ----------
    values : array (n,)
        At least one is finite (and positive if `log`).
    tight : bool
        No room is left around them.
    """
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values) & ((values > 0) | (not log))]
    low, high = float(values.min()), float(values.max())
    if log:
        low, high = (low, high) if tight else (low / 1.4, high * 1.4)
        if high < 10 * low:
            middle = math.sqrt(low * high)
            low, high = middle / math.sqrt(10), middle * math.sqrt(10)
        return Axis(low, high, True, start, end)
    room = (high - low) or abs(high) or 1.0
    if not tight:
        low, high = low - 0.05 * room, high + 0.05 * room
    elif low == high:
        high = low + 1
    return Axis(low, high, False, start, end)


def _tick(value: float) -> str:
    value = 0.0 if abs(value) < 1e-12 else value
    return exact(int(value)) if float(value).is_integer() else exact(float(f"{value:.4g}"))
