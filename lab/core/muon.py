"""Muon: momentum whose matrix is made orthogonal before each step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch

from lab.core.optim import Tensors

QUINTIC = (3.4445, -4.7750, 2.0315)  # steep at zero: five steps bring 0.01 near 1
CUBIC = (1.5, -0.5, 0.0)  # converges to exactly 1, but needs far more steps


def orthogonalised(
    matrix: torch.Tensor,
    steps: int = 5,
    coefficients: tuple[float, float, float] = QUINTIC,
    eps: float = 1e-7,
) -> torch.Tensor:
    """The matrix with its singular values brought near 1, by Newton-Schulz iterations.

    Each iteration takes every singular value s to a s + b s^3 + c s^5, with nothing but products
    of matrices. The quintic one leaves them between 0.68 and 1.21 after five steps, for those above
    a hundredth of the Frobenius norm; the cubic one ends at the polar factor U V'.

    Parameters
    ----------
    matrix : Tensor of shape (m, n)
    coefficients : (a, b, c)
    eps : float
        Smallest norm that is divided by.
    """
    a, b, c = coefficients
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x


@final
@dataclass(frozen=True)
class Muon:
    """Momentum, made orthogonal by Newton-Schulz iterations; for matrices only.

    Jordan and others, "Muon: an optimizer for hidden layers in neural networks" (2024); the same
    numbers as `torch.optim.Muon` with `precision=torch.bfloat16`.

    Parameters
    ----------
    lr : float or 0-d Tensor
        Learning rate. A matrix taller than wide moves sqrt(rows / columns) times as far.
    momentum : float
        Memory of the gradient, in [0, 1).
    nesterov : bool
        Looks ahead: mixes the new mean with the gradient once more.
    decay : float or 0-d Tensor
        Each step multiplies the weights by `1 - lr * decay`.
    steps : int
        Newton-Schulz iterations.
    precision : torch.dtype or None
        That they are made in; None: that of the weights.
    """

    lr: float | torch.Tensor = 1e-3
    momentum: float = 0.95
    nesterov: bool = True
    decay: float | torch.Tensor = 0.1
    steps: int = 5
    precision: torch.dtype | None = None

    @staticmethod
    def init(weights: Tensors) -> dict[str, Tensors]:
        """The memory before the first step: {"mean": ...}, all zeros."""
        return {"mean": {name: torch.zeros_like(w) for name, w in weights.items()}}

    def step(
        self, weights: Tensors, gradients: Tensors, memory: dict[str, Tensors], k: int
    ) -> tuple[Tensors, dict[str, Tensors]]:
        """The weights and the memory after a step; `k` is not used. Nothing is overwritten."""
        keep = 1 - self.lr * self.decay
        moved, means = {}, {}
        for name, w in weights.items():
            g = gradients[name]
            mean = memory["mean"][name].lerp(g, 1 - self.momentum)
            push = g.lerp(mean, self.momentum) if self.nesterov else mean
            push = orthogonalised(push.to(self.precision or w.dtype), self.steps).to(w.dtype)
            rate = self.lr * math.sqrt(max(1, w.shape[0] / w.shape[1]))
            moved[name] = keep * w - rate * push
            means[name] = mean
        return moved, {"mean": means}
