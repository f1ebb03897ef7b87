"""Optimisers as plain arithmetic: weights, gradients, memory in; weights and memory out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch

Tensors = dict[str, torch.Tensor]


@final
@dataclass(frozen=True)
class AdamW:
    """Adam with weight decay apart from the gradient.

    Loshchilov and Hutter, "Decoupled weight decay regularization" (ICLR 2019); the same numbers
    as `torch.optim.AdamW`, up to rounding.

    Parameters
    ----------
    lr : float or 0-d Tensor
        Learning rate; it may be another one at each step.
    beta1, beta2 : float
        Memory of the mean gradient and of its mean square; in [0, 1).
    eps : float
        Keeps the division finite.
    decay : float or 0-d Tensor
        Each step multiplies the weights by `1 - lr * decay`.
    """

    lr: float | torch.Tensor = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    decay: float | torch.Tensor = 1e-2

    @staticmethod
    def init(weights: Tensors) -> dict[str, Tensors]:
        """The memory before the first step: {"mean": ..., "square": ...}, all zeros."""
        return {
            "mean": {name: torch.zeros_like(w) for name, w in weights.items()},
            "square": {name: torch.zeros_like(w) for name, w in weights.items()},
        }

    def step(
        self, weights: Tensors, gradients: Tensors, memory: dict[str, Tensors], k: int
    ) -> tuple[Tensors, dict[str, Tensors]]:
        """The weights and the memory after step `k`; `k` counts from 0. Nothing is overwritten."""
        if not isinstance(self.lr + self.decay, torch.Tensor) and _in_one_pass(weights, gradients):
            return self._fused(weights, gradients, memory, k)
        rate = self.lr / (1 - self.beta1 ** (k + 1))
        correction = math.sqrt(1 - self.beta2 ** (k + 1))
        keep = 1 - self.lr * self.decay
        moved, means, squares = {}, {}, {}
        for name, w in weights.items():
            g = gradients[name]
            mean = memory["mean"][name].lerp(g, 1 - self.beta1)
            square = self.beta2 * memory["square"][name] + (1 - self.beta2) * g * g
            moved[name] = keep * w - rate * (mean / (square.sqrt() / correction + self.eps))
            means[name], squares[name] = mean, square
        return moved, {"mean": means, "square": squares}

    def _fused(self, weights, gradients, memory, k):
        """The same in one pass over each weight's copy, by torch's own kernel."""
        moved, means, squares = (
            {name: part[name].clone(memory_format=torch.contiguous_format) for name in weights}
            for part in (weights, memory["mean"], memory["square"])
        )
        torch._fused_adamw_(
            [*moved.values()], [gradients[name].contiguous() for name in weights],
            [*means.values()], [*squares.values()], [], [torch.tensor(k + 1.0)] * len(weights),
            lr=float(self.lr), beta1=self.beta1, beta2=self.beta2, eps=self.eps,
            weight_decay=float(self.decay), amsgrad=False, maximize=False,
        )  # fmt: skip
        return moved, {"mean": means, "square": squares}


def _in_one_pass(weights: Tensors, gradients: Tensors) -> bool:
    """Whether torch's kernel takes them: on a CPU, of one precision, no lanes of a batch."""
    return all(
        w.dtype == g.dtype in (torch.float32, torch.float64)
        and w.device.type == "cpu"
        and not torch._C._functorch.is_batchedtensor(w)
        and not torch._C._functorch.is_batchedtensor(g)
        for w, g in ((w, gradients[name]) for name, w in weights.items())
    )


@final
@dataclass(frozen=True)
class SGD:
    """Gradient descent with momentum; weight decay is part of the gradient.

    Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep
    learning" (ICML 2013); the same numbers as `torch.optim.SGD`, up to rounding.

    Parameters
    ----------
    lr : float or 0-d Tensor
        Learning rate; it may be another one at each step.
    momentum : float or 0-d Tensor
        Memory of the sum of gradients, in [0, 1).
    nesterov : bool
        Looks ahead: the step is the gradient plus `momentum` times the new memory.
    decay : float or 0-d Tensor
        That many times the weights are added to the gradient.
    """

    lr: float | torch.Tensor = 1e-3
    momentum: float | torch.Tensor = 0.0
    nesterov: bool = False
    decay: float | torch.Tensor = 0.0

    @staticmethod
    def init(weights: Tensors) -> dict[str, Tensors]:
        """The memory before the first step: {"push": ...}, all zeros."""
        return {"push": {name: torch.zeros_like(w) for name, w in weights.items()}}

    def step(
        self, weights: Tensors, gradients: Tensors, memory: dict[str, Tensors], k: int
    ) -> tuple[Tensors, dict[str, Tensors]]:
        """The weights and the memory after a step; `k` is not used. Nothing is overwritten."""
        moved, pushes = {}, {}
        for name, w in weights.items():
            g = gradients[name] + self.decay * w
            push = self.momentum * memory["push"][name] + g
            moved[name] = w - self.lr * (g + self.momentum * push if self.nesterov else push)
            pushes[name] = push
        return moved, {"push": pushes}
