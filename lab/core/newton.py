"""Newton's method and its relatives on F(x) = 0; rows of (..., d) are problems of their own.

F must treat rows alike and be differentiable by torch. For a fixed point of T take F(x) = x - Tx.
Counters in the state: `evaluations` of F and `products` with its Jacobian, for each row.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from lab.core.broyden import quotient
from lab.core.fixed_point import Map, count
from lab.core.gmres import gmres

State = dict[str, Tensor]


def times(F: Map, x: Tensor, v: Tensor) -> Tensor:
    """The Jacobian of F at `x` times `v`, both of shape (..., d)."""
    return torch.func.jvp(F, (x,), (v,))[1]


def linearised(F: Map, x: Tensor) -> tuple[Tensor, Map]:
    """F(x), and the map v -> J v of shape (..., d), for many products at one `x`.

    The product with the transpose, taken back once more, is a graph that is made once and walked
    for each v. `times` goes forward through F anew each time; most operators do that in Python.
    Only `times` can be mapped by `torch.func.vmap`.
    """
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        u = torch.zeros_like(x).requires_grad_()
        value = F(x)
        back = torch.autograd.grad(value, x, u, create_graph=True)[0]
    return value.detach(), lambda v: torch.autograd.grad(back, u, v, retain_graph=True)[0]


def jacobian(F: Map, x: Tensor) -> Tensor:
    """The Jacobian of F at `x`, shape (..., d) to (..., d, d), by d products."""
    eye = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
    columns = torch.func.vmap(lambda e: times(F, x, e.expand_as(x)))(eye)
    return columns.movedim(0, -1)


def _solve(J: Tensor, b: Tensor) -> Tensor:
    return torch.linalg.solve_ex(J, b[..., None])[0][..., 0]


def _counted(state: State, evaluations: int, products) -> State:
    return {
        "evaluations": state["evaluations"] + evaluations,
        "products": state["products"] + products,
    }


@dataclass(frozen=True)
class Newton:
    """x <- x - damping J(x)^-1 F(x).

    Parameters
    ----------
    damping : float or Tensor of shape ()
        Below 1: Euler's method for the Newton flow.
    """

    order: ClassVar[int] = 2

    damping: float = 1.0

    def finite(self, d: int) -> int:
        """Undamped steps to the root of any regular affine F."""
        return 1

    def init(self, x: Tensor) -> State:
        """State at the start `x`, shape (..., d)."""
        return {"x": x, "evaluations": count(x), "products": count(x)}

    def step(self, state: State, F: Map, k: int) -> State:
        """The state after step `k` = 0, 1, ..."""
        x = state["x"]
        move = _solve(jacobian(F, x), F(x))
        return {"x": x - self.damping * move, **_counted(state, 1, x.shape[-1])}


@dataclass(frozen=True)
class NewtonKrylov:
    """Newton's method whose linear systems GMRES solves as well as it is worth.

    The linear residual is allowed the share f of |F|, f = 0.9 (|F_k| / |F_(k-1)|)^2, but at most
    `forcing` and not suddenly much less than before (Eisenstat and Walker, "Choosing the forcing
    terms in an inexact Newton method", 1996, choice 2).

    Parameters
    ----------
    krylov : int
        Dimension of the Krylov space at most.
    forcing : float
        The share at the first step and the largest ever. 0 exhausts the Krylov space, and lets the
        step be mapped by `torch.func.vmap`.
    precondition : callable, optional
        About the inverse of the Jacobian, (..., d) to (..., d).
    """

    order: ClassVar[int] = 2

    krylov: int = 30
    forcing: float = 0.5
    precondition: Map | None = None

    def init(self, x: Tensor) -> State:
        """State at the start `x`, shape (..., d)."""
        unknown = x.new_zeros(x.shape[:-1])
        return {
            "x": x,
            "size": unknown,
            "share": unknown + self.forcing,
            "evaluations": count(x),
            "products": count(x),
        }

    def step(self, state: State, F: Map, k: int) -> State:
        """The state after step `k` = 0, 1, ..."""
        x, share = state["x"], state["share"]
        if self.forcing > 0:
            value, product = linearised(F, x)
        else:
            value, product = F(x), partial(times, F, x)
        size = value.norm(dim=-1)
        if k > 0:
            wanted = 0.9 * quotient(size, state["size"]).square()
            before = 0.9 * share.square()
            wanted = torch.where(before > 0.1, torch.maximum(wanted, before), wanted)
            share = wanted.clamp(max=self.forcing)
        found = gmres(
            product,
            -value,
            steps=min(self.krylov, x.shape[-1]),
            tol=share if self.forcing > 0 else 0.0,
            precondition=self.precondition,
        )
        counted = _counted(state, 1, found.products)
        return {"x": x + found.x, "size": size, "share": share, **counted}


@dataclass(frozen=True)
class PseudoTransient:
    """Implicit steps of x' = -F(x) that get longer as |F| gets smaller, and end as Newton's.

    x <- x - (J + I / t)^-1 F with t = first |F_0| / |F_k| (Kelley and Keyes, "Convergence analysis
    of pseudo-transient continuation", 1998).

    Parameters
    ----------
    first : float or Tensor of shape ()
        The first step in time.
    """

    order: ClassVar[int] = 2

    first: float = 0.1

    def init(self, x: Tensor) -> State:
        """State at the start `x`, shape (..., d)."""
        unknown = x.new_zeros(x.shape[:-1])
        return {"x": x, "size": unknown, "evaluations": count(x), "products": count(x)}

    def step(self, state: State, F: Map, k: int) -> State:
        """The state after step `k` = 0, 1, ..."""
        x, value = state["x"], F(state["x"])
        size = value.norm(dim=-1)
        start = size if k == 0 else state["size"]  # |F_0|
        shift = quotient(size, self.first * start)
        eye = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
        move = _solve(jacobian(F, x) + shift[..., None, None] * eye, value)
        return {"x": x - move, "size": start, **_counted(state, 1, x.shape[-1])}


@dataclass(frozen=True)
class NewtonFlow:
    """The homotopy x' = -J(x)^-1 F(x), along which F(x_t) = e^-t F(x_0), by Runge and Kutta.

    The path ends in a root unless det J vanishes on the way. A path that meets such a fold is not
    followed: what the steps make of it is an accident of their length.

    Parameters
    ----------
    length : float or Tensor of shape ()
        Of a step in t.
    """

    order: ClassVar[int] = 1

    length: float = 0.05

    def rate(self) -> float:
        """Factor of F in a step, up to the fifth power of the length."""
        return float(torch.exp(torch.tensor(-self.length, dtype=torch.float64)))

    def init(self, x: Tensor) -> State:
        """State at the start `x`, shape (..., d)."""
        return {
            "x": x,
            "t": x.new_zeros(x.shape[:-1]),
            "evaluations": count(x),
            "products": count(x),
        }

    def step(self, state: State, F: Map, k: int) -> State:
        """The state after step `k` = 0, 1, ..."""
        x, h = state["x"], self.length

        def slope(x):
            return -_solve(jacobian(F, x), F(x))

        first = slope(x)
        second = slope(x + 0.5 * h * first)
        third = slope(x + 0.5 * h * second)
        fourth = slope(x + h * third)
        x = x + h / 6 * (first + 2 * (second + third) + fourth)
        return {"x": x, "t": state["t"] + h, **_counted(state, 4, 4 * x.shape[-1])}
