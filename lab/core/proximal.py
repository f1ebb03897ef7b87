"""Projections and proximal maps, along the last axis; leading axes are a batch.

The proximal map of a function f at x is the point y of least f(y) + |y - x|^2 / 2; of the
indicator of a set, the nearest point of the set.
"""

from __future__ import annotations

import torch
from torch import Tensor


def simplex(x: Tensor, total: float = 1.0) -> Tensor:
    """The nearest point with entries >= 0 that add up to `total`.

    All entries are lowered by one number and cut off at 0; sorted, one sees which stay (Held, Wolfe
    and Crowder, 1974).
    """
    ranked = x.sort(-1, descending=True)[0]
    over = ranked.cumsum(-1) - total
    ranks = torch.arange(1, x.shape[-1] + 1, device=x.device, dtype=x.dtype)
    stay = (ranked * ranks > over).sum(-1, keepdim=True).clamp(min=1)
    return (x - over.gather(-1, stay - 1) / stay).clamp(min=0)


def box(x: Tensor, low=0.0, high=1.0) -> Tensor:
    """The nearest point with low <= x_i <= high."""
    return x.clamp(low, high)


def ball(x: Tensor, radius: float = 1.0) -> Tensor:
    """The nearest point of norm at most `radius`."""
    length = x.norm(dim=-1, keepdim=True)
    return torch.where(length > radius, x * (radius / length.clamp(min=1e-300)), x)


def affine(A: Tensor, b: Tensor):
    """The projection onto {x : A x = b}, as a function of x (..., n); A has shape (m, n)."""
    inverse = torch.linalg.pinv(A)
    return lambda x: x - (x @ A.mT - b) @ inverse.mT


def soft(x: Tensor, weight) -> Tensor:
    """The proximal map of weight |x|_1: entries move to 0 by `weight`, and stay there."""
    return x - x.clamp(-weight, weight)


def mirror(x: Tensor, g: Tensor) -> Tensor:
    """The distribution p of least <g, p> + KL(p | x): x exp(-g), normalised."""
    return torch.softmax(x.log() - g, -1)
