"""A recurrence h_t = f(h_(t-1), input_t) for all times at once, by Newton's method and a scan.

Guess all states. Linearised around the guess the recurrence is h_t = J_t h_(t-1) + b_t, and affine
maps compose associatively, so its solution takes some 2 log2(T) rounds however long T is. The next
guess is exact in its first k states after k steps, as for any triangular system; but if the
recurrence forgets its start, a few steps do for any length, and the error is squared in each. (The
method under this name: Lim, Zhu, Selfridge and Kasim, "Parallelizing non-linear sequential models
over the sequence length", ICLR 2024.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lab.core.fixed_point import Map
from lab.core.newton import jacobian

KINDS = ("full", "diagonal", "none")


def scan(A: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """The compositions of the affine maps x -> A_t x + b_t from the first to each, as (A, b).

    Parameters
    ----------
    A : Tensor of shape (T, ..., d, d), or (T, ..., d) for diagonal matrices
    b : Tensor of shape (T, ..., d)

    Notes
    -----
    Neighbours are composed in pairs, the pairs are scanned, and what lies between two of them is
    filled in: 2 log2(T) rounds and fewer than 2 T compositions.
    """
    n = len(b)
    if n == 1:
        return A, b
    even = n - n % 2
    pairs = _compose(A[0:even:2], b[0:even:2], A[1:even:2], b[1:even:2])
    odd_A, odd_b = scan(*pairs)
    rest = len(range(2, n, 2))
    even_A, even_b = _compose(odd_A[:rest], odd_b[:rest], A[2::2], b[2::2])
    even_A, even_b = torch.cat([A[:1], even_A]), torch.cat([b[:1], even_b])
    return _interleave(even_A, odd_A), _interleave(even_b, odd_b)


def _compose(A1: Tensor, b1: Tensor, A2: Tensor, b2: Tensor) -> tuple[Tensor, Tensor]:
    """First the map 1, then the map 2."""
    if A1.dim() == b1.dim():
        return A2 * A1, A2 * b1 + b2
    return A2 @ A1, (A2 @ b1[..., None])[..., 0] + b2


def _interleave(even: Tensor, odd: Tensor) -> Tensor:
    both = torch.stack([even[: len(odd)], odd], 1).flatten(0, 1)
    return torch.cat([both, even[len(odd) :]])


@dataclass(frozen=True)
class ParallelNewton:
    """Newton's method on all states of a recurrence.

    Parameters
    ----------
    kind : {"full", "diagonal", "none"}
        What is kept of the Jacobian of f. All of it squares the error. Its diagonal is all of it
        for cells whose units do not see one another, and linear otherwise. None is Jacobi's method.

    Raises
    ------
    ValueError
        No such kind.
    """

    kind: str = "full"

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}; not {self.kind!r}")

    @property
    def order(self) -> int:
        return 2 if self.kind == "full" else 1

    def finite(self, length: int) -> int:
        """Steps after which all states are exact, up to rounding."""
        return length

    def init(self, x: Tensor) -> dict[str, Any]:
        """State at the guess `x`, shape (T, ..., d)."""
        zero = torch.zeros((), dtype=torch.int64, device=x.device)
        return {"x": x, "evaluations": zero, "products": zero.clone()}

    def step(self, state: dict[str, Any], f: Map, start: Tensor, k: int) -> dict[str, Any]:
        """The state after step `k` = 0, 1, ...

        Parameters
        ----------
        f : callable
            The states before each time, shape (T, ..., d), to those at each time.
        start : Tensor of shape (..., d)
            The state before the first.
        """
        d = start.shape[-1]
        before = torch.cat([start[None], state["x"][:-1]])
        value, products = f(before), 0
        if self.kind != "none":
            J, products = jacobian(f, before), d
            if self.kind == "diagonal":
                J = J.diagonal(dim1=-2, dim2=-1)
                A, b = scan(J, value - J * before)
                value = A * start + b
            else:
                A, b = scan(J, value - (J @ before[..., None])[..., 0])
                value = (A @ start[..., None])[..., 0] + b
        return {
            "x": value,
            "evaluations": state["evaluations"] + 1,
            "products": state["products"] + products,
        }


def sequential(f, start: Tensor, length: int) -> Tensor:
    """All states one after the other, shape (length, ..., d); `f(h, t)` is the state at t."""
    states = []
    h = start
    for t in range(length):
        h = f(h, t)
        states.append(h)
    return torch.stack(states)
