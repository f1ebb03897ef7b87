"""What can be said of masks: how sparse, what changed, what is cut off, how alike two are.

A list of masks belongs to the layers of a network from its input on. Where paths matter the
layers are a chain, each mask (outputs, inputs) or (outputs, inputs, sizes of a kernel).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

Masks = Sequence[Tensor]


def sparsity(masks: Masks) -> Tensor:
    """Share of dead weights in each layer, (layers,)."""
    return torch.stack([1 - m.double().mean() for m in masks])


def flips(before: Masks, after: Masks) -> list[Tensor]:
    """-1 where a weight died, 1 where it returned, 0 where nothing happened; int8."""
    return [b.to(torch.int8) - a.to(torch.int8) for a, b in zip(before, after, strict=True)]


def hamming(one: Masks, other: Masks) -> int:
    """How many weights live in one and are dead in the other."""
    return sum(int((a != b).sum()) for a, b in zip(one, other, strict=True))


def overlap(one: Masks, other: Masks) -> float:
    """Weights that live in both over those that live in either (Jaccard); 1 when none do.

    Two masks by lot that keep a share s each have s / (2 - s).
    """
    pairs = list(zip(one, other, strict=True))
    both = sum(int((a & b).sum()) for a, b in pairs)
    either = sum(int((a | b).sum()) for a, b in pairs)
    return both / either if either else 1.0


def paths(masks: Masks) -> Tensor:
    """Number of ways from an input to an output over living weights, 0-d in 64-bit floats.

    Exact up to 2^53. Each place of a kernel is a way of its own between two channels.
    """
    return _onward(masks)[-1].sum()


def effective(masks: Masks) -> list[Tensor]:
    """The weights through which some path from an input to an output runs.

    The others are dead in all but name: Vysogorets and Kempe, "Connectivity matters" (2023).
    """
    onward, back = _onward(masks), _onward([m.transpose(0, 1) for m in reversed(masks)])
    found = []
    for mask, before, after in zip(masks, onward, back[-2::-1]):
        ends = (after > 0)[:, None] & (before > 0)
        found.append(mask & ends.view(*ends.shape, *(1,) * (mask.dim() - 2)))
    return found


def dead_units(masks: Masks) -> list[Tensor]:
    """Which units no path from an input to an output runs through.

    Returns
    -------
    list of bool Tensor
        The inputs, the units after each layer; the last are the outputs.
    """
    onward, back = _onward(masks), _onward([m.transpose(0, 1) for m in reversed(masks)])
    return [(before == 0) | (after == 0) for before, after in zip(onward, back[::-1])]


def _onward(masks: Masks) -> list[Tensor]:
    """For the inputs and after each layer: ways from the inputs to each unit."""
    found = [masks[0].new_ones(masks[0].shape[1], dtype=torch.float64)]
    for mask in masks:
        ways = mask.flatten(2).sum(2) if mask.dim() > 2 else mask
        found.append(ways.double() @ found[-1])
    return found
