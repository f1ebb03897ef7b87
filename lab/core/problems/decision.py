"""Small Markov decision processes, with and without a budget, and their exact answers.

States s, actions a, transitions P[s, a, s'], discount g. A policy pi[s, a] has an occupancy
d[s, a] = (1 - g) sum over t of g^t P(s_t = s, a_t = a), a distribution; its reward is <r, d>.
Occupancies are exactly the d >= 0 with, for every s',

    sum over a of d[s', a] = (1 - g) start[s'] + g sum over s, a of P[s, a, s'] d[s, a],

so the best policy under a budget <cost, d> <= budget is a linear programme, whose marginal is the
price of the budget (Altman, "Constrained Markov decision processes", 1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import linprog
from torch import Tensor

from lab.core.backend import Backend
from lab.core.random import Rng

Process = dict[str, Tensor]


class Best(NamedTuple):
    """The answer: occupancy and policy, both (states, actions), reward, and the budget's price."""

    occupancy: Tensor
    policy: Tensor
    reward: float
    price: float


@dataclass(frozen=True)
class Decisions:
    """A random process.

    Parameters
    ----------
    states, actions : int
    discount : float
        At least 0 and below 1.
    """

    states: int = 4
    actions: int = 3
    discount: float = 0.9

    def make(self, rng: Rng, backend: Backend) -> Process:
        """Draws the process.

        Returns
        -------
        dict of Tensor
            `moves` (states, actions, states), uniform on the simplex; `reward`, `cost`
            (states, actions) in [0, 1); `first` (states,), even; `discount` ().
        """
        n, m = self.states, self.actions
        moves = -torch.log1p(-rng.uniform("moves", (n, m, n)))
        return {
            "moves": moves / moves.sum(-1, keepdim=True),
            "reward": rng.uniform("reward", (n, m)),
            "cost": rng.uniform("cost", (n, m)),
            "first": backend.ones(n) / n,
            "discount": backend.tensor(float(self.discount)),
        }


def bellman(p: Process, value: Tensor) -> Tensor:
    """max over a of r + g P value, (..., states) to itself: contracts by g in the sup norm."""
    ahead = torch.einsum("san,...n->...sa", p["moves"], value)
    return (p["reward"] + p["discount"] * ahead).amax(-1)


def action_values(p: Process, policy: Tensor, reward: Tensor) -> Tensor:
    """Q[s, a] of a policy, both (states, actions), times 1 - g, for any reward of that shape."""
    n = len(p["first"])
    eye = torch.eye(n, dtype=policy.dtype, device=policy.device)
    mixed = torch.einsum("sa,san->sn", policy, p["moves"])
    value = torch.linalg.solve(eye - p["discount"] * mixed, (policy * reward).sum(-1))
    return (1 - p["discount"]) * (reward + p["discount"] * p["moves"] @ value)


def occupancy(p: Process, policy: Tensor) -> Tensor:
    """d of a policy, both (states, actions)."""
    n, g = len(p["first"]), p["discount"]
    eye = torch.eye(n, dtype=policy.dtype, device=policy.device)
    mixed = torch.einsum("sa,san->sn", policy, p["moves"])
    visits = torch.linalg.solve(eye - g * mixed.mT, (1 - g) * p["first"])
    return visits[:, None] * policy


def best(p: Process, budget: float | None = None) -> Best:
    """The best policy by linear programming over occupancies.

    Parameters
    ----------
    budget : float, optional
        On the mean cost <cost, d>.

    Raises
    ------
    ValueError
        No policy keeps the budget.
    """
    moves, reward, cost, first = (
        p[name].double().numpy() for name in ("moves", "reward", "cost", "first")
    )
    n, m, _ = moves.shape
    g = float(p["discount"])
    flow = np.repeat(np.eye(n), m, axis=1) - g * moves.reshape(n * m, n).T
    limits = {} if budget is None else {"A_ub": cost.reshape(1, -1), "b_ub": [budget]}
    found = linprog(
        -reward.ravel(), A_eq=flow, b_eq=(1 - g) * first, bounds=(0, None), method="highs", **limits
    )
    if found.status != 0:
        raise ValueError(f"no policy keeps the budget {budget:g}: {found.message}")
    d = torch.from_numpy(found.x.reshape(n, m)).to(p["first"])
    price = 0.0 if budget is None else float(-found.ineqlin.marginals[0])
    return Best(d, d / d.sum(-1, keepdim=True), float(-found.fun), price)
