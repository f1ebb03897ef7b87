"""What SOR costs on Poisson's equation with a shift, by the relaxation: a table of counts.

(A + c I) x = b with the five-point Laplacian A on a square of m x m points, zero around it (h = 1).
Implicit steps of the heat equation are such systems, the shift falls with the length of the step.
Points are swept red ones first, then black ones, which is a consistent ordering, so Young's theory
holds: Jacobi's radius is 4 cos(pi / (m + 1)) / (4 + c), see `lab.core.sweeps.best_relaxation`.
"""

from __future__ import annotations

from math import cos, pi

import torch
from torch import Tensor


def jacobi_radius(side: int, shift: float) -> float:
    """Spectral radius of Jacobi's method."""
    return 4 * cos(pi / (side + 1)) / (4 + shift)


def neighbours(x: Tensor) -> Tensor:
    """Sum of the four neighbours of every point, shape (..., m, m)."""
    found = torch.zeros_like(x)
    found[..., 1:, :] += x[..., :-1, :]
    found[..., :-1, :] += x[..., 1:, :]
    found[..., 1:] += x[..., :-1]
    found[..., :-1] += x[..., 1:]
    return found


def sor_counts(
    shifts: Tensor, relaxations: Tensor, rhs: Tensor, tolerance: float, limit: int = 3_000
) -> Tensor:
    """Sweeps of SOR from 0 until the residual is `tolerance` times the first one.

    Parameters
    ----------
    shifts : Tensor of shape (s,)
    relaxations : Tensor of shape (w,)
        Between 0 and 2.
    rhs : Tensor of shape (r, m, m)
    tolerance : float
    limit : int
        The count of what does not get there.

    Returns
    -------
    Tensor of shape (s, w, r), int64
    """
    points = torch.arange(rhs.shape[-1], device=rhs.device)
    red = (points[:, None] + points) % 2 == 0
    colours = [colour.to(rhs.dtype) for colour in (red, ~red)]
    diagonal = (4 + shifts)[:, None, None, None]
    goal = tolerance**2 * rhs.square().sum((-2, -1))
    table = []
    for relaxation in relaxations:
        x = rhs.new_zeros(len(shifts), *rhs.shape)
        count = torch.full(x.shape[:2], limit, device=rhs.device)
        around = x
        for k in range(1, limit + 1):
            for colour in colours:
                x = x + relaxation * colour * ((rhs + around) / diagonal - x)
                around = neighbours(x)
            there = (rhs + around - diagonal * x).square().sum((-2, -1)) <= goal
            count = torch.where(there & (count == limit), k, count)
            if there.all():
                break
        table.append(count)
    return torch.stack(table, 1)
