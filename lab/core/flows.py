"""Flows from one density to another along their blends.

Take x0 from one density and x1, independently, from another. Their blend (1 - a) x0 + a x1 has a
density of its own for every a between 0 and 1, the first density at 0 and the second at 1. A
deblender looks at a blend x and tells the difference x1 - x0 that is to be expected behind it,
D(x, a) = E[x1 - x0 | (1 - a) x0 + a x1 = x]. Going from blend to blend by

    x <- x + (b - a) D(x, a)

is Iterative alpha-(de)Blending (Heitz, Belcour and Chambon, SIGGRAPH 2023), and Euler's method for
dx/da = D(x, a), whose exact flow carries the first density into every blend and into the second.
On the line paths of a flow do not cross, so it is the monotone rearrangement F1^-1(F0(x)).

For mixtures of round Gaussians the posterior is known. Components i of the first and j of the
second density blend into a component at (1 - a) m_i + a n_j of variance v = (1-a)^2 s_i^2 +
a^2 t_j^2. Given x and the pair, x1 - x0 is normal with

    mean      n_j - m_i + (a t_j^2 - (1 - a) s_i^2) / v (x - (1 - a) m_i - a n_j)
    variance  s_i^2 t_j^2 / v

and D is the mean of the first over the posterior of the pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from lab.core.problems.densities import Density, choose, mean, shares

Velocity = Callable[[Tensor, float], Tensor]
State = dict[str, Any]

CACHED = 32_768  # numbers of a (pairs, points) tensor at once; many more are ten times slower


@dataclass(frozen=True, eq=False)
class Deblender:
    """What is known about the pair behind a blend of two mixtures.

    Parameters
    ----------
    source, target : Density
        With m and l components in d dimensions. Widths may be zero (an empirical sample): then
        blends are asked for strictly inside 0 < a < 1 only, or at the other end.
    """

    source: Density
    target: Density

    def blend(self, a: float) -> Density:
        """The density of the blends at `a`: m l components."""
        source, target = self.source, self.target
        centres = torch.lerp(source["centres"][:, None], target["centres"], a)
        widths = torch.hypot((1 - a) * source["widths"][:, None], a * target["widths"])
        weights = source["weights"][:, None] * target["weights"]
        return {
            "centres": centres.flatten(0, 1),
            "widths": widths.flatten(),
            "weights": weights.flatten(),
        }

    def expected(self, x: Tensor, a: float) -> Tensor:
        """D(x, a): the difference x1 - x0 to be expected at the blends `x`, shape (n, d)."""
        blend = self.blend(a)
        shift, slope, _ = self._pairs(blend, a)
        ahead = shift - slope[:, None] * blend["centres"]

        def some(x):
            pair = shares(blend, x).T
            return torch.addcmul(pair @ ahead, (pair @ slope)[:, None], x)

        return _in_parts(some, len(slope), x)

    def sampled(self, x: Tensor, a: float, pick: Tensor, spread: Tensor) -> Tensor:
        """One possible difference x1 - x0 for each blend in `x`, drawn from its posterior.

        Parameters
        ----------
        x : Tensor of shape (n, d)
        pick : Tensor of shape (n,)
            Uniform numbers in [0, 1): the pair of components.
        spread : Tensor of shape (n, d)
            Normal numbers: the difference given the pair.
        """
        blend = self.blend(a)
        shift, slope, width = self._pairs(blend, a)

        def some(x, pick, spread):
            pair = choose(shares(blend, x), pick)
            found = shift[pair] + slope[pair, None] * (x - blend["centres"][pair])
            return torch.addcmul(found, width[pair, None], spread)

        return _in_parts(some, len(slope), x, pick, spread)

    def blind(self) -> Tensor:
        """The difference of the means, shape (d,): what one expects who does not look at x."""
        return mean(self.target) - mean(self.source)

    def _pairs(self, blend: Density, a: float) -> tuple[Tensor, Tensor, Tensor]:
        """Of each pair: mean of x1 - x0 at its centre, slope of that mean in x, deviation."""
        s, t = self.source["widths"][:, None], self.target["widths"]
        shift = (self.target["centres"] - self.source["centres"][:, None]).flatten(0, 1)
        width = blend["widths"].clamp(min=torch.finfo(s.dtype).tiny ** 0.5)
        slope = (a * t.square() - (1 - a) * s.square()).flatten() / width.square()
        return shift, slope, (s * t).flatten() / width


def _in_parts(work: Callable, pairs: int, *rows: Tensor) -> Tensor:
    """`work` on a few rows at a time, so that its tensors stay in the cache."""
    size = max(1, CACHED // pairs)
    if len(rows[0]) <= size:
        return work(*rows)
    return torch.cat([work(*part) for part in zip(*(r.split(size) for r in rows))])


@dataclass(frozen=True)
class Deblend:
    """x <- x + (b - a) D(x, a), the step of the paper: Euler's."""

    order: ClassVar[int] = 1
    evaluations: ClassVar[int] = 1

    def init(self, x: Tensor) -> State:
        """State at the start `x`, shape (n, d), where a = 0."""
        return {"x": x, "a": 0.0}

    def step(self, state: State, D: Velocity, b: float) -> State:
        """The blends at `b`, after those at `state["a"]`."""
        x, a = state["x"], state["a"]
        return {"x": x + (b - a) * D(x, a), "a": b}


@dataclass(frozen=True)
class Midpoint:
    """Deblends half a step, looks again from there, and takes the whole step with what it saw.

    Never looks at a = 1, where points are deblended by dividing by zero.
    """

    order: ClassVar[int] = 2
    evaluations: ClassVar[int] = 2

    init = Deblend.init

    def step(self, state: State, D: Velocity, b: float) -> State:
        """As of `Deblend`."""
        x, a = state["x"], state["a"]
        half = 0.5 * (b - a)
        return {"x": x + (b - a) * D(x + half * D(x, a), a + half), "a": b}


@dataclass(frozen=True)
class Kutta:
    """The classical Runge-Kutta method, for references."""

    order: ClassVar[int] = 4
    evaluations: ClassVar[int] = 4

    init = Deblend.init

    def step(self, state: State, D: Velocity, b: float) -> State:
        """As of `Deblend`."""
        x, a = state["x"], state["a"]
        h = b - a
        first = D(x, a)
        second = D(x + 0.5 * h * first, a + 0.5 * h)
        third = D(x + 0.5 * h * second, a + 0.5 * h)
        fourth = D(x + h * third, b)
        return {"x": x + h / 6 * (first + 2 * (second + third) + fourth), "a": b}


def follow(method, D: Velocity, x: Tensor, steps: int, crowd: float = 1.0) -> Tensor:
    """Where `steps` steps of a method take `x`, shape (n, d).

    Parameters
    ----------
    crowd : float
        At 1 the steps are equal; above, they get shorter towards a = 1, where narrow modes form:
        1 - a falls like the power `crowd` of the share of steps that is left.
    """
    state = method.init(x)
    for left in range(steps - 1, -1, -1):
        state = method.step(state, D, 1.0 - (left / steps) ** crowd)
    return state["x"]
