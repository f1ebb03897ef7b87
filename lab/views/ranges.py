"""Ranges of axes: round, growing by decades (or 1-2-5 steps), never shrinking during a run."""

from __future__ import annotations

import math

import numpy as np

STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
TINY = 1e-300


def finite(values, log: bool = False) -> np.ndarray:
    """The values that can be drawn on the axis, flat."""
    values = np.asarray(values, dtype=float).ravel()
    good = np.isfinite(values)
    if log:
        good &= values > TINY
    return values[good]


def ceiling(value: float) -> float:
    """The next round number (of STEPS, times a power of ten) at or above a positive value."""
    base = 10.0 ** math.floor(math.log10(value))
    for step in STEPS:
        if value <= step * base * (1 + 1e-9):
            return step * base
    return 10 * base


class Growing:
    """The bounds of one axis, seen so far.

    Parameters
    ----------
    log : bool
    floor : float or None
        A lower end that is kept (0 for steps, 1 for steps on a logarithmic axis).
    least : float
        The first upper end (linear), or the first number of decades (logarithmic).
    fixed : (float, float) or None
        Bounds that never move.
    up : bool
        Decades that are wanted but not seen yet lie above what was seen, not below.
    """

    def __init__(self, log=False, floor=None, least=None, fixed=None, up=False):
        self.log, self.floor, self.fixed, self.up = log, floor, fixed, up
        self.least = least
        self.low = self.high = None

    def clear(self) -> None:
        """Forgets a run."""
        self.low = self.high = None

    def see(self, values) -> bool:
        """Widens the bounds so that the values fit; returns whether the data's bounds moved."""
        values = finite(values, self.log)
        if not len(values):
            return False
        low, high = float(values.min()), float(values.max())
        before = (self.low, self.high)
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)
        return before != (self.low, self.high)

    @property
    def bounds(self) -> tuple[float, float]:
        """(start, end), round."""
        if self.fixed is not None:
            return self.fixed
        return self._decades() if self.log else self._linear()

    def _decades(self) -> tuple[float, float]:
        if self.low is None:
            low, high = 0, 1
        else:
            # a value just above a power of ten does not open a decade of its own
            low = math.floor(math.log10(self.low) + 0.02)
            high = math.ceil(math.log10(self.high) - 0.02)
        if self.floor is not None:
            low = round(math.log10(self.floor))
        wanted = int(self.least or 2)
        if high - low < wanted:
            if self.floor is None and not self.up:
                low = high - wanted
            else:
                high = low + wanted
        return 10.0**low, 10.0**high

    def _linear(self) -> tuple[float, float]:
        if self.low is None:
            return (self.floor or 0.0), (self.floor or 0.0) + (self.least or 1.0)
        low, high = self.low, self.high
        if self.floor is not None:
            span = max(high - self.floor, self.least or 0.0)
            return self.floor, self.floor + (ceiling(span) if span > 0 else 1.0)
        if low >= 0 and low <= 0.5 * high:
            return 0.0, ceiling(high) if high > 0 else 1.0
        if high <= 0 and high >= 0.5 * low:
            return -ceiling(-low) if low < 0 else -1.0, 0.0
        span = high - low
        if span <= 1e-12 * max(abs(high), abs(low), 1e-12):
            span = max(abs(high), 1e-12) * 0.2
            low, high = low - span / 2, high + span / 2
        step = 10.0 ** math.floor(math.log10(span)) / 2
        return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


class Box:
    """The part of the plane that a picture shows, or several pictures together.

    `see` widens it so that places fit, with some room to spare once `settled`: what is there at
    first is framed as it is, what comes later gets room to grow. `watchers` are called when it
    has grown.
    """

    def __init__(self):
        self.low = self.high = None  # corners of what was seen, (2,)
        self.settled = False
        self.watchers: list = []

    def clear(self) -> None:
        """Forgets what was seen."""
        self.low = self.high = None
        self.settled = False

    def see(self, places) -> None:
        """Widens the box so that the places (n, 2) fit."""
        places = np.asarray(places, dtype=float).reshape(-1, 2)
        places = places[np.isfinite(places).all(1) & (np.abs(places) < 1e12).all(1)]
        if not len(places):
            return
        low, high = places.min(0), places.max(0)
        if self.low is not None:
            if (low >= self.low).all() and (high <= self.high).all():
                return
            low, high = np.minimum(low, self.low), np.maximum(high, self.high)
            reach = high - low
            if self.settled:
                low = np.where(low < self.low, low - 0.25 * reach, low)
                high = np.where(high > self.high, high + 0.25 * reach, high)
        self.low, self.high = low, high
        for watcher in self.watchers:
            watcher()

    def bounds(self, equal: bool = False) -> tuple[float, float, float, float]:
        """(x0, x1, y0, y1) with a margin; `equal`: as long across as up."""
        if self.low is None:
            return -1.0, 1.0, -1.0, 1.0
        low, high = self.low.copy(), self.high.copy()
        reach = high - low
        if equal:
            reach[:] = max(reach.max(), 1e-9)
            if reach[0] <= 1e-5 * np.abs(high).max():
                reach[:] = 2.0
        else:
            reach[reach <= 1e-5 * np.maximum(np.abs(high), 1e-6)] = 1.0
        # pictures are single, traces double precision: the same place differs by rounding
        flat = high - low <= 1e-5 * np.maximum(np.abs(high), 1e-6)
        low[flat] -= reach[flat] / 2
        high[flat] += reach[flat] / 2
        pad = 0.06 * (high - low)
        (x0, y0), (x1, y1) = low - pad, high + pad
        return float(x0), float(x1), float(y0), float(y1)


def symmetric(values, quantile: float = 0.995, least: float = 0.0) -> float:
    """A round half-width of a scale through zero, no less than `least`: most values lie inside."""
    values = np.abs(finite(values))
    values = values[values > 0]
    if not len(values):
        return least or 1.0
    # a quantile takes a millisecond, and a scale that has grown is nearly always wide enough
    if np.count_nonzero(values > least) <= (1 - quantile) * (len(values) - 1):
        return least
    return max(ceiling(float(np.quantile(values, quantile))), least)
