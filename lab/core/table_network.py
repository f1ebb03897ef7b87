"""A two-layer network that learns a table: it reads a and b by weights of their own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch

from lab.core.networks import Weights, loss_and_error
from lab.core.random import Rng

ACTIVATIONS = ("relu", "square", "product")


@final
@dataclass(frozen=True)
class TableNetwork:
    """`logits(a, b) = out f(left[a] + right[b])`, without biases.

    Parameters
    ----------
    n : int
        How many values a, b and the answer have.
    width : int
        Neurons.
    activation : {"relu", "square", "product"}
        f; "product" multiplies the two sides instead, `out (left[a] * right[b])`: then the scores
        of all pairs and answers are a 3-tensor written as a sum of `width` products.

    Notes
    -----
    Weights: `left`, `right`, `out`, each (n, width); a column belongs to one neuron.
    """

    n: int
    width: int
    activation: str = "relu"

    def init(self, rng: Rng, scale: float = 1.0) -> Weights:
        """Normal weights of variance scale² / width."""
        size = scale / math.sqrt(self.width)
        return {name: size * rng.normal(name, (self.n, self.width)) for name in NAMES}

    def _sides(self, weights: Weights, pairs: torch.Tensor):
        a, b = pairs.unbind(1)
        return weights["left"].index_select(0, a), weights["right"].index_select(0, b)

    def hidden(self, weights: Weights, pairs: torch.Tensor) -> torch.Tensor:
        """The neurons' activity for int64 pairs (m, 2), (m, width)."""
        left, right = self._sides(weights, pairs)
        if self.activation == "product":
            return left.mul_(right)
        summed = left.add_(right)
        return summed.relu_() if self.activation == "relu" else summed.square_()

    def logits(self, weights: Weights, pairs: torch.Tensor) -> torch.Tensor:
        """The answers' scores for int64 pairs (m, 2), (m, n)."""
        return self.hidden(weights, pairs) @ weights["out"].T

    def gradient(
        self, weights: Weights, pairs: torch.Tensor, answer: torch.Tensor
    ) -> tuple[torch.Tensor, Weights]:
        """Mean cross-entropy over m pairs (0-d) and its gradient, by the names of the weights."""
        left, right = self._sides(weights, pairs)
        summed = left * right if self.activation == "product" else left + right
        activity = {"relu": summed.relu, "square": summed.square, "product": summed.clone}
        activity = activity[self.activation]()
        loss, error = loss_and_error(activity @ weights["out"].T, answer)
        error /= len(answer)
        back = error @ weights["out"]
        if self.activation == "product":
            to_left, to_right = back * right, back * left
        else:
            slope = summed > 0 if self.activation == "relu" else 2 * summed
            to_left = to_right = back.mul_(slope)
        a, b = pairs.unbind(1)
        zero = torch.zeros_like(weights["left"])
        return loss, {
            "left": zero.index_add(0, a, to_left),
            "right": zero.index_add(0, b, to_right),
            "out": error.T @ activity,
        }


NAMES = ("left", "right", "out")
