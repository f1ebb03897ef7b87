"""Finite sums on which the order of the components decides how fast stochastic gradients go.

Every component is the same bowl plus its own push a_i, and the pushes add up to zero:

    f_i(x) = sum_j h(x_j) + <a_i, x>,    h(u) = (left if u < 0 else right) u^2 / 2,

So the mean F(x) = sum_j h(x_j) has its minimum, the value 0, at the origin. It is smooth with
constant max(left, right) and strongly convex with constant min(left, right), and the gradients
of the components are off their mean by a_i, wherever x is.

With pushes +1 and -1 on a line this is the piecewise quadratic by which Cha, Lee and Yun bound
reshuffling from below ("Tighter lower bounds for shuffling SGD", ICML 2023). Why it is hard: in
an epoch x + eta S_t wanders with the partial sums S_t of the pushes in their order. If `left` is
the steeper side, the wandering half that lies there is thrown back harder, so x settles where

    left E[(x + eta S_t)_-] = right E[(x + eta S_t)_+],

to the right of the minimum by about eta |S|: a bias, which no average of iterates takes away.
Here |S| is of order sqrt(n) for a random permutation and of order 1 for a balanced one, and the
step can not be smaller than about log(nK) / (right n K), or the start is not forgotten in K
epochs. Hence gaps like 1/(n K^2) and 1/(n K)^2. With `left` = `right` the condition reads x = 0
to first order, the bias is gone, and both orders are faster than those bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lab.core.backend import Backend


@dataclass(frozen=True)
class TwoSided:
    """The finite sum above.

    Parameters
    ----------
    pushes : Tensor of shape (n, d)
        They add up to zero.
    left, right : float or Tensor of shape ()
        Curvature where a coordinate is negative, and where it is not.
    """

    pushes: Tensor
    left: float | Tensor = 4.0
    right: float | Tensor = 1.0

    @property
    def n(self) -> int:
        """How many components there are."""
        return self.pushes.shape[0]

    @property
    def smoothness(self) -> float:
        """Lipschitz constant of every component's gradient."""
        return max(self.left, self.right)

    @property
    def strong_convexity(self) -> float:
        return min(self.left, self.right)

    @property
    def optimum(self) -> Tensor:
        """Where F is least, shape (d,); F is 0 there."""
        return torch.zeros_like(self.pushes[0])

    @property
    def spread(self) -> float:
        """How far a component's gradient is from the mean gradient at most, anywhere."""
        return float(self.pushes.norm(dim=1).max())

    def slope(self, x: Tensor) -> Tensor:
        """h'(x), coordinate by coordinate: the mean gradient, shape (..., d)."""
        return self.right * x + (self.left - self.right) * x.clamp(max=0)

    def pick(self, order: Tensor) -> Tensor:
        """The components in their order, the visit first: (..., m) to (m, ..., d)."""
        return self.pushes[order].movedim(-2, 0)

    def gradient(self, x: Tensor, piece: Tensor) -> Tensor:
        """Gradient at `x`, shape (..., d), of picked components, shape (..., d)."""
        return self.slope(x) + piece

    def value(self, x: Tensor) -> Tensor:
        """F(x), which is also the gap to its minimum: (..., d) to (...)."""
        return 0.5 * (self.slope(x) * x).sum(-1)


def opposite(n: int, backend: Backend) -> Tensor:
    """Pushes +1, -1, +1, ... on a line, shape (n, 1); with odd n the last one is 0."""
    signs = 1 - 2 * (backend.arange(n) % 2)
    if n % 2:
        signs[-1] = 0
    return signs.to(backend.torch_dtype)[:, None]


def circle(n: int, backend: Backend) -> Tensor:
    """Pushes of length 1 to n directions spread evenly in the plane, shape (n, 2)."""
    angles = torch.arange(n, dtype=torch.float64) * (2 * torch.pi / n)
    return backend.tensor(torch.stack([angles.cos(), angles.sin()], 1))


def with_memory(pushes: Tensor) -> Tensor:
    """One more coordinate, the first, along which no component pushes: shape (n, 1 + d).

    Started far out there and at the minimum elsewhere, a run forgets its start at one known
    rate, (1 - step * right)^(n K), and no lucky step makes what is left of the start cancel
    against the bias. The lower bounds keep the two apart in the same way.
    """
    return torch.cat([torch.zeros_like(pushes[:, :1]), pushes], 1)
