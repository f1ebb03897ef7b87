"""Aitken's delta-squared process and Steffensen's method, coordinate by coordinate.

If the error of a sequence is geometric, three terms tell its limit: the newest term, less its last
difference squared over the second difference. Steffensen restarts a map from that guess. In one
dimension, where the slope of the map at its fixed point s is not 1, the error e becomes
C e^2 with C = T''(s) T'(s) / (2 (T'(s) - 1)) at two evaluations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lab.core.broyden import quotient
from lab.core.fixed_point import Map, count


def aitken(oldest: Tensor, middle: Tensor, newest: Tensor) -> Tensor:
    """The limit of a geometric sequence through three terms; the newest where they are straight."""
    change = newest - middle
    return newest - change * quotient(change, change - (middle - oldest))


@dataclass(frozen=True)
class Steffensen:
    """x <- the limit that x, T x and T T x announce."""

    order: ClassVar[int] = 2

    def init(self, x: Tensor) -> dict[str, Tensor]:
        """State at the start `x`, shape (..., d); each coordinate is taken for itself."""
        return {"x": x, "evaluations": count(x)}

    def step(self, state: dict[str, Tensor], T: Map, k: int) -> dict[str, Tensor]:
        """The state after step `k` = 0, 1, ..."""
        x = state["x"]
        y = T(x)
        return {"x": aitken(x, y, T(y)), "evaluations": state["evaluations"] + 2}

    @staticmethod
    def constant(slope: float, curvature: float) -> float:
        """C in e' = C e^2, from the first two derivatives of the map at its fixed point."""
        return curvature * slope / (2 * (slope - 1))
