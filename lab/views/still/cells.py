"""A matrix as coloured cells: a map over two controls, a heat map, a mask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from html import escape

import numpy as np

from lab.views.palette import ramp
from lab.views.still.frame import Frame


def levels(values, log: bool = False) -> tuple[np.ndarray, float, float]:
    """Values as shares of their range, nan where there is none; and the range.

    With `log` the shares are even in the logarithm, and the range is that of the values.
    """
    values = np.asarray(values, dtype=float)
    shown = np.log10(np.where(values > 0, values, np.nan)) if log else values
    finite = shown[np.isfinite(shown)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    shares = (shown - low) / ((high - low) or 1)
    return shares, 10.0**low if log else low, 10.0**high if log else high


def colour(share: float, kind: str = "power") -> str:
    """A colour of a ramp ("power" or "signed"), for both themes."""
    return _colours(kind)[int(round(255 * min(max(share, 0.0), 1.0)))]


@cache
def _colours(kind: str) -> tuple[str, ...]:
    pairs = zip(ramp(kind), ramp(kind, dark=True))
    return tuple(f"light-dark({light},{dark})" for light, dark in pairs)


def cells(
    shares,
    frame: Frame,
    *,
    kind: str = "power",
    crossed=None,
    tip: Callable[[int, int], str] | None = None,
    gap: float = 1.0,
) -> str:
    """One rectangle for each value; the first row is the lowest.

    Parameters
    ----------
    shares : array (rows, columns)
        0 to 1 along the ramp; a cell that is not finite stays empty.
    frame : Frame
    kind : {"power", "signed"}
    crossed : array (rows, columns) of bool or None
        Cells that are crossed out.
    tip : callable or None
        `tip(row, column)`: what a cell says under the pointer.
    gap : float
        Pixels between two cells; with 0 they have no border.
    """
    rows, columns = np.shape(shares)
    (left, right), (bottom, top) = frame.x, frame.y
    width, height = (right - left) / columns, (bottom - top) / rows
    edge = ' stroke="var(--line2)"' if gap else ""
    parts = []
    for i in range(rows):
        for j in range(columns):
            x, y = left + j * width, bottom - (i + 1) * height
            out = crossed is not None and crossed[i][j]
            fill = "var(--line2)" if out else _fill(shares[i][j], kind)
            said = f"<title>{escape(tip(i, j))}</title>" if tip else ""
            box = f'x="{x:.1f}" y="{y:.1f}" width="{width - gap:.1f}" height="{height - gap:.1f}"'
            parts.append(f'<rect {box} fill="{fill}"{edge}>{said}</rect>')
            if out:
                parts.append(_cross(x + width / 2, y + height / 2, min(width, height, 16) / 4))
    return "".join(parts)


def scale(x: float, width: float, frame: Frame, places: Sequence[float]) -> str:
    """The ramp as a column of small rectangles, from the lower edge up."""
    bottom, top = frame.y
    height = (bottom - top) / len(places)
    return "".join(
        f'<rect x="{x}" y="{bottom - (i + 1) * height:.1f}" width="{width}" '
        f'height="{height:.1f}" fill="{colour(share)}"/>'
        for i, share in enumerate(places)
    )


def _fill(share: float, kind: str) -> str:
    return colour(share, kind) if np.isfinite(share) else "none"


def _cross(x: float, y: float, r: float) -> str:
    path = (
        f"M{x - r:.1f} {y - r:.1f}l{2 * r:.1f} {2 * r:.1f}"
        f"M{x + r:.1f} {y - r:.1f}l{-2 * r:.1f} {2 * r:.1f}"
    )
    return f'<path d="{path}" stroke="var(--ink3)"/>'
