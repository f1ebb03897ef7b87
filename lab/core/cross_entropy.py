"""Cross-entropy of scores, by softmax or StableMax, in a precision of one's choice."""

from __future__ import annotations

import torch

PRECISIONS = ("float16", "bfloat16", "float32", "float64")


def stable_scores(scores: torch.Tensor) -> torch.Tensor:
    """x + 1 from zero up, 1 / (1 - x) below: positive and rising as exp, but only linearly."""
    return torch.where(scores >= 0, scores + 1, 1 / (1 - scores.clamp(max=0)))


def cross_entropy(
    scores: torch.Tensor, answer: torch.Tensor, share: str = "softmax", precision: str = "float32"
) -> tuple[torch.Tensor, torch.Tensor]:
    """Losses of n examples, and the gradient of their mean by the scores.

    In a narrow precision the softmax of a network that is sure rounds to 1: then the example's loss
    and the pull towards its answer are exactly zero ("softmax collapse"). StableMax grows linearly
    instead of exponentially, and does not get there. Prieto, Barsbey, Mediano, Birdal, "Grokking at
    the edge of numerical stability" (2025).

    Parameters
    ----------
    scores : Tensor of shape (n, m)
    answer : int64 Tensor of shape (n,)
    share : {"softmax", "stablemax"}
        How scores become shares of the m answers.
    precision : {"float16", "bfloat16", "float32", "float64"}
        That everything here is computed in.

    Returns
    -------
    losses : Tensor of shape (n,), in that precision
    gradient : Tensor of shape (n, m), in the precision of the scores
    """
    z = scores.to(getattr(torch, precision))
    right = answer[:, None]
    if share == "softmax":
        log_share = z.log_softmax(1)
        losses = -log_share.gather(1, right)
        error = log_share.exp()
        error.scatter_add_(1, right, -torch.ones_like(losses))
    elif share == "stablemax":
        s = stable_scores(z)
        total, own = s.sum(1, keepdim=True), s.gather(1, right)
        losses = -(own / total).log()
        pull = torch.zeros_like(s).scatter_(1, right, 1 / own)
        error = torch.where(z >= 0, 1.0, s * s).to(z.dtype) * (1 / total - pull)
    else:
        raise ValueError(f"shares by 'softmax' or 'stablemax'; not {share!r}")
    return losses.squeeze(1), (error / len(answer)).to(scores.dtype)
