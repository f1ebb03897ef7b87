"""Broyden's good method on g(x) = x - Tx, with the inverse held whole or as a few rank-one terms.

An estimate H of the inverse Jacobian of g gives the step s = -H g; with t the change of g over the
step, the least change of H^-1 that is right about this step is

    H <- H + (s - H t) s'H / (s'H t)

(Broyden 1965). Started at H = I the first step is x <- T x. On a regular affine map it ends after
at most 2 d steps (Gay, "Some convergence properties of Broyden's method", 1979), and near a regular
fixed point it converges faster than any geometric sequence.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lab.core.fixed_point import Map, count


def quotient(a: Tensor, b: Tensor) -> Tensor:
    """a / b, and 0 where b is 0."""
    return torch.where(b == 0, 0.0, a / torch.where(b == 0, 1.0, b))


@dataclass(frozen=True)
class Broyden:
    """The good method, with the inverse as a full matrix."""

    def finite(self, d: int) -> int:
        """Steps to the fixed point of any regular affine map of dimension d, at most."""
        return 2 * d

    def init(self, x: Tensor) -> dict[str, Tensor]:
        """State at the start `x`, shape (..., d); `inverse` has shape (..., d, d)."""
        d = x.shape[-1]
        inverse = torch.eye(d, dtype=x.dtype, device=x.device).expand(*x.shape, d)
        return {
            "x": x,
            "move": torch.zeros_like(x),  # the last step, and the residual before it
            "gap": torch.zeros_like(x),
            "inverse": inverse.clone(),
            "evaluations": count(x),
        }

    def step(self, state: dict[str, Tensor], T: Map, k: int) -> dict[str, Tensor]:
        """The state after step `k` = 0, 1, ..."""
        x, move, inverse = state["x"], state["move"][..., None], state["inverse"]
        gap = x - T(x)
        if k > 0:
            seen = inverse @ (gap - state["gap"])[..., None]
            row = move.mT @ inverse
            inverse = inverse + quotient(move - seen, (move * seen).sum(-2, keepdim=True)) * row
        move = -(inverse @ gap[..., None])[..., 0]
        return {
            "x": x + move,
            "move": move,
            "gap": gap,
            "inverse": inverse,
            "evaluations": state["evaluations"] + 1,
        }


@dataclass(frozen=True)
class LimitedBroyden:
    """The good method, with the inverse as the identity and at most `memory` terms u v'.

    Full, the memory is emptied (Kelley, "Solving nonlinear equations with Newton's method", 2003);
    until then it is `Broyden`.

    Parameters
    ----------
    memory : int
    """

    memory: int = 10

    def init(self, x: Tensor) -> dict[str, Tensor]:
        """State at the start `x`, shape (..., d)."""
        terms = x.new_zeros((*x.shape[:-1], self.memory, x.shape[-1]))
        return {
            "x": x,
            "move": torch.zeros_like(x),
            "gap": torch.zeros_like(x),
            "u": terms,
            "v": terms.clone(),
            "evaluations": count(x),
        }

    def step(self, state: dict[str, Tensor], T: Map, k: int) -> dict[str, Tensor]:
        """The state after step `k` = 0, 1, ..."""
        x, move, u, v = (state[name] for name in ("x", "move", "u", "v"))
        gap, place = x - T(x), k % (self.memory + 1)
        if place == 0:  # also at the first step, where there is no move yet
            u, v = torch.zeros_like(u), torch.zeros_like(v)
        else:
            seen = _times(u, v, gap - state["gap"])
            length = (move * seen).sum(-1, keepdim=True)
            u = _put(u, place - 1, quotient(move - seen, length))
            v = _put(v, place - 1, _times(v, state["u"], move))
        move = -_times(u, v, gap)
        return {
            "x": x + move,
            "move": move,
            "gap": gap,
            "u": u,
            "v": v,
            "evaluations": state["evaluations"] + 1,
        }


def _times(u: Tensor, v: Tensor, x: Tensor) -> Tensor:
    """(I + sum of u_i v_i') x."""
    return x + ((v @ x[..., None]).mT @ u)[..., 0, :]


def _put(terms: Tensor, place: int, new: Tensor) -> Tensor:
    return torch.cat([terms[..., :place, :], new[..., None, :], terms[..., place + 1 :, :]], -2)
