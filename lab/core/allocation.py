"""How many weights each layer keeps: the least summed distortion that a budget allows, exactly."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from lab.core.prune import largest


@final
@dataclass(frozen=True)
class Allocation:
    """One level for each layer such that their summed cost is least, for every budget at once.

    The distortion of the output is taken for the sum of what each layer alone would cause, and
    that sum is minimised by dynamic programming, layer after layer over all budgets: Xu and others,
    "Efficient joint optimization of layer-adaptive weight pruning" (2023). The work grows as
    layers x levels x budget.

    Parameters
    ----------
    counts : tuple of tuple of int
        For each layer the number of weights that each of its levels keeps, at least one level.
    costs : tuple of Tensor
        For each layer what its levels cost, one vector each.
    """

    counts: tuple[tuple[int, ...], ...]
    costs: tuple[Tensor, ...]

    def __post_init__(self):
        if [len(c) for c in self.counts] != [len(c) for c in self.costs]:
            raise ValueError("each level of each layer has one count and one cost")

    def table(self) -> Tensor:
        """The level that each layer takes where it and those before it may keep b units in all.

        Returns
        -------
        Tensor of int64, shape (layers, units + 1); -1 where no choice is cheap enough.
        """
        unit = self._unit
        units = sum(max(c) for c in self.counts) // unit
        best = torch.zeros(units + 1, dtype=torch.float64)
        levels = []
        for counts, costs in zip(self.counts, self.costs):
            new = torch.full_like(best, torch.inf)
            level = torch.full((units + 1,), -1)
            for i, (count, cost) in enumerate(zip(counts, costs.double())):
                need = count // unit
                with_it = best[: units + 1 - need] + cost
                better = with_it < new[need:]
                new[need:] = torch.where(better, with_it, new[need:])
                level[need:] = torch.where(better, i, level[need:])
            best = new
            levels.append(level)
        return torch.stack(levels)

    def choose(self, table: Tensor, budget: int) -> list[int]:
        """Each layer's level where all together keep `budget` weights at most.

        Raises
        ------
        ValueError
            Even the lowest levels keep more.
        """
        left = min(budget // self._unit, table.shape[1] - 1)
        found: list[int] = []
        for i in range(len(self.counts) - 1, -1, -1):
            level = int(table[i, left]) if left >= 0 else -1
            if level < 0:
                raise ValueError(f"no levels keep so few as {budget} weights")
            found.insert(0, level)
            left -= self.counts[i][level] // self._unit
        return found

    def masks(self, table: Tensor, scores: Sequence[Tensor], budget: int) -> list[Tensor]:
        """The weights of largest score in each layer, as many as `choose` says; bool, as scores."""
        levels = self.choose(table, budget)
        counts = [count[level] for count, level in zip(self.counts, levels)]
        return [largest(s.reshape(-1), n).view(s.shape) for s, n in zip(scores, counts)]

    @property
    def _unit(self) -> int:
        """Every count is a multiple of it."""
        return math.gcd(*(count for counts in self.counts for count in counts)) or 1


def pruned_alone(
    output: Callable[[list[Tensor]], Tensor],
    weights: Sequence[Tensor],
    scores: Sequence[Tensor],
    counts: Sequence[Sequence[int]],
) -> list[Tensor]:
    """What the output loses when one layer alone keeps its best weights, for each layer and level.

    Parameters
    ----------
    output : callable
        Weights -> output, (n, outputs).
    weights, scores : sequence of Tensor
        One for each layer; the weights of largest score stay.
    counts : sequence of sequence of int
        As in `Allocation`.

    Returns
    -------
    list of Tensor
        Mean over the n examples of the squared change of the output, one vector for each layer.
    """
    weights = list(weights)
    whole = output(weights)
    found = []
    for i, (w, score) in enumerate(zip(weights, scores)):
        order = torch.sort(score.reshape(-1), descending=True, stable=True).indices
        rank = torch.empty_like(order)
        rank[order] = torch.arange(len(order), device=order.device)
        rank, lost = rank.view(w.shape), []
        for count in counts[i]:
            changed = output([*weights[:i], w * (rank < count), *weights[i + 1 :]])
            lost.append((changed - whole).square().sum(1).mean())
        found.append(torch.stack(lost))
    return found
