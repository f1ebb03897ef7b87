"""One hidden layer of ReLU neurons that votes plus or minus, under the hinge loss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

from torch import Tensor

from lab.core.random import Rng

Weights = dict[str, Tensor]


@final
@dataclass(frozen=True)
class HingeNetwork:
    """`f(x) = votes . relu(x hidden' + bias)`; the answer is the sign of f.

    Parameters
    ----------
    n : int
        Length of an input.
    width : int
        Hidden neurons.

    Notes
    -----
    Weights: `hidden` (width, n), `bias` (width,), `votes` (width,).
    """

    n: int
    width: int

    def init(self, rng: Rng) -> Weights:
        """Uniform within 1 / sqrt(length of the sum that a weight enters), as `nn.Linear`."""
        near, far = 1 / math.sqrt(self.n), 1 / math.sqrt(self.width)
        return {
            "hidden": near * (2 * rng.uniform("hidden", (self.width, self.n)) - 1),
            "bias": near * (2 * rng.uniform("bias", (self.width,)) - 1),
            "votes": far * (2 * rng.uniform("votes", (self.width,)) - 1),
        }

    @staticmethod
    def activity(weights: Weights, x: Tensor) -> Tensor:
        """What the neurons say to N inputs, (N, width)."""
        return (x @ weights["hidden"].T + weights["bias"]).relu()

    @staticmethod
    def output(weights: Weights, x: Tensor) -> Tensor:
        """f of N inputs, (N,)."""
        return HingeNetwork.activity(weights, x) @ weights["votes"]

    @staticmethod
    def loss(weights: Weights, x: Tensor, y: Tensor) -> Tensor:
        """Mean hinge loss `max(0, 1 - y f(x))` over N labels of +1 and -1, 0-d."""
        return (1 - y * HingeNetwork.output(weights, x)).relu().mean()

    @staticmethod
    def gradient(weights: Weights, x: Tensor, y: Tensor) -> Weights:
        """Of that loss, by the names of the weights; written out, since autograd takes longer."""
        active = HingeNetwork.activity(weights, x)
        short = (y * (active @ weights["votes"]) < 1).to(x.dtype)
        error = -(y * short) / len(y)
        back = error[:, None] * weights["votes"] * (active > 0)
        return {"hidden": back.T @ x, "bias": back.sum(0), "votes": error @ active}

    @staticmethod
    def descended(weights: Weights, x: Tensor, y: Tensor, rate, decay) -> Weights:
        """The weights after one step of gradient descent on loss + decay / 2 |weights|^2.

        Parameters
        ----------
        rate, decay : float or 0-d Tensor
        """
        slope = HingeNetwork.gradient(weights, x, y)
        return {name: w - rate * (slope[name] + decay * w) for name, w in weights.items()}

    @staticmethod
    def strength(weights: Weights) -> Tensor:
        """Of each neuron: the length of its weights times its vote, (width,).

        It is the most that the neuron can add to f for an input of length 1.
        """
        into = weights["hidden"].square().sum(1) + weights["bias"].square()
        return into.sqrt() * weights["votes"].abs()

    @staticmethod
    def strongest(weights: Weights, m: int) -> Weights:
        """The network cut to its m strongest neurons, the strongest first."""
        order = HingeNetwork.strength(weights).argsort(descending=True)[:m]
        return {name: w[order] for name, w in weights.items()}

    @staticmethod
    def cuts(weights: Weights, x: Tensor) -> Tensor:
        """Answers to N inputs of the network cut to its 1, 2, ... strongest neurons, (N, width)."""
        ordered = HingeNetwork.strongest(weights, len(weights["votes"]))
        return (HingeNetwork.activity(ordered, x) * ordered["votes"]).cumsum(1)
