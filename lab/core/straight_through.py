"""Training towards N of every M weights: who is seen in the forward pass, who gets a gradient.

A recipe says three things of step k: how many of m weights are alive, how much of a dead weight
the network still sees, and what of the gradient reaches it. Weights are plain tensors, and stay
as large as they are: the network sees `seen(...)`, the optimiser moves what lies behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

RULES = ("dense", "static", "straight", "linear", "exponential", "structure")
HALVINGS = 10  # of the exponential decay, until it is cut to 0


@final
@dataclass(frozen=True)
class Recipe:
    """What N:M training does at step k.

    Parameters
    ----------
    rule : {"dense", "static", "straight", "linear", "exponential", "structure"}
        "straight": the dead are not seen, and get the whole gradient and a pull to zero (Zhou and
        others, "Learning N:M fine-grained structured sparse neural networks from scratch", 2021,
        called SR-STE). "linear", "exponential": the dead are seen, and get a gradient, by a share
        that falls from 1 to 0. "structure": straight, with m - 1 of m alive at first, then m / 2,
        m / 4, ... n (both: Bambhaniya and others, "Progressive gradient flow for robust N:M
        sparsity training in transformers", 2024). "static": the dead are not seen and get nothing
        from the first step on. "dense": none is dead.
    n, m : int
        So many of every m are alive in the end.
    steps : int
        After which the decay has ended.
    pull : float
        Times a dead weight is added to its gradient, where that is straight.
    """

    rule: str
    n: int
    m: int
    steps: int
    pull: float = 2e-4

    def __post_init__(self):
        if self.rule not in RULES:
            raise ValueError(f"rule is one of {', '.join(RULES)}; not {self.rule!r}")
        if not 0 < self.n <= self.m:
            raise ValueError(f"n of m means 0 < n <= m; not {self.n} of {self.m}")

    def alive(self, k: int) -> int:
        """How many of m are alive at step `k`."""
        if self.rule == "dense":
            return self.m
        if self.rule != "structure":
            return self.n
        stages = [self.m - 1] if self.m - 1 > self.n else []
        while (following := self.m >> len(stages or [0])) > self.n:
            stages.append(following)
        i = int(len(stages) * k / self.steps)
        return stages[i] if i < len(stages) else self.n

    def share(self, k: int) -> float:
        """How much of a dead weight is seen at step `k`, 0 to 1."""
        if k >= self.steps:
            return 0.0
        if self.rule == "linear":
            return 1 - k / self.steps
        return 2 ** (-HALVINGS * k / self.steps) if self.rule == "exponential" else 0.0

    def seen(self, weights: Tensor, alive: Tensor, k: int) -> Tensor:
        """The weights that the network runs with.

        Parameters
        ----------
        weights : Tensor, any shape
        alive : bool Tensor, of that shape
        """
        return torch.where(alive, weights, self.share(k) * weights)

    def passed(self, gradient: Tensor, weights: Tensor, alive: Tensor, k: int) -> Tensor:
        """What reaches the weights of the gradient by what the network ran with."""
        if self.rule in ("straight", "structure"):
            return torch.where(alive, gradient, gradient + self.pull * weights)
        return torch.where(alive, gradient, self.share(k) * gradient)
