"""Curves over one axis, with their labels at their ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lab.views.numerals import number
from lab.views.palette import SERIES, Style
from lab.views.still.axis import Axis, axis
from lab.views.still.frame import Frame
from lab.views.still.marks import ink, line, marker, text

APART = 15  # two labels are at least so many pixels apart


@dataclass(frozen=True)
class Line:
    """A curve.

    Parameters
    ----------
    label : str
        Stands at its end, before its last value.
    x, y : array (n,)
        Values that are not finite leave a gap.
    style : int or Style
        A place in the series of styles, or a style.
    dots : bool
        Every value has a marker, not the last alone.
    """

    label: str
    x: np.ndarray
    y: np.ndarray
    style: int | Style = 0
    dots: bool = False

    @property
    def drawn_as(self) -> Style:
        """Its style."""
        return SERIES[self.style % len(SERIES)] if isinstance(self.style, int) else self.style


def curves(
    lines: Sequence[Line], frame: Frame, x_name: str = "", x_log: bool = False, y_log: bool = False
) -> str:
    """The drawing of some curves; "" when there is no value to draw.

    Parameters
    ----------
    lines : sequence of Line
    frame : Frame
    x_name : str
        Written under the axis.
    x_log, y_log : bool
        Logarithmic axes. Without a positive value y is drawn linear.
    """
    y_log = y_log and any((one.y > 0).any() for one in lines)
    ys = [one.y[np.isfinite(one.y) & ((one.y > 0) | (not y_log))] for one in lines]
    if not sum(map(len, ys)):
        return ""
    x = axis(np.concatenate([one.x for one in lines]), x_log, *frame.x, tight=True)
    y = axis(np.concatenate(ys), y_log, *frame.y)
    parts = [] if frame.bare else [_grid(x, y, frame, x_name)]
    ends = []
    for one in lines:
        low, high = frame.y
        px, py = x(one.x), np.clip(y(one.y), high - (0 if frame.bare else 4), low)
        good = np.isfinite(px) & np.isfinite(py)
        if not good.any():
            continue
        style = one.drawn_as
        parts.append(line(px, py, good, style))
        if frame.bare:
            continue
        if one.dots:
            parts += [marker(style, a, b) for a, b in zip(px[good], py[good])]
        else:
            parts.append(marker(style, px[good][-1], py[good][-1]))
        last = number(one.y[good][-1])
        words = f"{one.label}  {last}" if one.label else last
        ends.append((py[good][-1], px[good][-1], words, ink(style.token)))
    return "".join(parts + _labels(ends, frame))


def _grid(x: Axis, y: Axis, frame: Frame, x_name: str) -> str:
    (left, right), (bottom, _) = frame.x, frame.y
    parts = []
    for value, words in y.ticks():
        at = float(y(value))
        parts.append(f'<path d="M{left} {at:.1f}H{right}" stroke="var(--grid)"/>')
        parts.append(text(left - 7, at + 4, words, "end"))
    parts.append(f'<path d="M{left} {bottom}H{right}" stroke="var(--line)"/>')
    for value, words in x.ticks():
        parts.append(text(float(x(value)), bottom + 16, words, "middle"))
    parts.append(text((left + right) / 2, frame.height - 6, x_name, "middle", ink("ink2")))
    return "".join(parts)


def _labels(ends, frame: Frame) -> list[str]:
    """Labels at the ends of curves, moved apart."""
    low, high = frame.y
    places, at = [], high - APART
    for y, *_ in sorted(ends):
        at = max(y, at + APART)
        places.append(at)
    over = max(0.0, at - low)
    return [
        text(x + 9, place - over + 4, words, colour=colour)
        for place, (_, x, words, colour) in zip(places, sorted(ends))
    ]
