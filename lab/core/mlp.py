"""A network of plain layers whose weights lie in one vector, with its gradient written out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lab.core.optim import AdamW
from lab.core.random import Rng


@final
@dataclass(frozen=True)
class Mlp:
    """Layers `relu(x W' + b)`, the last one without relu; the answer is a class.

    All weights and biases lie in one vector of `size` numbers, layer by layer, the weights before
    the biases: an optimiser then makes one pass over one tensor instead of two for each layer.

    Parameters
    ----------
    widths : tuple of int
        From the input to the number of classes, at least two.
    """

    widths: tuple[int, ...]

    def __post_init__(self):
        object.__setattr__(self, "widths", tuple(self.widths))
        if len(self.widths) < 2 or min(self.widths) < 1:
            raise ValueError(f"widths run from the input to the classes; not {self.widths}")

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Shapes of the weight matrices, (outputs, inputs)."""
        return tuple(zip(self.widths[1:], self.widths[:-1]))

    @property
    def size(self) -> int:
        """Weights and biases together."""
        return sum(out * (into + 1) for out, into in self.shapes)

    @property
    def weights_size(self) -> int:
        """Weights alone."""
        return sum(out * into for out, into in self.shapes)

    def init(self, rng: Rng) -> Tensor:
        """He's start for relu: normal weights of variance 2 / inputs, biases zero.

        He, Zhang, Ren, Sun, "Delving deep into rectifiers" (2015).
        """
        parts = []
        for i, (out, into) in enumerate(self.shapes):
            parts += [rng.normal("weights", (out * into,), i) * math.sqrt(2 / into)]
            parts += [torch.zeros_like(parts[-1][:out])]
        return torch.cat(parts)

    def layers(self, flat: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Each layer's (weights, biases) as views of the vector (or of one laid out like it)."""
        found, at = [], 0
        for out, into in self.shapes:
            weights = flat[at : at + out * into].view(out, into)
            at += out * into
            found.append((weights, flat[at : at + out]))
            at += out
        return found

    def weights(self, flat: Tensor) -> list[Tensor]:
        """Each layer's weight matrix as a view of the vector."""
        return [weights for weights, _ in self.layers(flat)]

    def alive(self, masks: list[Tensor]) -> Tensor:
        """One boolean vector laid out like the weights: the masks, and True for each bias."""
        parts = []
        for mask in masks:
            parts += [mask.reshape(-1), mask.new_ones(len(mask))]
        return torch.cat(parts)

    def logits(self, flat: Tensor, x: Tensor) -> Tensor:
        """The classes' scores for n inputs, (n, classes)."""
        return self._activity(self.layers(flat), x)[-1]

    def loss(self, flat: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Mean cross-entropy over n examples, 0-d."""
        return cross_entropy(self.logits(flat, x), y)

    def accuracy(self, flat: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Share of the inputs that get the right class, 0-d."""
        return (self.logits(flat, x).argmax(1) == y).to(flat.dtype).mean()

    def gradient(self, flat: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Mean cross-entropy over n examples (0-d) and its gradient, laid out like the weights.

        Written out: without autograd's bookkeeping a step of a small network takes half the time.
        """
        layers = self.layers(flat)
        activity = self._activity(layers, x)
        scores = activity[-1].log_softmax(1)
        right = torch.arange(len(y), device=y.device), y
        loss = -scores[right].mean()
        error = scores.exp()
        error[right] -= 1
        error /= len(y)
        found = torch.empty_like(flat)
        slots = self.layers(found)
        for i in range(len(layers) - 1, -1, -1):
            torch.mm(error.T, activity[i], out=slots[i][0])
            torch.sum(error, 0, out=slots[i][1])
            if i:
                error = (error @ layers[i][0]).mul_(activity[i] > 0)
        return loss, found

    @staticmethod
    def _activity(layers, x: Tensor) -> list[Tensor]:
        """The input and what leaves each layer."""
        found = [x]
        for i, (weights, biases) in enumerate(layers):
            x = torch.addmm(biases, x, weights.T)
            found.append(x.relu_() if i < len(layers) - 1 else x)
            x = found[-1]
        return found

    def descend(
        self,
        flat: Tensor,
        memory: dict,
        examples: tuple[Tensor, Tensor],
        k: int,
        *,
        rate: float,
        l2: float = 0.0,
        alive: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, dict]:
        """Step `k` of Adam: the loss before it, the weights and the memory after it.

        Parameters
        ----------
        memory : dict
            `memory(flat)` at first.
        examples : tuple of Tensor
            Inputs (n, inputs) and classes (n,).
        l2 : float
            Adds `l2` times the weights to the gradient, inside Adam.
        alive : bool Tensor, laid out like the weights, optional
            The dead get no gradient: where they and their memory are 0 they stay so.
        """
        loss, gradient = self.gradient(flat, *examples)
        if l2:
            gradient.add_(flat, alpha=l2)
        if alive is not None:
            gradient *= alive
        weights, memory = AdamW(rate, decay=0.0).step({"all": flat}, {"all": gradient}, memory, k)
        return loss, weights["all"], memory

    @staticmethod
    def memory(flat: Tensor) -> dict:
        """Of the optimiser, before the first step."""
        return AdamW.init({"all": flat})

    @staticmethod
    def cut(flat: Tensor, memory: dict, alive: Tensor) -> tuple[Tensor, dict]:
        """The weights and the memory with zeros where `alive`, laid out like them, is False."""
        return flat * alive, {name: {"all": m["all"] * alive} for name, m in memory.items()}

    def trained(
        self,
        data: dict[str, Tensor],
        rng: Rng,
        *,
        steps: int = 400,
        rate: float = 3e-3,
        l2: float = 1e-3,
        batch: int = 64,
        start: Tensor | None = None,
        alive: Tensor | None = None,
        fall: bool = True,
    ) -> Tensor:
        """The weights after Adam on minibatches.

        Parameters
        ----------
        data : dict
            `x`: shape (n, inputs), `y`: shape (n,).
        rng : Rng
            Draws the start, and a minibatch for each step.
        l2 : float
            As in `descend`. Without it most weights stay close to their start, whose size is a
            matter of the number of inputs alone.
        start : Tensor, optional
            Weights to go on from; it is not changed.
        alive : bool Tensor, optional
            As in `descend`; the dead weights of `start` are set to 0.
        fall : bool
            The rate falls to zero like a half cosine, or stays.
        """
        flat = self.init(rng) if start is None else start.clone()
        if alive is not None:
            flat = flat * alive
        memory = self.memory(flat)
        for k in range(steps):
            now = rate * (1 + math.cos(math.pi * k / steps)) / 2 if fall else rate
            examples = minibatch(data, rng.at(k), batch)
            _, flat, memory = self.descend(flat, memory, examples, k, rate=now, l2=l2, alive=alive)
        return flat


def minibatch(data: dict[str, Tensor], rng: Rng, size: int) -> tuple[Tensor, Tensor]:
    """The `x` and `y` of `size` examples, drawn with replacement."""
    chosen = rng.integers("batch", 0, len(data["y"]), (size,))
    return data["x"][chosen], data["y"][chosen]


def layer_inputs(net: Mlp, flat: Tensor, x: Tensor) -> list[Tensor]:
    """What each layer gets when the network gets `x`, (n, inputs of the layer) each."""
    return net._activity(net.layers(flat), x)[:-1]


def side_by_side(matrices: list[Tensor], gap: int, empty: float | bool) -> Tensor:
    """Matrices from left to right, centred, `gap` columns apart; what lies between is `empty`."""
    height = max(len(m) for m in matrices)
    width = sum(m.shape[1] for m in matrices) + gap * (len(matrices) - 1)
    found = matrices[0].new_full((height, width), empty)
    left = 0
    for m in matrices:
        top = (height - len(m)) // 2
        found[top : top + len(m), left : left + m.shape[1]] = m
        left += m.shape[1] + gap
    return found


def as_edges(matrices: list[Tensor]) -> Tensor:
    """Weights of shapes (outputs, inputs) as edges (m, 3): from, to, weight.

    Nodes are numbered layer by layer, from the inputs on.
    """
    parts, first = [], 0
    for m in matrices:
        out, into = m.shape
        pairs = torch.cartesian_prod(torch.arange(out), torch.arange(into)).to(m)
        ends = [pairs[:, 1] + first, pairs[:, 0] + first + into]
        parts.append(torch.stack([*ends, m.reshape(-1)], 1))
        first += into
    return torch.cat(parts)
