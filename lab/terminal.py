"""Small pictures in a terminal: a curve, a map. Text in, text out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

WIDTH, HEIGHT = 64, 10
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a braille cell, by row
_SHADES = " ░▒▓█"


def curve(x, y, *, title: str = "", log: bool = False, width: int = WIDTH, height: int = HEIGHT):
    """A curve in braille dots, with its range written at the side.

    Parameters
    ----------
    x, y : array of shape (n,)
        Points with a number that is not finite are left out; on logarithmic axes those at or
        below zero too.
    log : bool
        Both axes are logarithmic.

    Returns
    -------
    str
        Lines; empty when there is nothing to draw.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    fine = np.isfinite(x) & np.isfinite(y)
    if log:
        fine &= (x > 0) & (y > 0)
    x, y = x[fine], y[fine]
    if len(x) < 2:
        return ""
    low, high = float(y.min()), float(y.max())
    left, right = float(x.min()), float(x.max())
    if log:
        x, y = np.log(x), np.log(y)
    columns = np.linspace(x.min(), x.max(), 2 * width)
    rising = np.all(np.diff(x) > 0)
    rows = 4 * height - 1 - _scaled(np.interp(columns, x, y) if rising else y, 4 * height)
    cells = np.zeros((height, width), dtype=int)
    for column, row in zip(range(2 * width) if rising else _scaled(x, 2 * width), rows):
        cells[row // 4, column // 2] |= _DOTS[row % 4][column % 2]
    labels = {0: f"{high:.3g}", height - 1: f"{low:.3g}"}
    margin = max(map(len, labels.values()))
    lines = [title] if title else []
    for i, row in enumerate(cells):
        dots = "".join(chr(0x2800 + cell) for cell in row)
        lines.append(f"{labels.get(i, ''):>{margin}} {dots}")
    span = f"{left:.6g}".ljust(width - len(f"{right:.6g}")) + f"{right:.6g}"
    return "\n".join([*lines, " " * (margin + 1) + span])


def shade_map(values, x: Sequence, y: Sequence, *, title: str = "", log: bool = False) -> str:
    """A map in shades, the least value light; `values` has shape (len(y), len(x)).

    A cell that is not finite is drawn as `x` (the run diverged or is missing).
    """
    values = np.asarray(values, dtype=float)
    shown = np.where(values > 0, np.log(np.where(values > 0, values, 1)), np.nan) if log else values
    fine = np.isfinite(shown)
    low, high = (shown[fine].min(), shown[fine].max()) if fine.any() else (0.0, 0.0)
    level = _scaled(np.where(fine, shown, low), len(_SHADES), low, high)
    names = [_short(value) for value in y]
    margin = max(map(len, names), default=0)
    lines = [title] if title else []
    for i in reversed(range(len(names))):
        cells = "".join(2 * (_SHADES[level[i, j]] if fine[i, j] else "x") for j in range(len(x)))
        lines.append(f"{names[i]:>{margin}} {cells}")
    ends = f"{_short(x[0])} to {_short(x[-1])}" if len(x) else ""
    if fine.any():
        least, most = values[fine].min(), values[fine].max()
        ends += f"   (light {least:.3g}, dark {most:.3g})"
    return "\n".join([*lines, " " * (margin + 1) + ends])


def _scaled(values: np.ndarray, cells: int, low=None, high=None) -> np.ndarray:
    """Whole numbers 0 .. cells-1 from the least value to the greatest."""
    low = values.min() if low is None else low
    high = values.max() if high is None else high
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return np.minimum((share * cells).astype(int), cells - 1)


def _short(value) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.3g}"
    return str(value)
