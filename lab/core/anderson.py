"""Anderson's acceleration: the next iterate mixes the last few, so that their residuals cancel.

With g = x - Tx, and with the last m differences of iterates and of residuals as columns of X and G,

    x <- x - b g - (X - b G) c,     type II: c = argmin |g - G c|,    type I: X'G c = X'g

Type II was given by Anderson (1965); type I makes the same of Broyden's good update that type II
makes of his bad one (Fang and Saad, "Two classes of multisecant methods for nonlinear
acceleration", 2009). On an affine map with m large enough, b = 1 and type II, x_(k+1) = T y_k where
y_k is the k-th iterate of GMRES (Walker and Ni, "Anderson acceleration for fixed-point
iterations", 2011); so it ends after d + 1 steps in d dimensions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lab.core.fixed_point import Map, count

KINDS = ("I", "II")


@dataclass(frozen=True)
class Anderson:
    """Anderson's acceleration of x <- T x.

    Parameters
    ----------
    memory : int
        m, at least 1.
    kind : {"I", "II"}
    damping : float
        b, the weight of the newest residual: 1 takes whole steps.
    regularisation : float
        Added to the diagonal of the matrix of the least squares problem, whose columns are
        scaled to unit length before: so it does not depend on the units of the problem. Never less
        than ten units of rounding.
    restart : int
        The memory is emptied every `restart` steps; 0 means never.
    safeguard : float
        A row whose residual is more than `safeguard` times the least so far empties its memory,
        so its next step is a plain damped one.

    Raises
    ------
    ValueError
        No such kind, or no memory.
    """

    order: ClassVar[int] = 1

    memory: int = 5
    kind: str = "II"
    damping: float = 1.0
    regularisation: float = 1e-12
    restart: int = 0
    safeguard: float = math.inf

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind is {' or '.join(KINDS)}; not {self.kind!r}")
        if self.memory < 1:
            raise ValueError(f"memory is at least 1; not {self.memory}")

    def finite(self, d: int) -> int:
        """Steps to the fixed point of any regular affine map of dimension d, if memory >= d."""
        return d + 1

    def init(self, x: Tensor) -> dict[str, Tensor]:
        """State at the start `x`, shape (..., d)."""
        columns = x.new_zeros((*x.shape[:-1], self.memory, x.shape[-1]))
        return {
            "x": x,
            "last": torch.zeros_like(x),  # the iterate and the residual before this one
            "gap": torch.zeros_like(x),
            "moves": columns,
            "turns": columns.clone(),
            "least": x.new_full(x.shape[:-1], math.inf),
            "evaluations": count(x),
        }

    def step(self, state: dict[str, Tensor], T: Map, k: int) -> dict[str, Tensor]:
        """The state after step `k` = 0, 1, ..."""
        x, moves, turns, least = (state[name] for name in ("x", "moves", "turns", "least"))
        gap = x - T(x)
        if k > 0:
            moves = _push(moves, x - state["last"])
            turns = _push(turns, gap - state["gap"])
        if self.restart and k % self.restart == 0:
            moves, turns = torch.zeros_like(moves), torch.zeros_like(turns)
        if self.safeguard < math.inf:
            size = gap.norm(dim=-1)
            trusted = (size <= self.safeguard * least)[..., None, None]
            moves, turns = torch.where(trusted, moves, 0.0), torch.where(trusted, turns, 0.0)
            least = torch.minimum(least, size)
        mixed = self._weights(moves, turns, gap)
        plain = x - self.damping * gap
        ahead = (mixed[..., None, :] @ (moves - self.damping * turns))[..., 0, :]
        return {
            "x": plain - ahead,
            "last": x,
            "gap": gap,
            "moves": moves,
            "turns": turns,
            "least": least,
            "evaluations": state["evaluations"] + 1,
        }

    def _weights(self, moves: Tensor, turns: Tensor, gap: Tensor) -> Tensor:
        """c, shape (..., memory); 0 for columns that are empty."""
        left = turns if self.kind == "II" else moves
        across, along = left.norm(dim=-1), turns.norm(dim=-1)
        empty = (across == 0) | (along == 0)
        across, along = across.masked_fill(empty, 1.0), along.masked_fill(empty, 1.0)
        left, right = left / across[..., None], turns / along[..., None]
        small = max(self.regularisation, 10 * torch.finfo(gap.dtype).eps)
        matrix = left @ right.mT + torch.diag_embed(small + empty.to(gap))
        found = torch.linalg.solve_ex(matrix, left @ gap[..., None])[0]
        return found[..., 0] / along


def _push(columns: Tensor, new: Tensor) -> Tensor:
    """Columns, shape (..., m, d), with `new` after the last and without the first."""
    return torch.cat([columns[..., 1:, :], new[..., None, :]], -2)
