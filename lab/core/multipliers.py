"""Constraints by prices: a multiplier for each, raised while its constraint is violated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

State = dict[str, Tensor]


@dataclass(frozen=True)
class DualAscent:
    """m <- max(0, m + rate g), g the violation that the answer to the multipliers m leaves.

    If the answer is a minimiser of loss + m g, g is a supergradient of the dual function, which is
    concave: for a constant rate the best value is in the end within rate |g|^2 / 2 of the optimum.

    Parameters
    ----------
    rate : float or Tensor of shape ()
    optimistic : bool
        Takes 2 g - g_before, which damps the turning when the answer is itself only a step.
    """

    rate: float = 0.1
    optimistic: bool = False

    def init(self, m: Tensor) -> State:
        """State at the multipliers `m`, shape (..., constraints)."""
        evaluations = torch.zeros(m.shape[:-1], dtype=torch.int64, device=m.device)
        return {"multiplier": m, "seen": torch.zeros_like(m), "evaluations": evaluations}

    def step(self, state: State, violation: Callable[[Tensor], Tensor], k: int) -> State:
        """The state after step `k` = 0, 1, ..."""
        g = violation(state["multiplier"])
        push = 2 * g - state["seen"] if self.optimistic and k > 0 else g
        return {
            "multiplier": (state["multiplier"] + self.rate * push).clamp(min=0),
            "seen": g,
            "evaluations": state["evaluations"] + 1,
        }

    def gap(self, largest: float) -> float:
        """How far the best dual value stays below the optimum in the end, |g| <= `largest`."""
        return self.rate * largest**2 / 2
