"""Minimise f(x) + g(x) by the proximal maps of each: operators for a fixed-point method.

Picard converges on both, and any method of `lab.core.fixed_point` or Anderson's may be put in its
place. Douglas-Rachford's operator is averaged with weight 1/2. That of ADMM is the same one seen in
other variables, in which it is nonexpansive and need not be averaged.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lab.core.fixed_point import Map


def douglas_rachford(prox_f: Map, prox_g: Map) -> Map:
    """z -> z + prox_g(2 x - z) - x with x = prox_f(z); at a fixed point x is a minimiser.

    Douglas and Rachford 1956; Lions and Mercier 1979.
    """

    def T(z: Tensor) -> Tensor:
        x = prox_f(z)
        return z + prox_g(2 * x - z) - x

    return T


def admm(prox_f: Map, prox_g: Map) -> Map:
    """The alternating direction method of multipliers, on (z, u) side by side, shape (..., 2 d).

    x = prox_f(z - u), z <- prox_g(x + u), u <- u + x - z: u is the multiplier of x = z. In the
    variable x + u this is Douglas-Rachford on g, f (Gabay 1983).
    """

    def T(pair: Tensor) -> Tensor:
        z, u = pair.chunk(2, -1)
        ahead = prox_f(z - u) + u
        z = prox_g(ahead)
        return torch.cat([z, ahead - z], -1)

    return T
