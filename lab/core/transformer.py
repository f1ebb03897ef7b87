"""A small decoder-only transformer whose weights lie in one vector, and its training."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, embedding, rms_norm

from lab.core.optim import AdamW
from lab.core.random import Rng


@final
@dataclass(frozen=True)
class Transformer:
    """Blocks of attention and a hidden layer of relu, both added to what comes in; no biases.

    Each goes out from activations of root mean square 1 (RMSNorm); places are learned vectors. All
    weights lie in one vector of `size` numbers: an optimiser then makes one pass over one tensor.

    Parameters
    ----------
    tokens : int
        Size of the vocabulary.
    length : int
        Longest sequence.
    width : int
        Length of an embedded token; a multiple of `heads`.
    blocks, heads : int
    hidden : int
        Hidden units for each unit of `width`.
    causal : bool
        A place sees itself and the places before it. Otherwise it sees all of them.

    Raises
    ------
    ValueError
        The width is no multiple of the heads.
    """

    tokens: int
    length: int
    width: int = 32
    blocks: int = 1
    heads: int = 4
    hidden: int = 4
    causal: bool = True

    def __post_init__(self):
        if self.width % self.heads:
            raise ValueError(f"{self.heads} heads do not share a width of {self.width}")

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Tokens and places in; for each block gain, queries with keys and values, out, gain, the
        hidden layer's two matrices; then the last gain and the scores."""
        d, inner = self.width, self.hidden * self.width
        block = [(d,), (3 * d, d), (d, d), (d,), (inner, d), (d, inner)]
        return [(self.tokens, d), (self.length, d), *block * self.blocks, (d,), (self.tokens, d)]

    @property
    def size(self) -> int:
        """Weights in all."""
        return sum(math.prod(shape) for shape in self.shapes)

    def init(self, rng: Rng) -> Tensor:
        """Gains 1; matrices normal, of variance 1 / (length of the sum that they enter)."""
        parts = []
        for i, shape in enumerate(self.shapes):
            if len(shape) == 1:
                parts.append(rng.backend.ones(*shape))
            else:
                parts.append(rng.normal("weights", (math.prod(shape),), i) / math.sqrt(shape[1]))
        return torch.cat(parts)

    def logits(self, flat: Tensor, tokens: Tensor, first: int = 0) -> Tensor:
        """The scores of the next token at the places from `first` on.

        Parameters
        ----------
        flat : Tensor of shape (size,)
        tokens : int64 Tensor of shape (n, T), T up to `length`
        first : int

        Returns
        -------
        Tensor of shape (n, T - first, tokens)
        """
        sizes = [math.prod(shape) for shape in self.shapes]
        parts = [p.view(shape) for p, shape in zip(flat.split(sizes), self.shapes)]
        words, places, *middle, gain, scores = parts
        n, T = tokens.shape
        d = self.width
        x = embedding(tokens, words) + places[:T]
        seen = x.new_zeros(T, T)
        if self.causal:
            seen = x.new_full((T, T), -math.inf).triu(1)
        for b in range(self.blocks):
            before, into, out, between, up, down = middle[6 * b : 6 * b + 6]
            both = (rms_norm(x, (d,), before) @ into.mT).view(n, T, 3, self.heads, -1)
            q, k, v = both.permute(2, 0, 3, 1, 4)
            share = (q @ k.mT / math.sqrt(d // self.heads) + seen).softmax(-1)
            x = x + (share @ v).transpose(1, 2).reshape(n, T, d) @ out.mT
            x = x + (rms_norm(x, (d,), between) @ up.mT).relu() @ down.mT
        return rms_norm(x[:, first:], (d,), gain) @ scores.mT

    def loss(self, flat: Tensor, tokens: Tensor, after: Tensor) -> Tensor:
        """Mean cross-entropy of the last tokens of n sequences, 0-d.

        Parameters
        ----------
        tokens : int64 Tensor of shape (n, T)
        after : int64 Tensor of shape (n, m)
            What follows each of the last m tokens.
        """
        scores = self.logits(flat, tokens, tokens.shape[1] - after.shape[1])
        return cross_entropy(scores.flatten(0, 1), after.flatten())


def pace(k: int, steps: int, rate: float, warm: int = 50) -> float:
    """The learning rate of step k: up on a line, then down to zero like a half cosine."""
    return rate * min(1.0, (k + 1) / warm) * (1 + math.cos(math.pi * k / steps)) / 2


def trained(flat: Tensor, loss: Callable[[Tensor, int], Tensor], steps: int, rate: float) -> Tensor:
    """The weights after Adam at this `pace`.

    Parameters
    ----------
    flat : Tensor of shape (size,)
        The start.
    loss : callable
        Weights and step to a 0-d loss.
    """
    weights = {"all": flat}
    memory = AdamW.init(weights)
    for k in range(steps):
        gradient = slope(loss, weights["all"], k)[1]
        optimiser = AdamW(pace(k, steps, rate), beta2=0.99, decay=0.0)
        weights, memory = optimiser.step(weights, {"all": gradient}, memory, k)
    return weights["all"]


def slope(loss: Callable[[Tensor, int], Tensor], flat: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The loss of step k and its gradient, both without a graph."""
    with torch.enable_grad():
        flat = flat.detach().requires_grad_()
        value = loss(flat, k)
        (gradient,) = torch.autograd.grad(value, flat)
    return value.detach(), gradient
