"""At most 2,000 points a curve, with the extremes kept, so that no spike disappears."""

from __future__ import annotations

import numpy as np

POINTS = 2_000


def keep(x: np.ndarray, y: np.ndarray, log: bool = False, points: int = POINTS) -> np.ndarray:
    """Which points of a curve to draw: of each of points/4 cells along x the first, the last,
    the lowest and the highest.

    Parameters
    ----------
    x, y : array (n,)
        x rises.
    log : bool
        The cells are even in log x.
    points : int

    Returns
    -------
    array of int
        Rising indices, at most `points` many, 0 and n-1 among them.
    """
    n = len(x)
    if n <= points:
        return np.arange(n)
    place = np.log(np.maximum(x, np.finfo(float).tiny)) if log else np.asarray(x, dtype=float)
    if log and n > 1 and x[0] <= 0:
        place[x <= 0] = np.log(x[x > 0][0]) if (x > 0).any() else 0.0
    cells = points // 4
    span = place[-1] - place[0]
    if not span > 0:
        return np.linspace(0, n - 1, points).astype(int)
    cell = np.minimum(((place - place[0]) / span * cells).astype(int), cells - 1)
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    ends = np.append(starts[1:], n) - 1
    lowest = _extreme(y, starts, ends, np.inf, np.argmin)
    highest = _extreme(y, starts, ends, -np.inf, np.argmax)
    return np.unique(np.concatenate([[0], starts, ends, lowest, highest, [n - 1]]))


def _extreme(y, starts, ends, fill, find) -> np.ndarray:
    values = np.where(np.isfinite(y), y, fill)
    return np.array([s + find(values[s : e + 1]) for s, e in zip(starts, ends)], dtype=int)
