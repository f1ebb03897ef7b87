"""Combinatorial brain surgeon, a block of weights at a time: swap the dead against the living.

Rosenberg and others, "Scalable iterative pruning of large language and vision models using block
coordinate descent" (2024), after Yu and others, "The combinatorial brain surgeon" (2022). The loss
is replaced by its quadratic model with the empirical Fisher matrix in the place of the Hessian.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import final

import torch
from torch import Tensor

from lab.core.mlp import Mlp


@final
class ExampleGradients:
    """The gradient of the cross-entropy for each of n examples, as factors left unmultiplied.

    Each layer's gradient for one example is an outer product, of its error with its input. So the
    Fisher matrix F, the mean of g g', is applied without an array of examples times weights.
    Everything is laid out like the network's vector, biases included.
    """

    def __init__(self, net: Mlp, flat: Tensor, x: Tensor, y: Tensor):
        self.net, self.n = net, len(y)
        layers = net.layers(flat)
        inputs = [x]
        for weights, biases in layers[:-1]:
            inputs.append(torch.addmm(biases, inputs[-1], weights.T).relu_())
        error = torch.addmm(layers[-1][1], inputs[-1], layers[-1][0].T).softmax(1)
        error[torch.arange(self.n, device=y.device), y] -= 1
        errors = [error]
        for i in range(len(layers) - 1, 0, -1):
            errors.insert(0, (errors[0] @ layers[i][0]).mul_(inputs[i] > 0))
        self.inputs, self.errors = inputs, errors

    def mean(self) -> Tensor:
        """The gradient of the mean loss."""
        return self._spread(self.inputs, self.errors)

    def square(self) -> Tensor:
        """The mean squared gradient: the diagonal of F."""
        return self._spread([a.square() for a in self.inputs], [e.square() for e in self.errors])

    def times(self, change: Tensor) -> Tensor:
        """F times a vector."""
        along = torch.zeros_like(self.errors[0][:, 0])
        for (weights, biases), a, e in zip(self.net.layers(change), self.inputs, self.errors):
            along += (e * torch.addmm(biases, a, weights.T)).sum(1)
        return self._spread(self.inputs, [e * along[:, None] for e in self.errors])

    def columns(self, block: Tensor) -> Tensor:
        """The gradient in the weights `block` (indices; no biases), (n, b)."""
        found = torch.empty(self.n, len(block), dtype=self.errors[0].dtype, device=block.device)
        at = 0
        for (out, into), a, e in zip(self.net.shapes, self.inputs, self.errors):
            mine = ((block >= at) & (block < at + out * into)).nonzero()[:, 0]
            place = block[mine] - at
            found[:, mine] = e[:, place // into] * a[:, place % into]
            at += out * (into + 1)
        return found

    def _spread(self, inputs, errors) -> Tensor:
        parts = []
        for a, e in zip(inputs, errors):
            parts += [(e.T @ a).view(-1) / self.n, e.sum(0) / self.n]
        return torch.cat(parts)


@final
@dataclass(frozen=True)
class BrainSurgeon:
    """Half of a block's weights live, before and after: which half is best by the model is exact.

    The model of the loss's change is g.d + d'(F + ridge) d / 2, d the distance from the weights at
    which gradient and F were taken. For a block all halves are tried, the present one among them:
    the model never rises.

    Parameters
    ----------
    block : int
        Even; 8 has 70 halves, 12 has 924.
    ridge : float
        Added to the Fisher matrix's diagonal.
    """

    block: int = 8
    ridge: float = 1e-3

    def __post_init__(self):
        if self.block < 2 or self.block % 2:
            raise ValueError(f"half of a block lives, so its size is even; not {self.block}")

    def slope(self, gradients: ExampleGradients, moved: Tensor) -> Tensor:
        """The model's gradient where the weights have `moved` so far since the gradients' place."""
        return gradients.mean() + gradients.times(moved) + self.ridge * moved

    def model(self, gradients: ExampleGradients, moved: Tensor) -> Tensor:
        """The change of the loss that the model expects, 0-d."""
        return moved @ (gradients.mean() + self.slope(gradients, moved)) / 2

    def single(self, gradients: ExampleGradients, slope: Tensor, change: Tensor) -> Tensor:
        """What the model changes by when each weight alone changes by `change`."""
        return change * slope + (gradients.square() + self.ridge) * change.square() / 2

    def pick(self, single: Tensor, alive: Tensor, may: Tensor) -> Tensor:
        """A block: the living that cost least to lose, the dead that gain most; indices.

        Parameters
        ----------
        single : Tensor
            From `single`.
        alive, may : bool Tensor
            Which weights live, and which may be picked.
        """
        half = self.block // 2
        living, dead = (may & alive), (may & ~alive)
        if min(int(living.sum()), int(dead.sum())) < half:
            raise ValueError(f"a block wants {half} living and {half} dead weights")
        return torch.cat(
            [
                torch.topk(single.masked_fill(~mine, torch.inf), half, largest=False).indices
                for mine in (living, dead)
            ]
        )

    def swap(
        self,
        gradients: ExampleGradients,
        slope: Tensor,
        weights: Tensor,
        alive: Tensor,
        block: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """The best half of a block.

        Parameters
        ----------
        slope : Tensor
            From `slope`, at the present mask.
        weights, alive : Tensor
            Of the dense network, and which of them live.
        block : Tensor
            From `pick`.

        Returns
        -------
        alive, and by how much the model changes (0-d, at most 0).
        """
        halves = _halves(self.block).to(block.device)
        change = (halves.to(weights.dtype) - alive[block].to(weights.dtype)) * weights[block]
        columns = change @ gradients.columns(block).T
        curved = columns.square().mean(1) + self.ridge * change.square().sum(1)
        value = change @ slope[block] + curved / 2
        best = value.argmin()
        alive = alive.clone()
        alive[block] = halves[best]
        return alive, value[best]


@cache
def _halves(size: int) -> Tensor:
    """Every choice of half of `size` things, (choices, size), bool; the first lives first."""
    found = torch.zeros(len(list(combinations(range(size), size // 2))), size, dtype=torch.bool)
    for row, chosen in zip(found, combinations(range(size), size // 2)):
        row[list(chosen)] = True
    return found
