"""GMRES for many right-hand sides at once, without the matrix (Saad and Schultz, 1986)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lab.core.broyden import quotient
from lab.core.fixed_point import Map


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
    length = b.norm(dim=-1)
    basis = [quotient(b, length[..., None])]
    tried: list[Tensor] = []  # M applied to the basis: kept, so that x costs no further M
    columns: list[Tensor] = []  # of the triangular factor of the Hessenberg matrix, padded
    eye = torch.eye(steps + 1, dtype=b.dtype, device=b.device)
    rows = [r.expand(*length.shape, -1) for r in eye]  # of the orthogonal one
    products = torch.zeros(length.shape, dtype=torch.int64, device=b.device)
    for j in range(steps):
        open_ = (rows[j][..., 0].abs() > tol) & (length > 0)
        if not (isinstance(tol, float) and tol == 0) and not bool(open_.any()):
            break
        products = products + open_
        V = torch.stack(basis, -2)
        tried.append(M(basis[-1]))
        w = A(tried[-1])
        h = torch.zeros_like(V[..., 0])
        for _ in range(2):  # once more, for what rounding left
            more = (V @ w[..., None])[..., 0]
            w, h = w - (more[..., None, :] @ V)[..., 0, :], h + more
        h = torch.cat([h, w.norm(dim=-1, keepdim=True)], -1)
        basis.append(quotient(w, h[..., -1:]))
        column = (torch.stack(rows[: j + 2], -2)[..., : j + 2] @ h[..., None])[..., 0]
        radius = torch.hypot(column[..., -2], column[..., -1])[..., None]
        c = torch.where(radius == 0, 1.0, quotient(column[..., -2:-1], radius))
        s = quotient(column[..., -1:], radius)
        rows[j], rows[j + 1] = c * rows[j] + s * rows[j + 1], c * rows[j + 1] - s * rows[j]
        column = torch.cat([column[..., :-2], radius], -1)
        columns.append(torch.nn.functional.pad(column, (0, steps - j - 1)))
    n = len(columns)
    left = rows[n][..., 0].abs()
    if n == 0:
        return Solved(torch.zeros_like(b), left, products)
    R = torch.stack(columns, -1)[..., :n, :]
    R = R + torch.diag_embed((R.diagonal(dim1=-2, dim2=-1) == 0).to(R))
    right = torch.stack([row[..., 0] for row in rows[:n]], -1) * length[..., None]
    y = torch.linalg.solve_triangular(R, right[..., None], upper=True)
    x = (y.mT @ torch.stack(tried, -2))[..., 0, :]
    return Solved(x, left, products)
