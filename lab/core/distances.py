"""Distances between samples."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def directions(dim: int, n: int = 16, like: Tensor | None = None) -> Tensor:
    """Unit vectors that look at the plane from all sides, evenly; shape (n, 2), (1, 1) on a line.

    Raises
    ------
    ValueError
        `dim` is neither 1 nor 2.
    """
    like = torch.zeros((), dtype=torch.float64) if like is None else like
    if dim == 1:
        return like.new_ones(1, 1)
    if dim != 2:
        raise ValueError(f"directions are known in 1 and 2 dimensions; not {dim}")
    angle = math.pi * (torch.arange(n, dtype=torch.float64) + 0.5) / n
    return torch.stack([angle.cos(), angle.sin()], 1).to(like)


def wasserstein(x: Tensor, y: Tensor) -> Tensor:
    """Mean way that samples on the line, shape (..., n) each, must go to become one another."""
    return (x.sort(-1).values - y.sort(-1).values).abs().mean(-1)


def from_all_sides(x: Tensor, sides: Tensor) -> Tensor:
    """What is seen of a sample in each direction, in order: shape (m, n).

    The mean absolute difference of two of these is their sliced Wasserstein distance; a sample
    that is compared often needs to be sorted once.

    Parameters
    ----------
    x : Tensor of shape (n, d)
    sides : Tensor of shape (m, d)
        Unit vectors.
    """
    return (sides @ x.T).sort(-1).values


def sliced_wasserstein(x: Tensor, y: Tensor, sides: Tensor) -> Tensor:
    """Mean over directions of the Wasserstein distance of what is seen of two samples there.

    Parameters
    ----------
    x, y : Tensor of shape (n, d)
    sides : Tensor of shape (m, d)
    """
    return (from_all_sides(x, sides) - from_all_sides(y, sides)).abs().mean()
