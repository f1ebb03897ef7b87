"""Fixed-point iterations, also where there is no fixed point to be found.

A method is handed a map T from vectors to vectors, which it never takes apart. Vectors lie along
the last axis; a map that treats rows alike may be handed many at once, as (..., d). A step first
evaluates T at the state's `x`, so whoever watches T knows the true residual x - Tx at no cost
(see `lab.core.solve`); `evaluations` in the state counts for each row.

If T is nonexpansive, the closure of {x - Tx} holds exactly one shortest vector v, the infimal
displacement vector. It is zero when T has a fixed point. When it is not, every iteration drifts off
along -v, and both the residual x - Tx and the normalised drift (x_0 - x_k) / k, suitably scaled,
tend to v: that is how a solver can tell "there is no answer" from "the answer takes long".

The rates without a fixed point are those of Park and Ryu, "Accelerated infeasibility detection of
constrained optimization and fixed-point iterations" (ICML 2023).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

Map = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Theory:
    """What is known about an iteration on maps that need not have a fixed point.

    Parameters
    ----------
    needs : {"averaged", "nonexpansive"}
        What the map must be.
    residual : float
        p, where |x_k - T x_k - v|^2 falls at least like k^-p, up to logarithms.
    normalised : float
        The same for the normalised drift.
    """

    needs: str
    residual: float
    normalised: float


def count(x: Tensor) -> Tensor:
    """A counter for each row of `x`, shape (..., d): zeros of shape (...), int64."""
    return torch.zeros(x.shape[:-1], dtype=torch.int64, device=x.device)


def norms(x: Tensor) -> Tensor:
    """The lengths of the rows of `x`, shape (..., d) to (..., 1)."""
    return torch.linalg.vector_norm(x, dim=-1, keepdim=True)


def averaged(T: Map, weight) -> Map:
    """The map x -> (1 - weight) x + weight T x.

    With T nonexpansive and 0 < weight < 1 it is averaged: its residuals die out where those of T
    may turn for ever. Its infimal displacement vector is `weight` times that of T.

    Parameters
    ----------
    T : callable
        Tensor of shape (..., d) to tensor of shape (..., d).
    weight : float or Tensor of shape ()
    """
    return lambda x: torch.lerp(x, T(x), weight)


@dataclass(frozen=True)
class Picard:
    """x <- T x."""

    theory: ClassVar[Theory] = Theory("averaged", residual=1, normalised=2)
    order: ClassVar[int] = 1

    @property
    def drift(self) -> float:
        """x_k - x_0 tends to -drift k v."""
        return 1.0

    def rate(self, factor: float) -> float:
        """Factor of the error in a step on a map of Lipschitz constant `factor` below 1."""
        return factor

    def init(self, x: Tensor) -> dict[str, Tensor]:
        """State at the start `x`, shape (..., d)."""
        return {"x": x, "evaluations": count(x)}

    def step(self, state: dict[str, Tensor], T: Map, k: int) -> dict[str, Tensor]:
        """The state after step `k` = 0, 1, ..."""
        return {"x": T(state["x"]), "evaluations": state["evaluations"] + 1}


@dataclass(frozen=True)
class Damped:
    """x <- (1 - weight) x + weight T x (Krasnoselskii 1955, Mann 1953).

    The same as Picard on `averaged(T, weight)`.

    Parameters
    ----------
    weight : float or Tensor of shape ()
        Between 0 and 1; 1 is Picard.
    """

    theory: ClassVar[Theory] = Theory("nonexpansive", residual=1, normalised=2)

    weight: float = 0.5

    @property
    def drift(self) -> float:
        """x_k - x_0 tends to -drift k v, v that of T."""
        return self.weight

    def init(self, x: Tensor) -> dict[str, Tensor]:
        """State at the start `x`, shape (..., d)."""
        return {"x": x, "evaluations": count(x)}

    def step(self, state: dict[str, Tensor], T: Map, k: int) -> dict[str, Tensor]:
        """The state after step `k` = 0, 1, ..."""
        x = averaged(T, self.weight)(state["x"])
        return {"x": x, "evaluations": state["evaluations"] + 1}

    def bound(self, k: int) -> float:
        """Bound on the mean of |x_i - T x_i - v|^2 over i = 0 .. k.

        In units of the squared distance from the start to a point x* with x* - T x* = v. Every
        step takes weight (1 - weight) |x_i - T x_i - v|^2 off the squared distance between x_i
        and the point that x* has drifted to; the sum of all that cannot exceed the first distance.
        """
        return 1 / (self.weight * (1 - self.weight) * (k + 1))


@dataclass(frozen=True)
class Halpern:
    """x <- a x_0 + (1 - a) T x with a = anchor / (k + 2) (Halpern 1967; Lieder 2021).

    Parameters
    ----------
    anchor : float or Tensor of shape ()
        Weight of the start. 1 is the method whose rate is known, 0 is Picard.
    """

    theory: ClassVar[Theory] = Theory("nonexpansive", residual=2, normalised=2)

    anchor: float = 1.0

    @property
    def drift(self) -> float:
        """x_k - x_0 tends to -drift k v: the anchor holds the drift back, by half when it is 1."""
        return 1 / (1 + self.anchor)

    def init(self, x: Tensor) -> dict[str, Tensor]:
        """State at the start `x`, shape (..., d)."""
        return {"x": x, "start": x.clone(), "evaluations": count(x)}

    def step(self, state: dict[str, Tensor], T: Map, k: int) -> dict[str, Tensor]:
        """The state after step `k` = 0, 1, ..."""
        x = torch.lerp(T(state["x"]), state["start"], self.anchor / (k + 2))
        return {"x": x, "start": state["start"], "evaluations": state["evaluations"] + 1}

    def bound(self, k: int) -> float:
        """Bound on |x_k - T x_k - v|^2 at anchor 1, in the units of `Damped.bound`.

        Park and Ryu, Theorem 8: a logarithm above 4 / (k + 1)^2, Lieder's bound when v = 0.
        """
        harmonic = sum(1 / i for i in range(1, k + 1))
        return ((harmonic + 12) ** 0.5 + 1) ** 2 / (k + 1) ** 2


@dataclass(frozen=True)
class ContractiveHalpern:
    """Halpern's iteration with the anchor that is best for a contraction of known factor.

    x <- a x_0 + (1 - a) T x with 1/a = 1 + q^-2 + ... + q^(-2 k - 2): the weight of the start dies
    out geometrically, where that of `Halpern` falls like 1/k (Park and Ryu, "Exact optimal
    accelerated complexity for fixed-point iterations", ICML 2022).

    Parameters
    ----------
    factor : float or Tensor of shape ()
        q, a Lipschitz constant of T, above 0 and below 1.
    """

    factor: float = 0.9

    init = Halpern.init

    def step(self, state: dict[str, Tensor], T: Map, k: int) -> dict[str, Tensor]:
        """The state after step `k` = 0, 1, ..."""
        square = self.factor * self.factor
        weight = square ** (k + 1) * (1 - square) / (1 - square ** (k + 2))
        x = torch.lerp(T(state["x"]), state["start"], weight)
        return {"x": x, "start": state["start"], "evaluations": state["evaluations"] + 1}

    def bound(self, k: int) -> float:
        """Bound on |x_k - T x_k|^2 in units of the squared distance of the start to the solution.

        No method that stays in the span of its residuals has a smaller one.
        """
        q = self.factor
        return ((1 + q) * (1 - q) * q**k / (1 - q ** (k + 1))) ** 2
