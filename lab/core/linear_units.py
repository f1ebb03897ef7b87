"""Units that may become linear: each has a slope below zero, 0 for a ReLU and 1 for a wire.

Plain tensors in and out, nothing is written in place, so that networks can be batched.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lab.core.mlp import Mlp


def logits(net: Mlp, flat: Tensor, slopes: Tensor, x: Tensor) -> Tensor:
    """The classes' scores for n inputs, (n, classes).

    Parameters
    ----------
    flat : Tensor, (net.size,)
        Weights and biases.
    slopes : Tensor, (hidden layers, width)
        Below zero, of the hidden units; all layers are equally wide.
    """
    *hidden, (last, biases) = net.layers(flat)
    for slope, (w, b) in zip(slopes, hidden):
        pre = x @ w.mT + b
        x = torch.where(pre > 0, pre, slope * pre)
    return x @ last.mT + biases


def gradient(
    net: Mlp, flat: Tensor, slopes: Tensor, x: Tensor, y: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Mean cross-entropy over n examples, its gradient by the weights, and by the slopes.

    Parameters
    ----------
    y : Tensor, (n, classes)
        1 for the class and 0 elsewhere.
    """
    weights = net.weights(flat)
    pre, out = [], [x]
    *hidden, (last, biases) = net.layers(flat)
    for slope, (w, b) in zip(slopes, hidden):
        pre.append(out[-1] @ w.mT + b)
        out.append(torch.where(pre[-1] > 0, pre[-1], slope * pre[-1]))
    scores = (out[-1] @ last.mT + biases).log_softmax(1)
    loss = -(scores * y).sum(1).mean()
    error = (scores.exp() - y) / len(x)
    by_flat, by_slopes = [], []
    for i in range(len(weights) - 1, -1, -1):
        by_flat = [(error.mT @ out[i]).reshape(-1), error.sum(0), *by_flat]
        if i:
            error = error @ weights[i]
            below = pre[i - 1] <= 0
            by_slopes = [(error * pre[i - 1] * below).sum(0), *by_slopes]
            error = torch.where(below, slopes[i - 1] * error, error)
    return loss, torch.cat(by_flat), torch.stack(by_slopes)


def average_path_length(nonlinear: Sequence[Tensor], masks: Sequence[Tensor] | None = None):
    """How many nonlinear units a path from an input to an output meets, the mean of all paths.

    After "Nonlinear advantage: trained networks might not be as complex as you think" (2023).
    Every path of living weights counts once. Without masks it takes any unit of each layer: the
    shares of the layers add up.

    Parameters
    ----------
    nonlinear : sequence of bool Tensor, each (units,)
        Of each hidden layer.
    masks : sequence of bool Tensor, each (outputs, inputs), optional
        Living weights of each layer, the last one's too.
    """
    if masks is None:
        return sum(layer.to(torch.get_default_dtype()).mean() for layer in nonlinear)
    paths = torch.ones(masks[0].shape[1], dtype=torch.float64)
    met = torch.zeros_like(paths)
    for mask, layer in zip(masks, nonlinear):
        paths, met = mask.double() @ paths, mask.double() @ met
        met = met + layer * paths
    paths, met = masks[-1].double() @ paths, masks[-1].double() @ met
    return met.sum() / paths.sum().clamp(min=1)
