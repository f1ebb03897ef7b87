"""Small networks with their gradients written out; weights are a plain dict of tensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch

from lab.core.optim import AdamW
from lab.core.random import Rng

Weights = dict[str, torch.Tensor]


def loss_and_error(logits: torch.Tensor, answer: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean cross-entropy (0-d) of n answers, and n times its slope in the logits (n, p)."""
    right = answer[:, None]
    error = logits.softmax(1)
    # One pass of exp for both: the log of its sum comes from the largest share.
    behind = logits.amax(1) - logits.gather(1, right)[:, 0]
    loss = (behind - error.amax(1).log_()).mean()
    return loss, error.scatter_add_(1, right, error.new_full(right.shape, -1.0))


def descend(
    gradient: Callable, weights: Weights, memory: dict, table: dict, k: int, *, lr, decay
) -> tuple[torch.Tensor, Weights, dict]:
    """Step `k` of AdamW (betas 0.9, 0.98) on all the examples that are shown.

    Parameters
    ----------
    gradient : callable
        A network's: weights, pairs and answers to loss and gradient.
    memory : dict
        `AdamW.init(weights)` before the first step.
    table : dict
        `pairs` (n, 2), `answer` (n,), of which the first `shown` are for training.
    lr, decay : float or 0-d Tensor

    Returns
    -------
    loss before the step (0-d), weights, memory
    """
    n = table["shown"]
    loss, slope = gradient(weights, table["pairs"][:n], table["answer"][:n])
    return loss, *AdamW(lr, 0.9, 0.98, decay=decay).step(weights, slope, memory, k)


def scored(logits: torch.Tensor, answer: torch.Tensor, shown: int) -> dict[str, torch.Tensor]:
    """Accuracy and mean cross-entropy of the first `shown` of n answers and of the hidden others.

    Parameters
    ----------
    logits : Tensor (n, p)
    answer : int64 Tensor (n,)

    Returns
    -------
    dict
        `train_acc`, `test_acc`, `train_loss`, `test_loss`, each 0-d.
    """
    right = (logits.argmax(1) == answer).to(logits.dtype)
    loss = -logits.log_softmax(1).gather(1, answer[:, None])
    return {
        "test_acc": right[shown:].mean(),
        "train_acc": right[:shown].mean(),
        "test_loss": loss[shown:].mean(),
        "train_loss": loss[:shown].mean(),
    }


@final
@dataclass(frozen=True)
class PairNetwork:
    """Reads two numbers, answers with one: one embedding, one hidden layer, no biases.

    `logits(a, b) = out relu((embed[a] + embed[b]) hidden)`. Both numbers go through the same
    embedding ("tied"), so that the answer cannot depend on their order.

    Parameters
    ----------
    p : int
        How many numbers there are, and how many answers.
    d : int
        Length of an embedded number. It holds at most d / 2 waves on the clock.
    width : int
        Hidden neurons.

    Notes
    -----
    Weights: `embed` (p, d), `hidden` (d, width), `out` (p, width).
    """

    p: int
    d: int
    width: int

    def init(self, rng: Rng) -> Weights:
        """Normal weights; variance 1 / (length of the sum that they enter)."""
        return {
            "embed": rng.normal("embed", (self.p, self.d)) / math.sqrt(self.d),
            "hidden": rng.normal("hidden", (self.d, self.width)) / math.sqrt(self.d),
            "out": rng.normal("out", (self.p, self.width)) / math.sqrt(self.width),
        }

    @staticmethod
    def table(weights: Weights) -> torch.Tensor:
        """What each number adds to each neuron, (p, width)."""
        return weights["embed"] @ weights["hidden"]

    @staticmethod
    def hidden(weights: Weights, pairs: torch.Tensor) -> torch.Tensor:
        """The neurons' activity for int64 pairs (n, 2), (n, width)."""
        # table[a] + table[b] takes three times as long on a CPU: indexing is not index_select.
        table = PairNetwork.table(weights)
        a, b = pairs.unbind(1)
        return table.index_select(0, a).add_(table.index_select(0, b)).relu_()

    @staticmethod
    def logits(weights: Weights, pairs: torch.Tensor) -> torch.Tensor:
        """The answers' scores for int64 pairs (n, 2), (n, p)."""
        return PairNetwork.hidden(weights, pairs) @ weights["out"].T

    @staticmethod
    def gradient(
        weights: Weights, pairs: torch.Tensor, answer: torch.Tensor
    ) -> tuple[torch.Tensor, Weights]:
        """Mean cross-entropy over n pairs (0-d) and its gradient, by the names of the weights.

        Written out: autograd takes twice the time, and a step is hardly anything else.
        """
        embed, hidden, out = weights["embed"], weights["hidden"], weights["out"]
        n = len(answer)
        activity = PairNetwork.hidden(weights, pairs)
        loss, error = loss_and_error(activity @ out.T, answer)
        back = (error @ out).mul_(activity.sign())  # relu's slope: activity is 0 or more
        to_table = embed.new_zeros(len(embed), hidden.shape[1])
        to_table.index_add_(0, pairs[:, 0], back).index_add_(0, pairs[:, 1], back).div_(n)
        return loss, {
            "embed": to_table @ hidden.T,
            "hidden": embed.T @ to_table,
            "out": (error.T @ activity).div_(n),
        }
