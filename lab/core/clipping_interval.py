"""Gradients of a few bits: how wide their interval is, and how it is kept where it serves best.

A gradient g becomes a whole number of steps of a symmetric interval [-a, a]; what is outside is
clipped. A wide interval rounds coarsely, a narrow one clips the largest. The few largest count
most. Kim, Lee, Ham, "Toward INT4 fixed-point training via exploring quantization error for
gradients" (2024); the bound and its optimum below are derived here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

TRIES = 20


@final
@dataclass(frozen=True)
class ClippingInterval:
    """An interval for gradients, as a share of the largest of them.

    Parameters
    ----------
    bits : int
        2^(bits - 1) - 1 levels on each side of zero, at least one.
    large : float
        The share of the gradients, by size, that count as large.
    rate : float
        By how much the feedback moves the interval's share in a step.
    """

    bits: int
    large: float = 0.01
    rate: float = 0.01

    @property
    def levels(self) -> int:
        """On each side of zero."""
        return max(2 ** (self.bits - 1) - 1, 1)

    def quantised(self, g: Tensor, share: Tensor, lot: Tensor | None = None) -> Tensor:
        """The gradients on the grid of the interval `share` max|g|; a zero gradient stays zero.

        `lot`, uniform numbers in [0, 1) of the shape of `g`, rounds by lot: right on average
        inside the interval.
        """
        step = share * g.abs().amax() / self.levels
        step = torch.where(step > 0, step, 1.0)
        exact = g / step
        whole = torch.round(exact) if lot is None else torch.floor(exact + lot)
        return step * torch.clamp(whole, -self.levels, self.levels)

    def is_large(self, g: Tensor) -> Tensor:
        """Which gradients are large: those not below the smallest of the largest share."""
        sizes = g.abs().flatten()
        count = max(round(self.large * sizes.numel()), 1)
        return g.abs() >= torch.topk(sizes, count).values[-1]

    def errors(self, g: Tensor, quantised: Tensor) -> tuple[Tensor, Tensor]:
        """Relative errors |q - g| / |g| of the large gradients and of all, 0-d each."""
        weight = self.is_large(g).to(g.dtype)
        tiny = torch.finfo(g.dtype).tiny
        apart, size = (quantised - g).square(), g.square()
        large = (apart * weight).sum() / (size * weight).sum().clamp(min=tiny)
        return large.sqrt(), (apart.sum() / size.sum().clamp(min=tiny)).sqrt()

    def bound(self, g: Tensor, share: Tensor) -> Tensor:
        """Of the summed error of the large gradients: half a step for each, and the way to the
        interval for those outside. It is convex in the share."""
        edge = share * g.abs().amax()
        each = (g.abs() - edge).clamp(min=0) + edge / (2 * self.levels)
        return (each * self.is_large(g)).sum()

    def moved(self, g: Tensor, share: Tensor) -> Tensor:
        """The share after a step of feedback, downhill on the bound.

        The bound is least where one of 2 `levels` large gradients is clipped. When more are, the
        interval widens; when fewer, it narrows.
        """
        large = self.is_large(g)
        clipped = (large & (g.abs() > share * g.abs().amax())).sum()
        way = torch.sign(2 * self.levels * clipped - large.sum())
        return (share + self.rate * way).clamp(self.rate, 1.0)

    def best(self, g: Tensor, among: str = "large") -> Tensor:
        """The share of `TRIES` even ones with the least error of the large, or of all."""
        shares = torch.arange(1, TRIES + 1, dtype=g.dtype, device=g.device) / TRIES
        counted = g[self.is_large(g)] if among == "large" else g.flatten()
        most = g.abs().amax()
        step = torch.where(most > 0, shares[:, None] * most / self.levels, 1.0)
        rough = step * torch.clamp(torch.round(counted / step), -self.levels, self.levels)
        return shares[(rough - counted).square().sum(1).argmin()]
