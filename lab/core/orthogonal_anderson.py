"""Anderson's acceleration with an orthogonal memory: short, and on symmetric maps as good as whole.

With g = x - Tx and y = x - b g, the differences of g and of y from one step to the next are kept in
pairs (q, p). A new pair is made orthogonal, in its q, to the pairs that are still kept, and q is
given unit length; p goes along. Then the next iterate is

    x <- y - (sum of <q_i, g> p_i).

While nothing is forgotten this is Anderson's acceleration of type II: the q span what its columns
span. Forgetting differs. A column that drops out there is lost; here the later pairs have already
been freed of it. So on an affine map with a symmetric matrix two pairs do what all of them would,
as in the method of conjugate residuals, and least squares are never solved (Tang, Xu, He, Saad and
Xi, "Anderson acceleration with truncated Gram-Schmidt", SIAM J. Matrix Anal. Appl., 2024).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lab.core.fixed_point import Map, count, norms


@dataclass(frozen=True)
class OrthogonalAnderson:
    """Anderson's acceleration of x <- T x with pairs that are orthogonal.

    Where T is far from affine, or its slope far from symmetric, `Anderson` of the same memory may
    need fewer evaluations: old pairs live on in newer ones.

    Parameters
    ----------
    memory : int
        Pairs, at least 1. 2 are enough where the slope of T is a symmetric matrix.
    damping : float
        b, the weight of the newest residual: 1 takes whole steps.
    least : float
        A difference whose part across the memory is shorter than `least` times itself makes an
        empty pair, for that part is rounding, or what bends T. Never less than 10 roots of a unit
        of rounding.

    Raises
    ------
    ValueError
        No memory.
    """

    order: ClassVar[int] = 1

    memory: int = 5
    damping: float = 1.0
    least: float = 1e-6

    def __post_init__(self):
        if self.memory < 1:
            raise ValueError(f"memory is at least 1; not {self.memory}")

    def finite(self, d: int) -> int:
        """Steps to the fixed point of any regular affine map of dimension d, if memory >= d.

        If its matrix is symmetric a memory of 2 is enough.
        """
        return d + 1

    def init(self, x: Tensor) -> dict[str, Tensor]:
        """State at the start `x`, shape (..., d)."""
        empty = torch.zeros_like(x)
        return {
            "x": x,
            "gap": empty,  # g and y of the step before
            "plain": empty.clone(),
            **{f"turn{i}": empty.clone() for i in range(self.memory)},  # q, oldest first
            **{f"move{i}": empty.clone() for i in range(self.memory)},  # p
            "evaluations": count(x),
        }

    def step(self, state: dict[str, Tensor], T: Map, k: int) -> dict[str, Tensor]:
        """The state after step `k` = 0, 1, ..."""
        x = state["x"]
        turns = [state[f"turn{i}"] for i in range(self.memory)]
        moves = [state[f"move{i}"] for i in range(self.memory)]
        image = T(x)
        gap = x - image
        plain = image if self.damping == 1 else torch.sub(x, gap, alpha=self.damping)
        if k > 0:
            turn, move = gap - state["gap"], plain - state["plain"]
            length = norms(turn)
            for q, p in zip(turns, moves):
                along = _dot(q, turn)
                turn = turn.addcmul(along, q, value=-1)
                move = move.addcmul(along, p, value=-1)
            left = norms(turn)
            least = max(self.least, 10 * torch.finfo(x.dtype).eps ** 0.5)
            unit = torch.where(left > least * length, left.reciprocal(), 0.0)
            turns, moves = [*turns[1:], unit * turn], [*moves[1:], unit * move]
        ahead = plain
        for q, p in zip(turns, moves):
            ahead = ahead.addcmul(_dot(q, gap), p, value=-1)
        return {
            "x": ahead,
            "gap": gap,
            "plain": plain,
            **{f"turn{i}": turn for i, turn in enumerate(turns)},
            **{f"move{i}": move for i, move in enumerate(moves)},
            "evaluations": state["evaluations"] + 1,
        }


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Products of rows, shape (..., 1)."""
    return (a * b).sum(-1, keepdim=True)
