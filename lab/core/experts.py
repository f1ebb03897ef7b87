"""A small mixture of experts that reads two numbers, and measures of the paths through it.

The measures follow Li, Fan, Zhou, "Where to find grokking in LLM pretraining?" (2025), on another
scale: how unlike the paths of two examples are, and how much a path changes from layer to layer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from lab.core.networks import Weights
from lab.core.random import Rng


@final
@dataclass(frozen=True)
class ExpertNetwork:
    """One embedding, `layers` layers of experts on a residual stream, one table of answers.

    In each layer a router scores the experts; the `top` best of them, weighted by the softmax of
    their scores, add relu(h into) back to h. The others stay idle for this example.

    Parameters
    ----------
    p : int
        How many numbers there are, and how many answers.
    d : int
        Length of the stream.
    experts, width : int
        Experts of a layer, neurons of an expert.
    layers, top : int

    Notes
    -----
    Weights: `embed` (p, d), `router` (layers, d, experts), `into` (layers, d, experts * width),
    `back` (layers, experts * width, d), `out` (p, d).
    """

    p: int
    d: int = 32
    experts: int = 8
    width: int = 16
    layers: int = 2
    top: int = 2

    def init(self, rng: Rng) -> Weights:
        """Normal weights; variance 1 / (length of the sum that they enter)."""
        inside = self.experts * self.width
        shapes = {
            "embed": ((self.p, self.d), self.d),
            "router": ((self.layers, self.d, self.experts), self.d),
            "into": ((self.layers, self.d, inside), self.d),
            "back": ((self.layers, inside, self.d), self.width * self.top),
            "out": ((self.p, self.d), self.d),
        }
        return {
            n: rng.normal(n, shape) / math.sqrt(length) for n, (shape, length) in shapes.items()
        }

    def stream(self, weights: Weights, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """The stream behind the last layer (n, d), and the experts' shares (n, layers, experts).

        Shares of an example in a layer sum to 1, over the `top` chosen experts.
        """
        h = torch.nn.functional.embedding(pairs, weights["embed"]).sum(1)
        found = []
        for router, into, back in zip(weights["router"], weights["into"], weights["back"]):
            scores = h @ router
            least = scores.topk(self.top, dim=1).values[:, -1:]
            share = scores.masked_fill(scores < least, -math.inf).softmax(1)
            active = (h @ into).relu().unflatten(1, (self.experts, self.width))
            h = h + (active * share[:, :, None]).flatten(1) @ back
            found.append(share)
        return h, torch.stack(found, 1)

    def logits(self, weights: Weights, pairs: Tensor) -> Tensor:
        """The answers' scores for int64 pairs (n, 2), (n, p)."""
        return self.stream(weights, pairs)[0] @ weights["out"].T

    def gradient(self, weights: Weights, pairs: Tensor, answer: Tensor) -> tuple[Tensor, Weights]:
        """Mean cross-entropy over n pairs (0-d) and its gradient, by the names of the weights."""
        with torch.enable_grad():
            leaves = {name: w.detach().requires_grad_() for name, w in weights.items()}
            loss = torch.nn.functional.cross_entropy(self.logits(leaves, pairs), answer)
            slopes = torch.autograd.grad(loss, list(leaves.values()))
        return loss.detach(), dict(zip(leaves, slopes))

    def path(self, shares: Tensor) -> Tensor:
        """The chosen experts, layer by layer, strongest first, int64 (n, layers * top).

        An expert's number tells its layer too, so that experts of two layers never match.
        """
        layers = self.experts * torch.arange(self.layers, device=shares.device)[:, None]
        return (shares.topk(self.top, dim=2).indices + layers).flatten(1)


def edit_distances(paths: Tensor) -> Tensor:
    """Levenshtein's distance between all pairs of n paths (n, length), over length, (n, n)."""
    n, length = paths.shape
    unlike = (paths[:, None, :, None] != paths[None, :, None, :]).to(torch.int16)
    row = [torch.full((n, n), j, dtype=torch.int16) for j in range(length + 1)]
    for i in range(length):
        above, row = row, [torch.full((n, n), i + 1, dtype=torch.int16)]
        for j in range(length):
            swap = above[j] + unlike[:, :, i, j]
            row.append(torch.minimum(torch.minimum(above[j + 1], row[j]) + 1, swap))
    return row[-1] / length


def consistency(weights: Weights, shares: Tensor) -> Tensor:
    """How little a path turns: the mean cosine between consecutive layers, 0-d; 0 for one layer.

    A layer stands for the direction that its router seeks, the chosen experts' columns weighted by
    their shares (n, layers, experts).
    """
    if shares.shape[1] < 2:
        return shares.new_zeros(())
    sought = torch.einsum("nle,lde->nld", shares, weights["router"])
    return torch.nn.functional.cosine_similarity(sought[:, 1:], sought[:, :-1], dim=2).mean()
