"""Paths in the plane: one unit is as long across as up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lab.views.palette import SERIES
from lab.views.still.axis import Axis
from lab.views.still.frame import Frame
from lab.views.still.marks import line, marker


def paths(members: Sequence[tuple[np.ndarray, int]], frame: Frame) -> str:
    """The drawing of paths with a marker at their ends; "" when there is nothing to draw.

    Parameters
    ----------
    members : sequence of (array (n, 2), int)
        Places, and a place in the series of styles.
    frame : Frame
    """
    found = [(np.asarray(path, dtype=float), style) for path, style in members]
    places = np.concatenate([path for path, _ in found] or [np.empty((0, 2))])
    places = places[np.isfinite(places).all(1)]
    if not len(places):
        return ""
    x, y = _square(places, frame)
    parts = []
    for path, place in found:
        style = SERIES[place % len(SERIES)]
        px, py = x(path[:, 0]), y(path[:, 1])
        good = np.isfinite(px) & np.isfinite(py)
        parts.append(line(px, py, good, style, 1.6))
        if good.any():
            parts.append(marker(style, px[good][-1], py[good][-1]))
    return "".join(parts)


def _square(places, frame: Frame) -> tuple[Axis, Axis]:
    """Two axes of one scale, the places in the middle."""
    (left, right), (bottom, top) = frame.x, frame.y
    low, high = places.min(0), places.max(0)
    scale = max((high[0] - low[0]) / (right - left), (high[1] - low[1]) / (bottom - top)) or 1.0
    middle = (low + high) / 2
    half = np.array([right - left, bottom - top]) / 2 * scale
    (x0, y0), (x1, y1) = middle - half, middle + half
    return Axis(x0, x1, False, left, right), Axis(y0, y1, False, bottom, top)
