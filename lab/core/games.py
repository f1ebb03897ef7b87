"""First-order methods for games: zeros of an operator V, such as (grad_x f, -grad_y f).

V maps tensors (..., d) to (..., d); a saddle point of f, or an equilibrium, is where V vanishes, or
on a constraint set where x = P(x - V x) with P the projection (`residual` is the length of that
difference). `evaluations` in the state counts V for each row.

On a linear V every method is a matrix of V in each step; an eigenvalue l of V is multiplied by what
`radius(l)` gives (for methods that remember: the larger one). On f = x y the eigenvalues are +-i:
gradient descent-ascent has 1 + g^2 > 1 and runs off, the others look ahead and turn inwards.
`power` is p where |V z_k| falls at least like k^-p on every monotone Lipschitz V with a zero, at
a small enough step (0: need not fall).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lab.core.fixed_point import Map, count

State = dict[str, Tensor]


def anywhere(x: Tensor) -> Tensor:
    """The projection where there is no constraint."""
    return x


def residual(V: Map, x: Tensor, project: Map = anywhere) -> Tensor:
    """|x - P(x - V x)|, shape (...); without constraints |V x|."""
    return (x - project(x - V(x))).norm(dim=-1)


def scaled(V: Map, scale: Tensor) -> Map:
    """V with its components multiplied by `scale`, shape (d,): players with time scales."""
    return lambda x: scale * V(x)


def _pair(a: complex, b: complex) -> float:
    """The larger modulus of the roots of m^2 = a m + b."""
    root = (a * a + 4 * b) ** 0.5
    return max(abs(a + root), abs(a - root)) / 2


@dataclass(frozen=True)
class Descent:
    """z <- P(z - rate V z): gradient descent-ascent."""

    power: ClassVar[float] = 0.0

    rate: float = 0.1
    project: Map = anywhere

    def init(self, x: Tensor) -> State:
        """State at the start `x`, shape (..., d)."""
        return {"x": x, "evaluations": count(x)}

    def step(self, state: State, V: Map, k: int) -> State:
        """The state after step `k` = 0, 1, ..."""
        x = self.project(state["x"] - self.rate * V(state["x"]))
        return {"x": x, "evaluations": state["evaluations"] + 1}

    def radius(self, value: complex) -> float:
        """Growth in a step along an eigenvalue of a linear V."""
        return abs(1 - self.rate * value)


@dataclass(frozen=True)
class ProximalPoint:
    """z <- z' with z' = z - rate V z': what the others approximate."""

    power: ClassVar[float] = 0.5

    rate: float = 0.1

    init = Descent.init

    def step(self, state: State, resolvent: Callable[[Tensor, float], Tensor], k: int) -> State:
        """The state after step `k`; `resolvent(z, rate)` solves the equation for z'."""
        x = resolvent(state["x"], self.rate)
        return {"x": x, "evaluations": state["evaluations"] + 1}

    def radius(self, value: complex) -> float:
        """Growth in a step along an eigenvalue of a linear V."""
        return 1 / abs(1 + self.rate * value)


@dataclass(frozen=True)
class Extragradient:
    """h = P(z - explore V z), z <- P(z - rate V h) (Korpelevich 1976).

    Parameters
    ----------
    rate : float or Tensor of shape ()
    explore : float or Tensor of shape (), optional
        The step that looks ahead; as long as the other unless given.
    """

    power: ClassVar[float] = 0.5

    rate: float = 0.1
    explore: float | None = None
    project: Map = anywhere

    init = Descent.init

    def step(self, state: State, V: Map, k: int) -> State:
        """The state after step `k` = 0, 1, ..."""
        x, explore = state["x"], self.rate if self.explore is None else self.explore
        ahead = self.project(x - explore * V(x))
        x = self.project(x - self.rate * V(ahead))
        return {"x": x, "evaluations": state["evaluations"] + 2}

    def radius(self, value: complex) -> float:
        """Growth in a step along an eigenvalue of a linear V."""
        explore = self.rate if self.explore is None else self.explore
        return abs(1 - self.rate * value * (1 - explore * value))


@dataclass(frozen=True)
class Past:
    """Extragradient that looks ahead with the gradient of the last look (Popov 1980): one call.

    h = P(z - explore V h_before), z <- P(z - rate V h).

    Parameters
    ----------
    rate, explore
        As of `Extragradient`.
    """

    power: ClassVar[float] = 0.5

    rate: float = 0.1
    explore: float | None = None
    project: Map = anywhere

    def init(self, x: Tensor) -> State:
        """State at the start `x`, shape (..., d)."""
        return {"x": x, "seen": torch.zeros_like(x), "evaluations": count(x)}

    def step(self, state: State, V: Map, k: int) -> State:
        """The state after step `k` = 0, 1, ...; the first calls V once more."""
        x, explore = state["x"], self.rate if self.explore is None else self.explore
        seen = V(x) if k == 0 else state["seen"]
        ahead = V(self.project(x - explore * seen))
        x = self.project(x - self.rate * ahead)
        return {"x": x, "seen": ahead, "evaluations": state["evaluations"] + 1 + (k == 0)}

    def radius(self, value: complex) -> float:
        """Growth in a step along an eigenvalue of a linear V."""
        explore = self.rate if self.explore is None else self.explore
        # V h_k = u_k obeys u = l (z - explore u_before), z+ = z - rate u.
        return _pair(1 - (self.rate + explore) * value, explore * value)


@dataclass(frozen=True)
class Optimistic:
    """z <- P(z - rate (2 V z - V z_before)); without constraints Popov's h."""

    power: ClassVar[float] = 0.5

    rate: float = 0.1
    project: Map = anywhere

    init = Past.init

    def step(self, state: State, V: Map, k: int) -> State:
        """The state after step `k` = 0, 1, ..."""
        x, now = state["x"], V(state["x"])
        seen = now if k == 0 else state["seen"]
        x = self.project(x - self.rate * (2 * now - seen))
        return {"x": x, "seen": now, "evaluations": state["evaluations"] + 1}

    def radius(self, value: complex) -> float:
        """Growth in a step along an eigenvalue of a linear V."""
        return _pair(1 - 2 * self.rate * value, self.rate * value)


@dataclass(frozen=True)
class Reflected:
    """z <- P(z - rate V(2 z - z_before)) (Malitsky 2015)."""

    power: ClassVar[float] = 0.5

    rate: float = 0.1
    project: Map = anywhere

    def init(self, x: Tensor) -> State:
        """State at the start `x`, shape (..., d)."""
        return {"x": x, "last": x.clone(), "evaluations": count(x)}

    def step(self, state: State, V: Map, k: int) -> State:
        """The state after step `k` = 0, 1, ..."""
        x = state["x"]
        ahead = self.project(x - self.rate * V(2 * x - state["last"]))
        return {"x": ahead, "last": x, "evaluations": state["evaluations"] + 1}

    radius = Optimistic.radius


@dataclass(frozen=True)
class AnchoredExtragradient:
    """Extragradient that is drawn to its start by 1 / (k + 1), for comonotone V too.

    h = z + a (z_0 - z) - (1 - a) (rate + 2 r) V z and
    z <- z + a (z_0 - z) - rate V h - 2 (1 - a) r V z with a = 1 / (k + 1)
    (Lee and Kim, "Fast extra gradient methods for smooth structured nonconvex-nonconcave minimax
    problems", NeurIPS 2021).

    Parameters
    ----------
    rate : float or Tensor of shape ()
        1 / L, with L a Lipschitz constant of V.
    comonotone : float or Tensor of shape ()
        r in <V x - V y, x - y> >= r |V x - V y|^2; above -rate / 2, and 0 for monotone V.
    """

    power: ClassVar[float] = 1.0

    rate: float = 1.0
    comonotone: float = 0.0

    def init(self, x: Tensor) -> State:
        """State at the start `x`, shape (..., d)."""
        return {"x": x, "start": x.clone(), "evaluations": count(x)}

    def step(self, state: State, V: Map, k: int) -> State:
        """The state after step `k` = 0, 1, ..."""
        start, a = state["start"], 1 / (k + 1)
        now = (1 - a) * V(state["x"])
        x = torch.lerp(state["x"], start, a)
        ahead = x - (self.rate + 2 * self.comonotone) * now
        x = x - self.rate * V(ahead) - 2 * self.comonotone * now
        return {"x": x, "start": start, "evaluations": state["evaluations"] + 2}

    def bound(self, k: int) -> float:
        """Bound on |V z_k|^2 in units of the squared distance of the start to a zero, k > 0."""
        return 4 / ((self.rate + 2 * self.comonotone) * k) ** 2


@dataclass(frozen=True)
class AcceleratedOptimistic:
    """One call a step, a look ahead by the last one, and an anchor of 1 / (k + 2).

    h = P(z + a (z_0 - z) - rate V h_before), z <- P(z + a (z_0 - z) - rate V h). The method of Cai
    and Zheng, "Doubly optimal no-regret learning in monotone games" (ICML 2023), from memory.
    """

    power: ClassVar[float] = 1.0

    rate: float = 0.1
    project: Map = anywhere

    def init(self, x: Tensor) -> State:
        """State at the start `x`, shape (..., d)."""
        return {
            "x": x,
            "seen": torch.zeros_like(x),
            "start": x.clone(),
            "evaluations": count(x),
        }

    def step(self, state: State, V: Map, k: int) -> State:
        """The state after step `k` = 0, 1, ...; the first calls V once more."""
        start = state["start"]
        seen = V(state["x"]) if k == 0 else state["seen"]
        drawn = torch.lerp(state["x"], start, 1 / (k + 2))
        ahead = V(self.project(drawn - self.rate * seen))
        return {
            "x": self.project(drawn - self.rate * ahead),
            "seen": ahead,
            "start": start,
            "evaluations": state["evaluations"] + 1 + (k == 0),
        }
