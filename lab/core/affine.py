"""Affine contractions X <- factor A X + B: their fixed point by sweeps, and gradients through it.

With the rows of |A| summing to 1 at most, a sweep shrinks the largest entry of any difference by
`factor`. The adjoint of the fixed point is such an equation too, with A transposed, so its gradient
takes as many sweeps and no memory of the iterates. `lab.core.implicit` does the same for any map.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def sweeps_to(factor: float, tolerance: float) -> int:
    """Sweeps that shrink any error by a tolerance; both below 1."""
    return math.ceil(math.log(tolerance) / math.log(factor))


def iterate(A: Tensor, B: Tensor, factor: float, sweeps: int) -> Tensor:
    """The last iterate from 0, shape (..., n, m), with a graph if A or B has one.

    Parameters
    ----------
    A : Tensor of shape (..., n, n)
    B : Tensor of shape (..., n, m)
    """
    x = torch.zeros_like(B)
    for _ in range(sweeps):
        x = torch.add(B, A @ x, alpha=factor)
    return x


def fixed_point(A: Tensor, B: Tensor, factor: float, tolerance: float) -> Tensor:
    """X = factor A X + B up to a relative tolerance, shape (..., n, m).

    A gradient g goes back to A and B as w = g + factor A' w, found by as many sweeps.
    """
    sweeps = sweeps_to(factor, tolerance)
    with torch.no_grad():
        x = iterate(A, B, factor, sweeps)
    x = torch.add(B, A @ x, alpha=factor)
    if x.requires_grad:
        x.register_hook(lambda g: iterate(A.detach().mT, g, factor, sweeps))
    return x
