"""Grokfast: the slow part of the gradient is amplified before the optimiser sees it."""

from __future__ import annotations

import cmath
from dataclasses import dataclass
from typing import final

import torch

from lab.core.optim import Tensors


@final
@dataclass(frozen=True)
class GrokfastEMA:
    """Adds a multiple of the gradient's running mean to the gradient.

    Lee, Kang, Kim, Lee, "Grokfast: accelerated grokking by amplifying slow gradients" (2024),
    the filter by exponential moving average.

    Parameters
    ----------
    alpha : float or 0-d Tensor
        Memory of the running mean, in [0, 1).
    strength : float or 0-d Tensor
        How many times the mean is added (lambda); 0 leaves the gradient as it is.
    """

    alpha: float | torch.Tensor = 0.98
    strength: float | torch.Tensor = 2.0

    @staticmethod
    def init(weights: Tensors) -> Tensors:
        """The memory before the first step: zeros. The first gradient takes their place."""
        return {name: torch.zeros_like(w) for name, w in weights.items()}

    def __call__(self, gradients: Tensors, memory: Tensors, k: int) -> tuple[Tensors, Tensors]:
        """The filtered gradients and the memory after step `k`; `k` counts from 0."""
        keep = self.alpha if k > 0 else 0.0
        mean = {name: keep * memory[name] + (1 - keep) * g for name, g in gradients.items()}
        return {name: g + self.strength * mean[name] for name, g in gradients.items()}, mean

    def gain(self, frequency: float) -> float:
        """By how much a wave of that many cycles a step is amplified in the long run."""
        turn = cmath.exp(-2j * cmath.pi * frequency)
        return abs(1 + self.strength * (1 - self.alpha) / (1 - self.alpha * turn))


@final
@dataclass(frozen=True)
class GrokfastMA:
    """Adds a multiple of the mean of the last gradients to the gradient.

    The same paper's filter by a moving average. Nothing is added before the window is full.

    Parameters
    ----------
    window : int
        How many gradients are averaged, the present one included.
    strength : float or 0-d Tensor
        How many times the mean is added (lambda).
    """

    window: int = 100
    strength: float | torch.Tensor = 5.0

    def init(self, weights: Tensors) -> Tensors:
        """The memory before the first step: room for `window` gradients, all zeros."""
        return {name: w.new_zeros(self.window, *w.shape) for name, w in weights.items()}

    def __call__(self, gradients: Tensors, memory: Tensors, k: int) -> tuple[Tensors, Tensors]:
        """The filtered gradients and the memory after step `k`; `k` counts from 0.

        The memory is written in place: a copy of it in each step would cost more than the step.
        """
        for name, g in gradients.items():
            memory[name][k % self.window] = g
        if k + 1 < self.window:
            return gradients, memory
        # Averaged afresh: a running sum would keep the rounding of the first, large gradients.
        slow = {name: memory[name].mean(0) for name in gradients}
        return {name: g + self.strength * slow[name] for name, g in gradients.items()}, memory
