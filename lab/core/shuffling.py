"""Orders in which stochastic gradient descent visits the components of a finite sum.

An order is asked before every epoch and told afterwards what it saw:

    state = order.init(first, dim)
    for each epoch:
        visits = order.visits(state, draw)
        x, gradients = epoch(problem, x, visits, step)
        state = order.learn(state, visits, gradients)

`first` and `draw` are uniform numbers in [0, 1), shape (..., n): all randomness comes from
outside, so that different orders can be given the same, and many runs can be stepped as one.
Leading axes (copies, step sizes) broadcast against those of x, whose shape is (..., d).

`epochs` and `components` are the powers p and q in the best possible gap, K^-p n^-q up to
logarithms, of K epochs over n strongly convex components with one well chosen constant step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor


@dataclass(frozen=True)
class WithReplacement:
    """n independent draws an epoch: some components come twice, some not at all."""

    epochs: ClassVar[float] = 1.0
    components: ClassVar[float] = 1.0

    def init(self, first: Tensor, dim: int) -> dict[str, Tensor]:
        return {}

    def visits(self, state: dict[str, Tensor], draw: Tensor) -> Tensor:
        n = draw.shape[-1]
        # In low precision a number just under 1 may have been rounded up to it.
        return (draw * n).long().clamp(max=n - 1)

    def learn(self, state, visits: Tensor, gradients: Tensor) -> dict[str, Tensor]:
        return state


@dataclass(frozen=True)
class Reshuffling:
    """A fresh random permutation for every epoch."""

    epochs: ClassVar[float] = 2.0
    components: ClassVar[float] = 1.0

    def init(self, first: Tensor, dim: int) -> dict[str, Tensor]:
        return {}

    def visits(self, state: dict[str, Tensor], draw: Tensor) -> Tensor:
        return draw.argsort(-1)

    def learn(self, state, visits: Tensor, gradients: Tensor) -> dict[str, Tensor]:
        return state


@dataclass(frozen=True)
class ShuffleOnce:
    """One random permutation, kept for all epochs."""

    epochs: ClassVar[float] = 2.0
    components: ClassVar[float] = 1.0

    def init(self, first: Tensor, dim: int) -> dict[str, Tensor]:
        return {"order": first.argsort(-1)}

    def visits(self, state: dict[str, Tensor], draw: Tensor) -> Tensor:
        return state["order"]

    def learn(self, state, visits: Tensor, gradients: Tensor) -> dict[str, Tensor]:
        return state


@dataclass(frozen=True)
class GraB:
    """The next permutation from balancing the gradients of this one.

    Each gradient, less the last epoch's mean gradient, gets the sign that keeps the signed sum
    short. Components with a plus go to the front of the next epoch in the order in which they
    came, those with a minus to its back in reverse. That about halves how far the ordered
    partial sums stray, down to a bound that does not depend on n (Lu, Guo and De Sa, "GraB:
    Finding provably better data permutations than random reshuffling", NeurIPS 2022,
    algorithm 4). The state, beside the order itself, is one stale mean, shape (..., d).
    """

    epochs: ClassVar[float] = 2.0
    components: ClassVar[float] = 2.0

    def init(self, first: Tensor, dim: int) -> dict[str, Tensor]:
        order = first.argsort(-1)
        return {"order": order, "stale": first.new_zeros((*order.shape[:-1], dim))}

    def visits(self, state: dict[str, Tensor], draw: Tensor) -> Tensor:
        return state["order"]

    def learn(self, state, visits: Tensor, gradients: Tensor) -> dict[str, Tensor]:
        """The next order.

        Parameters
        ----------
        visits : Tensor of shape (..., n)
        gradients : Tensor of shape (n, ..., d), in the order of the visits
        """
        # Coordinates come first: with few of them, sums over the last axis are slow.
        pending = (gradients - state["stale"]).movedim(-1, 1).contiguous()
        signed, signs = torch.zeros_like(pending[0]), []
        for centred in pending:
            # |signed + centred| < |signed - centred| exactly if their product is negative.
            plus = (signed * centred).sum(0) < 0
            signed = torch.where(plus, signed + centred, signed - centred)
            signs.append(plus)
        # A running sum adds up in the same order however many runs are stepped as one; a sum
        # that rounds otherwise could in the end turn a sign, and with it the order.
        stale = gradients.cumsum(0)[-1] / visits.shape[-1]
        return {"order": divide(visits, torch.stack(signs, -1)), "stale": stale}


def divide(order: Tensor, front: Tensor) -> Tensor:
    """Entries with `front` first, as they come; then the others, the last one first.

    Parameters
    ----------
    order : Tensor of shape (..., n), integers
    front : Tensor of shape (..., n), booleans
    """
    n = order.shape[-1]
    ahead, behind = front.long().cumsum(-1) - 1, n - (~front).long().cumsum(-1)
    return torch.zeros_like(order).scatter(-1, torch.where(front, ahead, behind), order)


ORDERS = {
    "with replacement": WithReplacement(),
    "reshuffling": Reshuffling(),
    "shuffle once": ShuffleOnce(),
    "GraB": GraB(),
}


def epoch(problem, x: Tensor, visits: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
    """One stochastic gradient step for each visit.

    Parameters
    ----------
    problem : has `pick(order)` and `gradient(x, piece)`, as `problems.finite_sums.TwoSided`
    x : Tensor of shape (..., d)
    visits : Tensor of shape (..., m), integers
    step : Tensor that broadcasts against x

    Returns
    -------
    x : Tensor of shape (..., d)
    gradients : Tensor of shape (m, ..., d), in the order of the visits
    """
    gradients, step = [], torch.as_tensor(step).to(x).expand_as(x).contiguous()
    for piece in _spread(problem.pick(visits), x):
        gradients.append(problem.gradient(x, piece))
        x = torch.addcmul(x, step, gradients[-1], value=-1)
    return x, torch.stack(gradients)


def _spread(pieces: Tensor, x: Tensor) -> Tensor:
    """Pieces written out for every lane of x: broadcasting anew at each visit is slower."""
    return pieces.expand(len(pieces), *x.shape).contiguous()


def walk(vectors: Tensor, order: Tensor) -> Tensor:
    """Partial sums of the centred vectors in their order, from zero: the herding walk.

    Parameters
    ----------
    vectors : Tensor of shape (n, d)
    order : Tensor of shape (..., m), integers

    Returns
    -------
    Tensor of shape (..., m + 1, d)
    """
    steps = (vectors - vectors.mean(0))[order]
    return torch.cat([torch.zeros_like(steps[..., :1, :]), steps.cumsum(-2)], -2)


def discrepancy(vectors: Tensor, order: Tensor) -> Tensor:
    """The farthest that the herding walk gets from zero: (n, d) and (..., m) to (...)."""
    return walk(vectors, order).norm(dim=-1).amax(-1)
