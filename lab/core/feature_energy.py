"""The energy that hidden neurons climb, each for itself, when a network learns a table.

Tian, "Provable scaling laws of feature emergence from learning dynamics of grokking" (2025): while
the top layer fits whatever the hidden layer offers, the gradient that reaches a neuron is that of
E(w) = 1/2 |Y' sigma(X w)|^2, Y the centred answers. Here sigma(h) = h^2, and an input is a pair of
numbers below M, so that w = (u, v) and h = u[a] + v[b].
"""

from __future__ import annotations

import torch
from torch import Tensor

from lab.core import spectra


def inner(weights: Tensor, pairs: Tensor) -> Tensor:
    """u[a] + v[b] of K neurons for n pairs, (n, K).

    Parameters
    ----------
    weights : Tensor of shape (2 M, K)
        Each column is one neuron: u above v.
    pairs : int64 Tensor of shape (n, 2)
    """
    size = len(weights) // 2
    shifted = pairs + torch.tensor([0, size], device=pairs.device)
    return torch.nn.functional.embedding_bag(shifted, weights, mode="sum")


def by_answer(squares: Tensor, answer: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Y' sigma for activities (n, K): their sums over the pairs of each answer, less what a pair
    gives on average, (M, K); and the share of the pairs that has each answer, (M,)."""
    sums = squares.new_zeros(size, squares.shape[1]).index_add_(0, answer, squares)
    share = torch.bincount(answer, minlength=size).to(squares.dtype) / len(answer)
    return sums - share[:, None] * squares.sum(0), share


def energy(weights: Tensor, pairs: Tensor, answer: Tensor) -> Tensor:
    """E of each neuron on these pairs, (K,)."""
    found, _ = by_answer(inner(weights, pairs).square(), answer, len(weights) // 2)
    return found.square().sum(0) / 2


def gradient(weights: Tensor, pairs: Tensor, answer: Tensor) -> Tensor:
    """Gradient of E of each neuron, (2 M, K)."""
    size = len(weights) // 2
    h = inner(weights, pairs)
    found, share = by_answer(h.square(), answer, size)
    back = 2 * h * (found - share @ found)[answer]
    shifted = pairs + torch.tensor([0, size], device=pairs.device)
    slope = torch.zeros_like(weights)
    return slope.index_add_(0, shifted[:, 0], back).index_add_(0, shifted[:, 1], back)


def ascend(weights: Tensor, pairs: Tensor, answer: Tensor, rate: float | Tensor) -> Tensor:
    """One step of gradient ascent; weight decay holds each neuron at length 1.

    The step is `rate` in units in which the gradient at a maximum over all pairs has length 1.
    """
    size = len(weights) // 2
    unit = size * (len(answer) / size**2) ** 2
    moved = weights + rate / unit * gradient(weights, pairs, answer)
    return moved / moved.norm(dim=0)


def maximum(size: int, frequency: int) -> float:
    """E at the maximum of one frequency, over all pairs of the table of sums, at length 1.

    The squares u[a]^2 and v[b]^2 add the same to every answer; the product leaves, by Fourier,
    E = 2/M sum_f |u_f|^2 |v_f|^2 over f != 0. It is largest with all power at f and M - f, shared
    alike by u and v: M / 4. Frequency M / 2 is its own mirror image: M / 2.
    """
    return size / 2 if 2 * frequency == size else size / 4


def memory_over_wave(share: float) -> float:
    """E of a neuron that sees one number alone over that of one frequency, in a large table.

    On a share s of the pairs the first is M s (1 - s) / 2, and the second s^2 M / 4. They are
    equal at s = 2/3: with less, knowing examples by heart is the higher summit.
    """
    return 2 * (1 - share) / share


def power(weights: Tensor) -> Tensor:
    """Share of each neuron's square length in each frequency from 1 on, (M // 2, K).

    What is missing to 1 is constant in u and v.
    """
    size = len(weights) // 2
    both = spectra.power(weights[:size]) + spectra.power(weights[size:])
    return both / (size * weights.square().sum(0))


def top_layer(
    weights: Tensor, pairs: Tensor, answer: Tensor, shown: int, ridge: float = 1e-3
) -> Tensor:
    """Answers (n,) of the best top layer on these neurons: least squares on the first `shown`
    pairs, all centred, with `ridge` times the mean power of a neuron as penalty."""
    size = len(weights) // 2
    squares = inner(weights, pairs).square()
    squares = squares - squares[:shown].mean(0)
    target = torch.nn.functional.one_hot(answer[:shown], size).to(squares.dtype)
    target = target - target.mean(0)
    gram = squares[:shown].T @ squares[:shown]
    gram = gram + ridge * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    return (squares @ torch.linalg.solve(gram, squares[:shown].T @ target)).argmax(1)
