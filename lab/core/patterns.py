"""Masks in a pattern: N of every M weights, blocks, whole channels, equal rows.

One tensor of scores in, one mask out. Weights are laid out as torch does: outputs, inputs, and the
sizes of a kernel. Counts are exact; of equal scores the earlier stays; what `alive` says is dead
stays dead and makes room for no other.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lab.core.prune import largest, living, stay


def n_of_m(scores: Tensor, n: int, m: int, alive: Tensor | None = None) -> Tensor:
    """The n largest of every m weights in a row along the inputs.

    In a kernel the m are neighbouring input channels at one place, as the hardware that skips the
    others wants it: Mishra and others, "Accelerating sparse deep neural networks" (2021).

    Parameters
    ----------
    scores : Tensor, shape (outputs, inputs, ...)
    n, m : int
        0 < n <= m, and m divides the number of inputs.

    Returns
    -------
    Tensor of bool, of the shape of the scores

    Raises
    ------
    ValueError
        m does not divide the inputs.
    """
    if not 0 < n <= m:
        raise ValueError(f"n of m means 0 < n <= m; not {n} of {m}")
    _divides(scores, 1, m, "inputs")
    (ranked,) = living([scores], alive if alive is None else [alive])
    groups = ranked.view(scores.shape).movedim(1, -1).unflatten(-1, (-1, m))
    mask = _largest_in_rows(groups, n).flatten(-2).movedim(-1, 1)
    return _and(mask, alive).contiguous()


def blocks(
    scores: Tensor, kept: float, size: tuple[int, int], alive: Tensor | None = None
) -> Tensor:
    """Whole blocks of outputs and inputs, kernels undivided: those of the largest sums.

    Parameters
    ----------
    scores : Tensor, shape (outputs, inputs, ...)
    kept : float
        Share of the blocks that stays.
    size : tuple of int
        Outputs and inputs of a block; they divide those of the weights.

    Returns
    -------
    Tensor of bool, of the shape of the scores
    """
    high, wide = size
    _divides(scores, 0, high, "outputs")
    _divides(scores, 1, wide, "inputs")
    rows, columns = len(scores) // high, scores.shape[1] // wide
    cut = _zeroed(scores, alive).reshape(rows, high, columns, wide, -1).sum((1, 3, 4))
    mask = largest(cut.reshape(-1), stay(cut.numel(), kept)).view(cut.shape)
    mask = mask.repeat_interleave(high, 0).repeat_interleave(wide, 1)
    return _and(_like(mask, scores), alive)


def channels(scores: Tensor, kept: float, dim: int = 0, alive: Tensor | None = None) -> Tensor:
    """Whole outputs (`dim=0`) or inputs (`dim=1`) of a layer: those of the largest sums.

    Returns
    -------
    Tensor of bool, of the shape of the scores
    """
    rest = [d for d in range(scores.dim()) if d != dim]
    sums = _zeroed(scores, alive).sum(rest)
    mask = largest(sums, stay(len(sums), kept))
    shape = [len(sums) if d == dim else 1 for d in range(scores.dim())]
    return _and(mask.view(shape).expand(scores.shape).clone(), alive)


def rows(scores: Tensor, kept: float, alive: Tensor | None = None) -> Tensor:
    """The same number of weights for each output: those of the largest scores.

    Returns
    -------
    Tensor of bool, of the shape of the scores
    """
    (ranked,) = living([scores], alive if alive is None else [alive])
    ranked = ranked.view(len(scores), -1)
    mask = _largest_in_rows(ranked, stay(ranked.shape[1], kept)).view(scores.shape)
    return _and(mask, alive)


def _largest_in_rows(scores: Tensor, count: int) -> Tensor:
    """True at the `count` largest along the last dimension."""
    if count == 1:  # argmax takes the first of equals, in a fifth of the time
        chosen = scores.argmax(-1, keepdim=True)
    else:
        chosen = torch.sort(scores, dim=-1, descending=True, stable=True).indices[..., :count]
    return torch.zeros_like(scores, dtype=torch.bool).scatter_(-1, chosen, True)


def _divides(scores: Tensor, dim: int, part: int, what: str) -> None:
    if part < 1 or scores.shape[dim] % part:
        raise ValueError(f"{part} does not divide the {scores.shape[dim]} {what}")


def _zeroed(scores: Tensor, alive: Tensor | None) -> Tensor:
    """Scores with 0 for the dead, so that a sum is one of living weights."""
    (flat,) = living([scores])
    found = flat.view(scores.shape)
    return found if alive is None else found * alive


def _like(mask: Tensor, scores: Tensor) -> Tensor:
    """A matrix's mask for whole kernels."""
    return mask.view(*mask.shape, *(1,) * (scores.dim() - 2)).expand(scores.shape).clone()


def _and(mask: Tensor, alive: Tensor | None) -> Tensor:
    return mask if alive is None else mask & alive
