"""A dense linear recurrence as the fixed point of a diagonal one and of mixing the channels.

    h_t = lambda_t * h_(t-1) + free_t * (K_t h_t + (I - K_t) u_t)

has the unknown on both sides. Guess the h_t under K_t: what is left is a diagonal recurrence, which
a scan solves for all times in few rounds; its states are the next guess. The fixed point is the
recurrence h_t = A_t h_(t-1) + c_t with dense A_t = (I - free_t K_t)^-1 lambda_t. With free = 1 the
mixer is Q = I - K of "Fixed-point RNNs: interpolating from diagonal to dense" (2025), there written
(I - Q) h + Q B x; this form is from memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from lab.core.parallel_time import scan


@final
@dataclass(frozen=True)
class MixedRecurrence:
    """Sweeps of a diagonal recurrence, mixed before each.

    Parameters
    ----------
    normalised : bool
        free = 1 - |lambda|, so that a sweep averages what it reads over the past: the largest error
        of a state falls by `rate` in each sweep, whatever the diagonal and the length. Otherwise
        free = 1; then errors grow on the way where 1 - |lambda| is smaller than the mixer's norm.
    """

    normalised: bool = True

    def rate(self, K: Tensor) -> Tensor:
        """The largest row sum of |K|, 0-d: a bound of the error's factor, where normalised."""
        return K.abs().sum(-1).max()

    def free(self, diagonal: Tensor) -> Tensor:
        return 1 - diagonal.abs() if self.normalised else torch.ones_like(diagonal)

    def step(self, h: Tensor, diagonal: Tensor, K: Tensor, u: Tensor, start: Tensor) -> Tensor:
        """The states after one more sweep.

        Parameters
        ----------
        h : Tensor of shape (T, ..., d)
            The guess.
        diagonal, u : Tensor of shape (T, ..., d)
            |diagonal| < 1.
        K : Tensor of shape (T, ..., d, d)
        start : Tensor of shape (d,)
            The state before the first.
        """
        mixed = u + (K @ (h - u)[..., None])[..., 0]
        A, b = scan(diagonal, self.free(diagonal) * mixed)
        return A * start + b

    def dense(self, diagonal: Tensor, K: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        """The recurrence at the fixed point, A (..., d, d) and c (..., d)."""
        free = self.free(diagonal)
        left = torch.eye(u.shape[-1], dtype=u.dtype, device=u.device) - free[..., None] * K
        pushed = free * (u - (K @ u[..., None])[..., 0])
        both = torch.cat([torch.diag_embed(diagonal), pushed[..., None]], -1)
        found = torch.linalg.solve(left, both)
        return found[..., :-1], found[..., -1]


def dense_states(A: Tensor, c: Tensor, start: Tensor) -> Tensor:
    """The states of h_t = A_t h_(t-1) + c_t one after the other, (T, ..., d)."""
    h = start.expand(c.shape[1:])
    found = []
    for t in range(len(c)):
        h = (A[t] @ h[..., None])[..., 0] + c[t]
        found.append(h)
    return torch.stack(found)
