"""Saddle points of f(x) + <K x, y> - g(y) by steps that alternate between x and y.

`f` and `g` come as proximal maps `prox(v, t)`, the point of least t f(y) + |y - v|^2 / 2, or f as
its gradient. With both steps t s |K|^2 <= 1 the gap of averages falls like 1 / k; if one side is
strongly convex, steps that change in the right way make that 1 / k^2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from lab.core.fixed_point import Map

Prox = Callable[[Tensor, Tensor], Tensor]
State = dict[str, Tensor]


class Saddle(NamedTuple):
    """A problem.

    Parameters
    ----------
    prox_f, prox_g : callable
        (v, t) to the proximal map of t f or t g at v.
    K, back : callable
        The coupling (..., n) to (..., m), and its transpose.
    gradient : callable, optional
        Of a smooth part of f that is not in `prox_f`.
    """

    prox_f: Prox
    prox_g: Prox
    K: Map
    back: Map
    gradient: Map | None = None


@dataclass(frozen=True)
class ChambollePock:
    """y <- prox_g(y + s K (2 x - x_before)), x <- prox_f(x - t K' y) (Chambolle and Pock 2011).

    Parameters
    ----------
    t, s : float
        First steps of x and y, t s |K|^2 <= 1.
    convexity : float
        Modulus of strong convexity of f that is made use of: t shrinks and s grows, t s stays
        (their algorithm 2). 0 keeps the steps. For a strongly concave y exchange the sides.
    """

    t: float
    s: float
    convexity: float = 0.0

    @property
    def power(self) -> int:
        """p, where |x_k - x*|^2 falls at least like k^-p; 0 says nothing."""
        return 2 if self.convexity else 0

    def init(self, x: Tensor, y: Tensor) -> State:
        """State at the start x (..., n), y (..., m)."""
        return {
            "x": x,
            "y": y,
            "ahead": x.clone(),
            "t": x.new_full((), self.t),
            "s": x.new_full((), self.s),
            "products": torch.zeros((), dtype=torch.int64),
        }

    def step(self, state: State, problem: Saddle, k: int) -> State:
        """The state after step `k` = 0, 1, ..."""
        x, t, s = state["x"], state["t"], state["s"]
        y = problem.prox_g(state["y"] + s * problem.K(state["ahead"]), s)
        new = problem.prox_f(x - t * problem.back(y), t)
        keep = (1 + 2 * self.convexity * t).rsqrt()
        return {
            "x": new,
            "y": y,
            "ahead": new + keep * (new - x),
            "t": t * keep,
            "s": s / keep,
            "products": state["products"] + 2,
        }


@dataclass(frozen=True)
class LinearisedPrimalDual:
    """One gradient step on a smooth f and one proximal step on a strongly concave y: 1 / k.

    Accelerated, the gradient is taken at an average of the iterates and the steps grow with k,
    which makes that 1 / k^2: in the smoothness L of f the evaluations to a given gap go like
    sqrt(L) instead of L, as long as the coupling does not dominate. The weights are the usual ones
    of accelerated primal-dual methods; the steps were derived here, not taken from a paper.

    Parameters
    ----------
    smoothness : float or Tensor of shape ()
        L, of the gradient of f.
    coupling : float or Tensor of shape ()
        |K|.
    concavity : float or Tensor of shape ()
        m, the modulus of strong convexity of g.
    accelerated : bool
    """

    order: ClassVar[int] = 1

    smoothness: float
    coupling: float
    concavity: float = 1.0
    accelerated: bool = True

    @property
    def power(self) -> int:
        """p, where the gap falls at least like k^-p."""
        return 2 if self.accelerated else 1

    def init(self, x: Tensor, y: Tensor) -> State:
        """State at the start x (..., n), y (..., m); `mean_x`, `mean_y` are what is returned."""
        return {
            "x": x,
            "y": y,
            "last": x.clone(),
            "mean_x": x.clone(),
            "mean_y": y.clone(),
            "evaluations": torch.zeros((), dtype=torch.int64),
        }

    def step(self, state: State, problem: Saddle, k: int) -> State:
        """The state after step `k` = 0, 1, ...; the problem has a `gradient`.

        Raises
        ------
        ValueError
            It has none.
        """
        if problem.gradient is None:
            raise ValueError("the problem needs the gradient of its smooth part")
        x, last = state["x"], state["last"]
        s = torch.as_tensor(3 / (self.concavity * (k + 1)), dtype=x.dtype, device=x.device)
        own = 3 * self.coupling**2 / self.concavity
        share = 2 / (k + 2)
        if self.accelerated:
            at = torch.lerp(state["mean_x"], x, share)
            t = (k + 1) / (2 * self.smoothness + own)
        else:
            at = x
            t = 1 / (self.smoothness + own / (k + 1))
        t = torch.as_tensor(t, dtype=x.dtype, device=x.device)
        ahead = x + k / (k + 1) * (x - last)
        y = problem.prox_g(state["y"] + s * problem.K(ahead), s)
        new = problem.prox_f(x - t * (problem.gradient(at) + problem.back(y)), t)
        return {
            "x": new,
            "y": y,
            "last": x,
            "mean_x": torch.lerp(state["mean_x"], new, share),
            "mean_y": torch.lerp(state["mean_y"], y, share),
            "evaluations": state["evaluations"] + 1,
        }
