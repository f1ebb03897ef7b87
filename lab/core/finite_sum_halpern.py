"""Halpern's iteration on the mean of n operators, of which a step looks at a few.

z <- a z_0 + (1 - a) z - rate E, a = 2 / (k + 4), with E an estimate of V z = mean of V_i z. Every
now and then E is V z itself; in between it is carried on by what a few components changed,
E <- E + mean over a sample of V_i(z) - V_i(z_before), whose error stays small as long as the
iterates move little (Li, Bao, Zhang, Richtarik, "PAGE", 2021; with Halpern: Cai, Alacaoglu and
Diakonikolas, "Variance reduced Halpern iteration for finite-sum monotone inclusions", ICLR 2024;
constants from memory). All chance comes from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import torch
from torch import Tensor

KINDS = ("variance reduced", "full", "sampled")


@dataclass(frozen=True)
class FiniteSumHalpern:
    """Not for `torch.func.vmap`: which components are looked at depends on a coin.

    Parameters
    ----------
    n : int
        Components.
    rate : float
        1 / (4 L) for components that are 1 / L-cocoercive on average.
    kind : {"variance reduced", "full", "sampled"}
        "full" always looks at all; "sampled" takes the mean over the sample for E itself.

    Raises
    ------
    ValueError
        No such kind.
    """

    n: int
    rate: float
    kind: str = "variance reduced"

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}; not {self.kind!r}")

    @property
    def batch(self) -> int:
        """Components in a sample: the root of n."""
        return ceil(sqrt(self.n))

    @property
    def power(self) -> float:
        """p, where the evaluations of components to a given residual r grow like n^p at most.

        Variance reduced these are of order n + sqrt(n) L / r: p is for n well below (L / r)^2.
        """
        return 0.5 if self.kind == "variance reduced" else 1.0

    def chance(self, k: int) -> float:
        """Of a look at all components in step `k`."""
        if self.kind != "variance reduced":
            return float(self.kind == "full")
        root = sqrt(self.n)
        return min(1.0, 4 / (k + 5) if k <= root else 4 / (root + 5))

    def init(self, x: Tensor) -> dict[str, Any]:
        """State at the start `x`, shape (d,)."""
        return {
            "x": x,
            "start": x.clone(),
            "last": x.clone(),
            "estimate": torch.zeros_like(x),
            "components": 0,
        }

    def step(
        self,
        state: dict[str, Any],
        mean: Callable[[Tensor, Tensor | None], Tensor],
        coin: Tensor,
        picks: Tensor,
        k: int,
    ) -> dict[str, Any]:
        """The state after step `k` = 0, 1, ...

        Parameters
        ----------
        mean : callable
            (x, indices) to the mean of these components at x, of all for None.
        coin : Tensor of shape ()
            Uniform in [0, 1).
        picks : Tensor of shape (batch,)
            Indices, drawn with replacement.
        """
        x, estimate = state["x"], state["estimate"]
        if self.kind == "sampled":
            estimate, looked = mean(x, picks), len(picks)
        elif k == 0 or float(coin) < self.chance(k):
            estimate, looked = mean(x, None), self.n
        else:
            estimate = estimate + mean(x, picks) - mean(state["last"], picks)
            looked = 2 * len(picks)
        ahead = torch.lerp(x, state["start"], 2 / (k + 4)) - self.rate * estimate
        return {
            "x": ahead,
            "start": state["start"],
            "last": x,
            "estimate": estimate,
            "components": state["components"] + looked,
        }
