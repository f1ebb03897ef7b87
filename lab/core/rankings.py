"""Strengths of players from the games between them: the model of Zermelo, Bradley and Terry.

Player i beats j with probability p_ij = 1 / (1 + exp(s_j - s_i)). Of `wins` w, shape (n, n), w_ij
counts how often i beat j. If no group of players won all its games against the rest, the likelihood
has one maximum, up to a shift of all strengths s, which is fixed here by a mean of zero.

The updates are those of Newman, "Efficient computation of rankings from pairwise comparisons"
(JMLR 2023), the rates derived here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


def odds(s: Tensor) -> Tensor:
    """p_ij, shape (..., n, n), of strengths of shape (..., n)."""
    return torch.sigmoid(s[..., :, None] - s[..., None, :])


def loglikelihood(s: Tensor, wins: Tensor) -> Tensor:
    """Of strengths (..., n) under wins (..., n, n): shape (...)."""
    gaps = s[..., :, None] - s[..., None, :]
    return (wins * torch.nn.functional.logsigmoid(gaps)).sum((-2, -1))


def curvature(s: Tensor, wins: Tensor) -> Tensor:
    """Minus the Hessian of the log-likelihood, shape (n, n); it is a graph's Laplacian."""
    p = odds(s)
    weights = ((wins + wins.mT) * p * p.mT).fill_diagonal_(0)
    return torch.diag(weights.sum(1)) - weights


def maximum(wins: Tensor, steps: int = 200) -> Tensor:
    """The strengths (n,) of greatest likelihood, by Newton's method with steps of length 1 at most.

    Raises
    ------
    ValueError
        When some group never lost to the rest: then there is no maximum.
    """
    s = torch.zeros(len(wins), dtype=wins.dtype, device=wins.device)
    for _ in range(steps):
        push = (wins - (wins + wins.mT) * odds(s)).sum(1)
        # A constant on all entries makes the Laplacian regular and leaves steps of mean zero alone.
        move = torch.linalg.solve_ex(curvature(s, wins) + 1 / len(wins), push)[0]
        move = move / move.abs().amax().clamp(min=1)
        s = s + move - move.mean()
        if move.abs().amax() < 1e-9:  # the next one would be the square of that
            return s
    raise ValueError("no group of players may have won all its games against the rest")


@dataclass(frozen=True)
class Strengths:
    """exp s_i <- sum_j w_ij (a e_i + e_j) / (e_i + e_j) over sum_j (a w_ij + w_ji) / (e_i + e_j).

    Here e = exp s. One player after the other; each sees the strengths of now.

    Parameters
    ----------
    share : float or Tensor of shape ()
        a: 1 is Zermelo's iteration, 0 is Newman's.
    at_once : bool
        All players see the strengths before the sweep instead.
    """

    share: float | Tensor = 0.0
    at_once: bool = False

    def init(self, wins: Tensor) -> dict[str, Any]:
        """All players alike."""
        return {"s": torch.zeros_like(wins[..., 0])}

    def step(self, state: dict[str, Any], wins: Tensor, k: int) -> dict[str, Any]:
        """The state after a sweep over all players; wins have shape (n, n)."""
        e = state["s"].exp()
        below = self.share * wins + wins.mT
        if self.at_once:
            shares = 1 / (e[:, None] + e)
            above = wins * (self.share * e[:, None] + e)
            e = (above * shares).sum(1) / (below * shares).sum(1)
        else:
            here = torch.eye(len(wins), dtype=torch.bool, device=wins.device)
            for i in range(len(wins)):
                shares = 1 / (e[i] + e)
                above = (self.share * e[i] + e) * shares
                e = torch.where(here[i], (wins[i] @ above) / (below[i] @ shares), e)
        s = e.log()
        return {"s": s - s.mean()}

    def factor(self, s: Tensor, wins: Tensor) -> Tensor:
        """By which the error shrinks in a sweep, close to the maximum `s`.

        A player's update is s_i <- s_i + g_i / d_i to first order, where g is the gradient and
        d_i = sum_j (a w_ij + w_ji) p_ij. So errors are multiplied by I - (D + L)^-1 H, where H is
        the curvature and L its part below the diagonal, or zero when all move at once. Newman's
        d_i is nearly the curvature of s_i alone; Zermelo's is all games that i won.
        """
        H = curvature(s, wins)
        d = torch.diag(((self.share * wins + wins.mT) * odds(s)).sum(1))
        seen = d if self.at_once else d + torch.tril(H, -1)
        moves = torch.linalg.solve(seen, H)
        # What shifts all strengths alike is no error: its eigenvalue 1 is moved to 0.
        n = len(s)
        centre = torch.eye(n, dtype=s.dtype, device=s.device) - 1 / n
        return torch.linalg.eigvals(centre @ (torch.eye(n, dtype=s.dtype) - moves)).abs().amax()
