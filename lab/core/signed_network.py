"""A two-layer network with fixed signs, trained by products between examples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor


@final
@dataclass(frozen=True)
class SignedNetwork:
    """f(x) = sum_j a_j phi(w_j x), with a_j = +1 / sqrt(m) and -1 / sqrt(m) in turn, m neurons.

    Gradient descent on the mean logistic loss of n examples adds nothing to the weights but
    multiples of these examples: W = start + memory X. So `memory` (m, n) and the products X X'
    say all; the dimension of x costs nothing. Below zero phi has the slope `slope`: 0 is relu, 1
    makes the network linear.

    Parameters
    ----------
    lr : float or 0-d Tensor
    slope : float or 0-d Tensor
    """

    lr: float | Tensor
    slope: float | Tensor = 0.0

    @staticmethod
    def signs(m: int, like: Tensor) -> Tensor:
        """The second layer, (m,)."""
        return (1 - 2 * (torch.arange(m, device=like.device) % 2)).to(like.dtype) / math.sqrt(m)

    def output(self, pre: Tensor) -> Tensor:
        """f at examples whose products with the weights are `pre` (m, N), (N,)."""
        signs = self.signs(len(pre), pre)
        return signs @ (self.slope * pre + (1 - self.slope) * pre.relu())

    def step(self, memory: Tensor, pre: Tensor, gram: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """One step of full-batch gradient descent.

        Parameters
        ----------
        memory : Tensor of shape (m, n)
        pre : Tensor of shape (m, N)
            Weights times examples; the n training examples first, others only watch.
        gram : Tensor of shape (n, N)
            Training examples times examples.
        y : Tensor of shape (n,)
            Labels, +1 and -1.

        Returns
        -------
        memory, pre
        """
        seen = pre[:, : len(y)]
        pull = y * torch.sigmoid(-y * self.output(seen)) / len(y)
        slopes = self.slope + (1 - self.slope) * (seen > 0).to(pre.dtype)
        added = self.lr * self.signs(len(pre), pre)[:, None] * slopes * pull
        return memory + added, pre + added @ gram

    @staticmethod
    def linear_part(pre: Tensor) -> Tensor:
        """The odd part (f(x) - f(-x)) / 2 of a relu network, sum_j a_j w_j x / 2, shape (N,).

        relu(z) is z / 2 + |z| / 2, so what is not even in x is linear in x.
        """
        return SignedNetwork.signs(len(pre), pre) @ pre / 2
