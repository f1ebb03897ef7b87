"""Pruning by score: which weights of a network stay, as boolean masks.

Works on any list of weight tensors; `weights_of` finds those of a module. The counts are exact
whatever the ties: of equal scores the earlier weight stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

SCORES = ("magnitude", "random")
ALLOCATIONS = ("global", "uniform")


@final
@dataclass(frozen=True)
class Prune:
    """Keeps the weights of largest score.

    Global magnitude pruning with a least number for each layer: Gupta and others, "Is complexity
    required for neural network pruning? A case study on global magnitude pruning" (2022). With
    `least=0` the masks equal those of `torch.nn.utils.prune.global_unstructured` and, for the
    allocation "uniform", of `l1_unstructured` in each layer.

    Parameters
    ----------
    score : {"magnitude", "random"}
        What a weight is ranked by: its absolute value, or a number given with it.
    allocation : {"global", "uniform"}
        One ranking over all layers, or one in each layer, of which each keeps the same share.
    least : int
        Weights that each layer keeps at least when the ranking is global; they count, so that
        the other layers keep as many fewer. Where the total is too small for that, every layer
        keeps at least its equal part of the total.
    """

    score: str = "magnitude"
    allocation: str = "global"
    least: int = 0

    def __post_init__(self):
        if self.score not in SCORES:
            raise ValueError(f"score is {' or '.join(SCORES)}; not {self.score!r}")
        if self.allocation not in ALLOCATIONS:
            raise ValueError(f"allocation is {' or '.join(ALLOCATIONS)}; not {self.allocation!r}")
        if self.least < 0:
            raise ValueError(f"a layer keeps at least 0 or more weights; not {self.least}")

    def masks(
        self,
        weights: Sequence[Tensor],
        kept: float,
        alive: Sequence[Tensor] | None = None,
        random: Sequence[Tensor] | None = None,
    ) -> list[Tensor]:
        """Which weights stay.

        Parameters
        ----------
        weights : sequence of Tensor
            One for each layer, any shapes.
        kept : float
            Share of all weights that stays, 0 to 1: of n weights n - round((1 - kept) n) do.
        alive : sequence of bool Tensor, optional
            Masks so far: a dead weight never returns before every living one is kept.
        random : sequence of Tensor, optional
            The numbers to rank by when the score is "random".

        Returns
        -------
        list of bool Tensor, of the shapes of the weights.

        Raises
        ------
        ValueError
            `kept` out of bounds, or no random numbers for the score "random".
        """
        if not 0 <= kept <= 1:
            raise ValueError(f"the share kept goes from 0 to 1; not {kept:g}")
        if self.score == "random" and random is None:
            raise ValueError("the score 'random' needs random numbers, one for each weight")
        ranked = random if self.score == "random" else weights
        scores = [entry.detach().abs().reshape(-1) for entry in ranked]
        if alive is not None:
            # Below every possible score, so that a living weight of exactly 0 goes last.
            scores = [s.masked_fill(~a.reshape(-1), -1.0) for s, a in zip(scores, alive)]
        if self.allocation == "uniform":
            masks = [_largest(s, _stay(len(s), kept)) for s in scores]
        else:
            masks = self._global(scores, _stay(sum(map(len, scores)), kept))
        return [mask.view(w.shape) for mask, w in zip(masks, weights)]

    def _global(self, scores: list[Tensor], count: int) -> list[Tensor]:
        least = min(self.least, count // len(scores))
        scores = [
            s.masked_fill(_largest(s, min(least, len(s))), torch.inf) if least else s
            for s in scores
        ]
        return list(_largest(torch.cat(scores), count).split([len(s) for s in scores]))


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


def weights_of(module: nn.Module) -> list[Tensor]:
    """The weights of the linear and convolutional layers, in the module's order; no biases."""
    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    return [m.weight for m in module.modules() if isinstance(m, kinds)]


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


def _stay(n: int, kept: float) -> int:
    return n - round((1 - kept) * n)


def _largest(scores: Tensor, count: int) -> Tensor:
    """True at the `count` largest scores; of equal ones the earlier stay."""
    mask = torch.zeros(len(scores), dtype=torch.bool, device=scores.device)
    mask[torch.sort(scores, descending=True, stable=True).indices[:count]] = True
    return mask
