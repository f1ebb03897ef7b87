"""The straight line between two weight vectors: do two solutions lie in one basin?"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def between(a: Tensor, b: Tensor, at: Tensor) -> Tensor:
    """The points (1 - t) a + t b for each t of `at`, as rows: (len(at), len(a))."""
    return a + at[:, None] * (b - a)


def along_line(of: Callable[[Tensor], Tensor], a: Tensor, b: Tensor, at: Tensor) -> Tensor:
    """Values of `of`, a function of one vector, at the points of `between`: (len(at),)."""
    return torch.stack([of(point) for point in between(a, b, at)])


def above_chord(values: Tensor) -> Tensor:
    """How far values at even steps from end to end lie above the straight line between the ends.

    Its maximum is the barrier of Frankle, Dziugaite, Roy, Carbin, "Linear mode connectivity and
    the lottery ticket hypothesis" (2020): 0 where nothing lies above. For a quadratic with
    Hessian H the value at t is -t (1 - t) (b - a)' H (b - a) / 2, a dip wherever H is positive.

    Parameters
    ----------
    values : Tensor, shape (n,)
        n at least 2.
    """
    if len(values) < 2:
        raise ValueError("a line has two ends; one value is none")
    chord = torch.linspace(0, 1, len(values), dtype=values.dtype, device=values.device)
    return values - values[0] - chord * (values[-1] - values[0])
