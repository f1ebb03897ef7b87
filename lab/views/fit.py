"""The slope that a curve on log-log axes has towards its end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WINDOW = 16.0  # the fit covers x from end / WINDOW to end


@dataclass(frozen=True)
class Slope:
    """A power law y ~ x^value, fitted for `low` <= x <= `high`; half-width of 95 % or nan."""

    value: float
    half: float
    low: float
    high: float


def slope(x, y, window: float = WINDOW) -> Slope | None:
    """Least squares on logarithms, each point weighted by the share of log x that it stands for.

    Rows are recorded more densely towards the end of each octave; the weights undo that. The
    half-width takes residuals as independent, which those of an oscillation are not.

    Returns None with fewer than 6 usable points or less than a factor 4 between first and last.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    good = np.isfinite(x) & np.isfinite(y) & (x > 0) & (y > 0)
    x, y = x[good], y[good]
    if not len(x):
        return None
    inside = x >= x[-1] / window
    x, y = x[inside], y[inside]
    if len(x) < 6 or x[-1] < 4 * x[0]:
        return None
    u, v = np.log(x), np.log(y)
    weight = np.gradient(u)
    weight /= weight.sum()
    du = u - weight @ u
    spread = weight @ du**2
    value = float(weight @ (du * v) / spread)
    rest = v - weight @ v - value * du
    count = 1 / float(weight @ weight)
    half = 1.96 * float(np.sqrt(weight @ rest**2 / spread / max(count - 2, 1)))
    return Slope(value, half, float(x[0]), float(x[-1]))


def power_text(value: float) -> str:
    """A reference slope as the law of x it is: "1/k" is written with x = "k" by the caller."""
    named = {-0.5: "1/\u221ak", -1.0: "1/k", -1.5: "1/k\u00b3\u141f\u00b2", -2.0: "1/k\u00b2"}
    named.update({-3.0: "1/k\u00b3", 0.5: "\u221ak", 1.0: "k", 2.0: "k\u00b2"})
    if value in named and value != -1.5:
        return named[value]
    return f"slope {value:.3g}".replace("-", "\u2212")
