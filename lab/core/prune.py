"""Pruning by score: which weights of a network stay, as boolean masks.

Works on any list of weight tensors; `lab.core.prune_module` finds those of a module. The counts
are exact whatever the ties: of equal scores the earlier weight stays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

ALLOCATIONS = ("global", "uniform", "erk")


@final
@dataclass(frozen=True)
class Prune:
    """Keeps the weights of largest score (`lab.core.scores` has the scores).

    Global magnitude pruning with a least number for each layer: Gupta and others, "Is complexity
    required for neural network pruning? A case study on global magnitude pruning" (2022). With
    magnitudes and `least=0` the masks equal those of `torch.nn.utils.prune.global_unstructured`
    and, for the allocation "uniform", of `l1_unstructured` in each layer.

    Parameters
    ----------
    allocation : {"global", "uniform", "erk"}
        One ranking over all layers; one in each layer, of which each keeps the same share; or
        one in each layer with the shares of `erdos_renyi_kernel`.
    least : int
        Weights that each layer keeps at least when the ranking is global; they count, so that
        the other layers keep as many fewer. Where the total is too small for that, every layer
        keeps at least its equal part of the total.
    """

    allocation: str = "global"
    least: int = 0

    def __post_init__(self):
        if self.allocation not in ALLOCATIONS:
            raise ValueError(
                f"allocation is one of {', '.join(ALLOCATIONS)}; not {self.allocation!r}"
            )
        if self.least < 0:
            raise ValueError(f"a layer keeps at least 0 or more weights; not {self.least}")

    def masks(
        self,
        scores: Sequence[Tensor],
        kept: float,
        alive: Sequence[Tensor] | None = None,
    ) -> list[Tensor]:
        """Which weights stay.

        Parameters
        ----------
        scores : sequence of Tensor
            What each weight is worth, any sign; one tensor for each layer, any shapes.
        kept : float
            Share of all weights that stays, 0 to 1: of n weights n - round((1 - kept) n) do.
        alive : sequence of bool Tensor, optional
            Masks so far: a dead weight never returns before every living one is kept.

        Returns
        -------
        list of bool Tensor, of the shapes of the scores.

        Raises
        ------
        ValueError
            `kept` out of bounds, or a score that is not a number.
        """
        if not 0 <= kept <= 1:
            raise ValueError(f"the share kept goes from 0 to 1; not {kept:g}")
        flat = living(scores, alive)
        if self.allocation == "global":
            masks = self._global(flat, stay(sum(map(len, flat)), kept))
        elif self.allocation == "uniform":
            masks = [largest(s, stay(len(s), kept)) for s in flat]
        else:
            counts = erdos_renyi_kernel([tuple(s.shape) for s in scores], kept)
            masks = [largest(s, count) for s, count in zip(flat, counts)]
        return [mask.view(s.shape) for mask, s in zip(masks, scores)]

    def _global(self, scores: list[Tensor], count: int) -> list[Tensor]:
        least = min(self.least, count // len(scores))
        scores = [
            s.masked_fill(largest(s, min(least, len(s))), torch.inf) if least else s for s in scores
        ]
        return list(largest(torch.cat(scores), count).split([len(s) for s in scores]))


def erdos_renyi_kernel(shapes: Sequence[tuple[int, ...]], kept: float) -> list[int]:
    """How many weights each layer keeps when its share goes as (sum of sizes) / (product of sizes).

    Evci and others, "Rigging the lottery" (2020). A layer whose share would pass 1 is kept whole
    and the others keep as much less; the counts add up to the share `kept` of all exactly.

    Parameters
    ----------
    shapes : sequence of tuple of int
        Of the weights, as torch lays them out: outputs, inputs, and the sizes of a kernel.
    """
    sizes = [math.prod(shape) for shape in shapes]
    total = stay(sum(sizes), kept)
    whole: set[int] = set()
    while True:
        left = total - sum(sizes[i] for i in whole)
        rest = [i for i in range(len(sizes)) if i not in whole]
        unit = left / max(sum(sum(shapes[i]) for i in rest), 1)
        over = {i for i in rest if unit * sum(shapes[i]) > sizes[i]}
        if not over:
            break
        whole |= over
    exact = [sizes[i] if i in whole else unit * sum(shapes[i]) for i in range(len(sizes))]
    counts = [math.floor(e) for e in exact]
    # The largest remainders get what rounding down left over.
    order = sorted(range(len(sizes)), key=lambda i: counts[i] - exact[i])
    for i in order[: total - sum(counts)]:
        counts[i] += 1
    return counts


@final
@dataclass(frozen=True)
class Rounds:
    """When to cut how far: `rounds` cuts, each followed by its part of the fine-tuning.

    A cut is spread over steps so that it can be watched. As nothing is trained meanwhile, the
    same weights go as in one stroke. The share kept falls geometrically.

    Parameters
    ----------
    kept : float
        Share that stays in the end, above 0.
    rounds : int
    cut, tune : int
        Steps of each cut; steps of fine-tuning in all, rounded down to a multiple of `rounds`.
    """

    kept: float
    rounds: int = 1
    cut: int = 1
    tune: int = 0

    @property
    def steps(self) -> int:
        """All steps together."""
        return self.rounds * (self.cut + self.tune // self.rounds)

    def share(self, k: int) -> float | None:
        """The share that step `k` (0 .. steps - 1) leaves; None when it fine-tunes."""
        past, i = divmod(k, self.cut + self.tune // self.rounds)
        if i >= self.cut or past >= self.rounds:
            return None
        return self.kept ** ((past + (i + 1) / self.cut) / self.rounds)


@final
@dataclass(frozen=True)
class Gradual:
    """When to cut how far while training goes on: fast at first, slower the fewer are left.

    Of what the cuts remove in all, (1 - j / cuts)^3 is still there after cut j. Zhu and Gupta,
    "To prune, or not to prune" (2018).

    Parameters
    ----------
    kept : float
        Share that stays in the end.
    cuts : int
        How many there are.
    every : int
        Steps from one cut to the next; the first one is made at step `begin`.
    begin : int
    start : float
        Share that is there before the first cut.
    """

    kept: float
    cuts: int
    every: int = 1
    begin: int = 0
    start: float = 1.0

    def share(self, k: int) -> float | None:
        """The share that step `k` leaves; None when it cuts nothing."""
        j, off = divmod(k - self.begin, self.every)
        if off or not 0 <= j < self.cuts:
            return None
        return self.kept + (self.start - self.kept) * (1 - (j + 1) / self.cuts) ** 3


@final
@dataclass(frozen=True)
class Rewound:
    """When to train, cut and go back: lottery tickets by iterative pruning.

    Train, cut, give the survivors the weights that they had after step `back` of the first
    training, train again from there, and so on. The share kept falls geometrically. Frankle and
    Carbin, "The lottery ticket hypothesis" (2019) go back to the start (`back=0`); a few steps
    later: Frankle, Dziugaite, Roy, Carbin, "Linear mode connectivity and the lottery ticket
    hypothesis" (2020).

    The caller keeps a copy of the weights before the step where `trained` first is `back`; at a
    step where `share` is a number it cuts by the weights of that moment, and then puts the copy,
    with zeros for the dead, in the place of the weights and empties the optimiser's memory.

    Parameters
    ----------
    kept : float
        Share that stays in the end, above 0.
    rounds : int
        Cuts; there is one training more.
    train : int
        Steps of the first training.
    back : int
        Step to go back to, 0 .. train - 1. A learning rate that falls is that of `trained`.
    """

    kept: float
    rounds: int
    train: int
    back: int = 0

    @property
    def steps(self) -> int:
        """All steps together: a cut, with the way back, is one."""
        return self.train + self.rounds * (1 + self.train - self.back)

    def share(self, k: int) -> float | None:
        """The share that step `k` (0 .. steps - 1) leaves; None when it trains."""
        cut, off = divmod(k - self.train, 1 + self.train - self.back)
        return self.kept ** ((cut + 1) / self.rounds) if cut >= 0 and not off else None

    def trained(self, k: int) -> int | None:
        """How many steps of its training the weights have had before step `k`; None at a cut."""
        if k < self.train:
            return k
        off = (k - self.train) % (1 + self.train - self.back)
        return self.back + off - 1 if off else None


def reachable(masks: Sequence[Tensor]) -> Tensor:
    """Which outputs of a chain of layers a path of living weights joins to some input.

    Parameters
    ----------
    masks : sequence of bool Tensor
        (outputs, inputs) for each layer, from the input on.

    Returns
    -------
    Tensor of bool, shape (outputs of the last layer,)
    """
    reached = masks[0].any(1)
    for mask in masks[1:]:
        reached = (mask & reached).any(1)
    return reached


def living(scores: Sequence[Tensor], alive: Sequence[Tensor] | None = None) -> list[Tensor]:
    """The scores as vectors, with what is dead below every possible score.

    Raises
    ------
    ValueError
        A score is nan.
    """
    flat = [s.detach().reshape(-1) for s in scores]
    if any(bool(s.isnan().any()) for s in flat):
        raise ValueError("a score is not a number")
    if alive is None:
        return flat
    return [s.masked_fill(~a.reshape(-1), -torch.inf) for s, a in zip(flat, alive)]


def stay(n: int, kept: float) -> int:
    """How many of n stay when the share `kept` does."""
    return n - round((1 - kept) * n)


def largest(scores: Tensor, count: int) -> Tensor:
    """True at the `count` largest entries of a vector; of equal ones the earlier stay."""
    n = len(scores)
    if not 0 < count < n:
        return torch.full((n,), count >= n, device=scores.device)
    # Finding the least score that stays takes an eighth of the time of sorting them all.
    least = scores.kthvalue(n - count + 1).values
    mask = scores > least
    equal = (scores == least).nonzero()[:, 0]
    mask[equal[: count - int(mask.sum())]] = True
    return mask
