"""An evolution strategy with a spread for each number: only the ranks of samples are looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lab.core.mlp import Mlp
from lab.core.optim import AdamW


@final
@dataclass(frozen=True)
class DiagonalStrategy:
    """Samples around a mean, in mirrored pairs; the better ones draw the mean and the spreads.

    Only ranks of losses count, from 1/2 for the best to -1/2 for the worst. The mean follows the
    gradient of the expected rank by Adam; the logarithm of each spread its natural gradient, the
    mean of rank * (z^2 - 1) over the samples mu + sigma z. Wierstra, Schaul, Glasmachers, Sun,
    Peters, Schmidhuber, "Natural evolution strategies" (2014); Salimans, Ho, Chen, Sidor,
    Sutskever, "Evolution strategies as a scalable alternative" (2017) for pairs and Adam.

    Parameters
    ----------
    rate : float
        Of Adam on the mean.
    spread_rate : float
        Of the logarithm of the spreads.
    spread, least, most : float
        The spread at first, and its bounds.
    """

    rate: float = 0.03
    spread_rate: float = 1.0
    spread: float = 0.1
    least: float = 0.01
    most: float = 0.5

    def init(self, mean: Tensor) -> dict:
        """The state before the first generation, around `mean` (numbers,)."""
        log_spread = torch.full_like(mean, math.log(self.spread))
        return {"mean": mean, "log_spread": log_spread, "memory": AdamW.init({"all": mean})}

    @staticmethod
    def samples(state: dict, noise: Tensor, alive: Tensor | None = None) -> Tensor:
        """(2 pairs, numbers): what is tried for standard normal `noise` (pairs, numbers).

        Dead numbers (`alive` False) are tried as 0.
        """
        far = state["log_spread"].exp() * noise
        tried = torch.cat([state["mean"] + far, state["mean"] - far])
        return tried if alive is None else tried * alive

    def step(
        self, state: dict, noise: Tensor, losses: Tensor, k: int, alive: Tensor | None = None
    ) -> dict:
        """The state after generation `k`, by the losses (2 pairs,) of `samples`."""
        n = len(losses)
        rank = torch.empty_like(losses)
        rank[losses.argsort(stable=True)] = torch.linspace(0.5, -0.5, n).to(losses)
        ahead, behind = rank.chunk(2)
        gain = (ahead - behind) @ noise / n
        widen = (ahead + behind) @ (noise.square() - 1) / n
        if alive is not None:
            gain, widen = gain * alive, widen * alive
        moved, memory = AdamW(self.rate, decay=0.0).step(
            {"all": state["mean"]}, {"all": -gain}, state["memory"], k
        )
        log_spread = state["log_spread"] + self.spread_rate * widen
        log_spread = log_spread.clamp(math.log(self.least), math.log(self.most))
        return {"mean": moved["all"], "log_spread": log_spread, "memory": memory}


def population_losses(net: Mlp, tried: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Mean cross-entropy of each of many networks on the same examples, (networks,).

    Parameters
    ----------
    tried : Tensor (networks, net.size)
        Weights, each row laid out as in `Mlp`.
    x, y : Tensor (n, inputs), (n,)
    """
    h, at = x.expand(len(tried), *x.shape), 0
    for i, (out, into) in enumerate(net.shapes):
        weights = tried[:, at : at + out * into].view(-1, out, into)
        at += out * into
        h = torch.baddbmm(tried[:, None, at : at + out], h, weights.transpose(1, 2))
        at += out
        if i < len(net.shapes) - 1:
            h = h.relu_()
    losses = cross_entropy(h.flatten(0, 1), y.repeat(len(tried)), reduction="none")
    return losses.view(len(tried), -1).mean(1)
