"""GMRES for many right-hand sides at once, without the matrix (Saad and Schultz, 1986).

The residual is followed by the vector that the Hessenberg matrix, transposed, takes to zero
(Ayachour, "A fast implementation for GMRES method", J. Comput. Appl. Math. 159, 2003): one product
of short vectors a step, where rotations take a dozen.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lab.core.broyden import quotient
from lab.core.fixed_point import Map, norms


class Solved(NamedTuple):
    """What GMRES found: `x` (..., d), its residual |b - A x| / |b| (...), products A v (...)."""

    x: Tensor
    residual: Tensor
    products: Tensor


def gmres(A: Map, b: Tensor, *, steps: int, tol=0.0, precondition: Map | None = None) -> Solved:
    """The x of least |b - A x| in the Krylov space of A and b, for each row of `b`.

    Parameters
    ----------
    A : callable
        Linear map, tensor of shape (..., d) to tensor of shape (..., d), row by row.
    b : Tensor of shape (..., d)
    steps : int
        Dimension of the space at most. All of it is kept.
    tol : float or Tensor of shape (...)
        Ends when |b - A x| <= tol |b| in every row. With the number 0 there is no early end, and
        the function may be mapped by `torch.func.vmap`.
    precondition : callable, optional
        M, about the inverse of A, applied on the right: x = M y, so that the residual is that of
        the problem itself.
    """
    M = precondition or (lambda v: v)
    length = norms(b)
    one = torch.ones_like(length)
    basis = [b * quotient(one, length)]
    tried: list[Tensor] = []  # M applied to the basis: kept, so that x costs no further M
    columns: list[Tensor] = []  # of the Hessenberg matrix
    null = one  # of its transpose, from 1 on: |b - A x| / |b| is 1 / |null|
    left, solved = one, torch.zeros_like(length, dtype=torch.bool)
    products = torch.zeros(b.shape[:-1], dtype=torch.int64, device=b.device)
    for _ in range(steps):
        open_ = (left[..., 0] > tol) & (length[..., 0] > 0)
        if not (isinstance(tol, float) and tol == 0) and not bool(open_.any()):
            break
        products = products + open_
        tried.append(M(basis[-1]))
        w = A(tried[-1])
        column = []
        for q in basis:  # one after the other, which rounding harms least
            column.append(torch.linalg.vecdot(q, w)[..., None])
            w = w.addcmul(q, column[-1], value=-1)
        last, column = norms(w), torch.cat(column, -1)
        basis.append(w * quotient(one, last))
        columns.append(torch.cat([column, last], -1))
        along = (null * column).sum(-1, keepdim=True)
        solved = solved | ((last == 0) & (along != 0))  # the space holds the answer
        null = torch.cat([null, quotient(-along, last)], -1)
        left = torch.where(solved, 0.0, norms(null).reciprocal())
    n = len(columns)
    if n == 0:
        return Solved(torch.zeros_like(b), left[..., 0], products)
    H = torch.stack([torch.nn.functional.pad(c, (0, n + 1 - c.shape[-1])) for c in columns], -1)
    Q, R = torch.linalg.qr(H)
    R = R + torch.diag_embed((R.diagonal(dim1=-2, dim2=-1) == 0).to(R))
    right = Q[..., 0, :, None] * length[..., None]
    y = torch.linalg.solve_triangular(R, right, upper=True)
    x = sum(part * v for part, v in zip(y.unbind(-2), tried))
    return Solved(x, left[..., 0], products)
