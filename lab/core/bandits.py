"""Learners that choose among d actions and are told what the chosen one cost, not the others.

Costs lie in [0, 1]. `chances` gives the distribution that the next action is drawn from, `update`
takes in what it cost. Tables here are a few numbers and updates are thousands in a run, so these
are numpy arrays and not tensors, five times faster at this size. All chance comes from outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

State = dict[str, Any]


@dataclass(frozen=True)
class TsallisInf:
    """Follow the leader, regularised by the Tsallis entropy of power 1/2.

    p = argmin <p, costs so far> - (4 / eta) sum sqrt(p), which is p_i = 4 / (eta (L_i - x))^2 with
    x such that they add up to 1; eta = 2 rate / sqrt(t). Costs of actions not taken are estimated
    by importance weights (Zimmert and Seldin, "Tsallis-INF", JMLR 2021).

    Parameters
    ----------
    actions : int
    rate : float
        1 is theirs.
    """

    actions: int
    rate: float = 1.0

    @property
    def power(self) -> float:
        """p, where the regret after t rounds grows like t^p at most, whatever the costs."""
        return 0.5

    def init(self) -> State:
        return {"sums": np.zeros(self.actions), "times": 0}

    def chances(self, state: State, context: np.ndarray | None = None) -> np.ndarray:
        """Distribution over the actions, shape (d,), the same for every context."""
        eta = 2 * self.rate / sqrt(state["times"] + 1)
        sums = state["sums"] - state["sums"].min()
        # The sum is convex and rises with x: Newton from the right, where the leader alone has 1.
        x = -2 / eta
        for _ in range(100):
            p = 4 / (eta * (sums - x)) ** 2
            over = p.sum() - 1
            if over < 1e-12:
                break
            x -= over / (eta * (p**1.5).sum())
        return p / p.sum()

    def update(
        self, state: State, p: np.ndarray, action: int, cost: float, context: np.ndarray | None
    ) -> State:
        """The state after `action`, drawn from `p`, has cost `cost`."""
        sums = state["sums"].copy()
        sums[action] += cost / p[action]
        return {"sums": sums, "times": state["times"] + 1}


@dataclass(frozen=True)
class RegressionBandit:
    """Predicts every action's cost from a context, and prefers actions by the inverse of their gap.

    One linear least squares fit for each action, with a unit ridge; p_i = 1 / (d + g (gap of i))
    for all but the action with the least prediction, which gets the rest, with
    g = rate sqrt(t d) (Foster and Rakhlin, "Beyond UCB", ICML 2020: SquareCB).

    Parameters
    ----------
    actions, features : int
    rate : float
    """

    actions: int
    features: int
    rate: float = 3.0

    @property
    def power(self) -> float:
        """p, where the regret against the best function of the context grows like t^p, up to
        logarithms, if costs are linear in the features on average."""
        return 0.5

    def init(self) -> State:
        return {
            "inverse": np.stack([np.eye(self.features)] * self.actions),
            "weights": np.zeros((self.actions, self.features)),
            "times": 0,
        }

    def chances(self, state: State, context: np.ndarray) -> np.ndarray:
        """Distribution over the actions in a context, shape (features,)."""
        predicted = state["weights"] @ context
        best = int(predicted.argmin())
        sharp = self.rate * sqrt((state["times"] + 1) * self.actions)
        p = 1 / (self.actions + sharp * (predicted - predicted[best]))
        p[best] = 0
        p[best] = 1 - p.sum()
        return p

    def update(
        self, state: State, p: np.ndarray, action: int, cost: float, context: np.ndarray
    ) -> State:
        """The state after `action` has cost `cost` in a context; recursive least squares."""
        inverse, weights = state["inverse"].copy(), state["weights"].copy()
        gain = inverse[action] @ context
        gain = gain / (1 + context @ gain)
        weights[action] += gain * (cost - weights[action] @ context)
        inverse[action] -= np.outer(gain, context @ inverse[action])
        return {"inverse": inverse, "weights": weights, "times": state["times"] + 1}
