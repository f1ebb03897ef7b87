"""Weights of a relu network rescaled so that one grid fits all, and biases that rounding needs.

A relu passes positive factors through. So a neuron's weights and bias may be divided by one and
the next layer's weights from it multiplied: the network's answers stay, its ranges change.
Nagel, van Baalen, Blankevoort, Welling, "Data-free quantization through weight equalization and
bias correction" (2019).

A layer is a pair: weights (outputs, inputs) and biases (outputs,).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

Layer = tuple[Tensor, Tensor]


def ranges(first: Layer, second: Layer) -> tuple[Tensor, Tensor]:
    """The largest weight into each neuron between two layers, and the largest out of it."""
    return first[0].abs().amax(1), second[0].abs().amax(0)


def rescaled(first: Layer, second: Layer, factor: Tensor) -> tuple[Layer, Layer]:
    """Two layers whose neurons between them answer `factor` times less, and count as much more."""
    (w, b), (v, a) = first, second
    return (w / factor[:, None], b / factor), (v * factor, a)


def equalised(first: Layer, second: Layer, share: float = 1.0) -> tuple[Layer, Layer]:
    """Two layers in which every neuron's ranges are equal: each is their geometric mean.

    Parameters
    ----------
    share : float
        How much of the way is gone, in logarithms.

    Notes
    -----
    A neuron with nothing in or nothing out stays as it is.
    """
    into, out = ranges(first, second)
    alive = (into > 0) & (out > 0)
    ratio = torch.where(alive, into, 1.0) / torch.where(alive, out, 1.0)
    return rescaled(first, second, ratio ** (share / 2))


def mismatch(layers: list[Layer]) -> Tensor:
    """The largest |log(range in / range out)| over all neurons with both, 0-d."""
    found = [layers[0][0].new_zeros(1)]
    for first, second in zip(layers, layers[1:]):
        into, out = ranges(first, second)
        alive = (into > 0) & (out > 0)
        found.append((into[alive] / out[alive]).log().abs())
    return torch.cat(found).max()


def clipped_mean(mean: Tensor, spread: Tensor) -> Tensor:
    """What a relu gives on average where it gets a normal number of this mean and deviation."""
    spread = spread.clamp(min=torch.finfo(mean.dtype).tiny ** 0.5)
    z = mean / spread
    density = torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return mean * torch.special.ndtr(z) + spread * density


def moments(layers: list[Layer], x: Tensor, activation: Callable = torch.relu):
    """Mean and deviation of each layer's sums (before its relu), as batch norm would know them.

    Returns
    -------
    list of (Tensor, Tensor), each (outputs,)
    """
    found = []
    for w, b in layers:
        sums = x @ w.T + b
        found.append((sums.mean(0), sums.std(0)))
        x = activation(sums)
    return found


def corrected_by_moments(
    exact: list[Layer], rounded: list[Layer], first: Tensor, known: list[tuple[Tensor, Tensor]]
) -> list[Layer]:
    """Rounded layers whose biases make up for the rounding on average; no data are needed.

    Each layer errs by (rounded - exact) E[input], and the mean input of a layer behind a relu is
    that of a clipped normal number.

    Parameters
    ----------
    first : Tensor, shape (inputs,)
        The mean input of the network.
    known : list of (mean, deviation)
        Of the exact layers' sums, as `moments` gives them.
    """
    found, mean = [], first
    for (w, _), (rough, b), sums in zip(exact, rounded, known):
        found.append((rough, b - (rough - w) @ mean))
        mean = clipped_mean(*sums)
    return found


def corrected_by_data(
    exact: list[Layer], rounded: list[Layer], x: Tensor, activation: Callable = torch.relu
) -> list[Layer]:
    """The same with the means of examples `x` (n, inputs), layer by layer: the rounded network's
    sums get the exact one's means."""
    found, rough_x = [], x
    for (w, a), (rough, b) in zip(exact, rounded):
        sums, rough_sums = x @ w.T + a, rough_x @ rough.T + b
        shift = (rough_sums - sums).mean(0)
        found.append((rough, b - shift))
        x, rough_x = activation(sums), activation(rough_sums - shift)
    return found


def answers(layers: list[Layer], x: Tensor, activation: Callable = torch.relu) -> Tensor:
    """What the network answers to `x` (n, inputs): (n, outputs)."""
    for i, (w, b) in enumerate(layers):
        x = x @ w.T + b
        if i < len(layers) - 1:
            x = activation(x)
    return x
