"""Curves of runs: what they recorded of one quantity, on the axes that their views have."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lab.views.still.curves import Line
from lab.views.thin import keep

POINTS = 400


def measure(about) -> str:
    """The first quantity that is one number; "" when there is none.

    Parameters
    ----------
    about : experiment class or Entry
    """
    return next((name for name, quantity in about.quantities.items() if not quantity.dim), "")


def log_axes(about, name: str) -> bool:
    """Whether a view of the experiment shows the quantity on two logarithmic axes."""
    return any(getattr(v, "log", "") == "xy" and name in v.sources for v in about.views)


def curve_lines(about, members: Iterable, points: int = POINTS) -> list[Line]:
    """The measure of some runs over their steps; over k + 1 where the axes are logarithmic.

    Parameters
    ----------
    about : experiment class or Entry
    members : iterable of (label, run, style)
        `run.trace` is a Trace; what has not recorded anything is left out.
    points : int
        At most so many in a curve.
    """
    name = measure(about)
    log = log_axes(about, name)
    lines = []
    for label, run, style in members:
        trace = run.trace
        if not len(trace) or name not in trace:
            continue
        y = np.array(trace[name], dtype=float)
        k = np.array(trace.k if len(trace.k) == len(y) else trace.assessed.k, dtype=float)[: len(y)]
        x = k + 1 if log else k
        at = keep(x, y, log, points=points)
        lines.append(Line(label, x[at], y[at], style))
    return lines
