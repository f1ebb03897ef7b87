"""How far a classifier's probabilities can be trusted."""

from __future__ import annotations

import torch
from torch import Tensor


def kl_to_conditional(conditional: Tensor, logits: Tensor) -> Tensor:
    """Mean over inputs of KL(true || told) in nats: what the told probabilities cost, 0-d.

    Parameters
    ----------
    conditional : Tensor, shape (n, classes)
        The true probability of each class given the input; rows sum to 1.
    logits : Tensor, shape (n, classes)
    """
    told = logits.log_softmax(1)
    return (torch.xlogy(conditional, conditional) - conditional * told).sum(1).mean()


def reliability(confidence: Tensor, right: Tensor, bins: int = 15) -> tuple[Tensor, Tensor, Tensor]:
    """The inputs by confidence, in `bins` equal parts of 0 to 1.

    Parameters
    ----------
    confidence : Tensor, shape (n,)
        Probability that the classifier gives to its own answer.
    right : Tensor, shape (n,)
        Whether that answer is right, or the true probability that it is.

    Returns
    -------
    share, confidence, right : Tensor, shape (bins,)
        Share of the inputs in each part and their means; 0 where a part is empty.
    """
    if bins < 1:
        raise ValueError(f"at least one part is needed; not {bins}")
    part = (confidence * bins).long().clamp(0, bins - 1)
    zero = torch.zeros(bins, dtype=confidence.dtype, device=confidence.device)
    count = zero.scatter_add(0, part, torch.ones_like(confidence))
    sums = [zero.scatter_add(0, part, v.to(zero)) for v in (confidence, right)]
    return count / len(part), *(total / count.clamp_min(1) for total in sums)


def calibration_error(confidence: Tensor, right: Tensor, bins: int = 15) -> Tensor:
    """Expected calibration error: mean gap of confidence and accuracy over the parts, 0-d.

    Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks" (2017). Parameters
    as for `reliability`.
    """
    share, told, true = reliability(confidence, right, bins)
    return (share * (told - true).abs()).sum()
