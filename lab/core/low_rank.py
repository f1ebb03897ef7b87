"""Training a matrix as three thin factors, W = U S V', without ever inverting S.

A step of the gradient moves K = U S with V fixed and L = V S' with U fixed, widens both bases by
what these found, moves S between the wider bases, and cuts the smallest singular values off. No
step divides by a singular value, so small ones do not slow it down: Schotthoefer, Zangrando,
Kusch, Ceruti, Tudisco, "Low-rank lottery tickets: finding efficient low-rank neural networks via
matrix differential equations" (2022). Plain tensors in, plain tensors out: the gradient by W is
the caller's, so that any layer of any network can be trained so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

Factors = dict[str, Tensor]


def factored(w: Tensor, rank: int) -> Factors:
    """The best factors of a matrix (p, q): `u` (p, r) and `v` (q, r) orthonormal, `s` (r, r)."""
    u, values, vt = torch.linalg.svd(w, full_matrices=False)
    return {"u": u[:, :rank].clone(), "s": values[:rank].diag(), "v": vt[:rank].mT.clone()}


def whole(factors: Factors) -> Tensor:
    """The matrix U S V', (p, q)."""
    return factors["u"] @ factors["s"] @ factors["v"].mT


def kept(values: Tensor, cut: float) -> int:
    """How many singular values stay when the rest together have at most `cut` times the norm.

    Parameters
    ----------
    values : Tensor, (r,)
        From the largest down.
    """
    tail = values.square().flip(0).cumsum(0).flip(0).sqrt()
    return max(int((tail > cut * tail[0]).sum()), 1)


@final
@dataclass(frozen=True)
class LowRankStep:
    """One step of the gradient in two halves; after each the caller takes the gradient anew.

    Parameters
    ----------
    rate : float
        Of the step.
    cut : float
        Share of the norm of S that may be cut off. 0 cuts nothing off but what `most` forbids.
    most : int or None
        Singular values that are kept at most.

    Notes
    -----
    From factors of rank r whose V meets the rows of a matrix A of rank at most r, one step of
    rate 1 on half the squared distance to A gives A itself, however small its singular values.
    """

    rate: float
    cut: float = 0.0
    most: int | None = None

    def widened(self, factors: Factors, gradient: Tensor) -> Factors:
        """The same matrix in bases of twice the size, which hold what K and L moved to."""
        u, s, v = factors["u"], factors["s"], factors["v"]
        k = u @ s - self.rate * gradient @ v
        ell = v @ s.mT - self.rate * gradient.mT @ u
        wide_u = torch.linalg.qr(torch.cat([k, u], 1)).Q
        wide_v = torch.linalg.qr(torch.cat([ell, v], 1)).Q
        return {"u": wide_u, "s": (wide_u.mT @ u) @ s @ (v.mT @ wide_v), "v": wide_v}

    def narrowed(self, wide: Factors, gradient: Tensor) -> Factors:
        """S moved between the wide bases, then all but its largest singular values cut off."""
        s = wide["s"] - self.rate * wide["u"].mT @ gradient @ wide["v"]
        left, values, right = torch.linalg.svd(s)
        r = kept(values, self.cut)
        r = r if self.most is None else min(r, self.most)
        return {
            "u": wide["u"] @ left[:, :r],
            "s": values[:r].diag(),
            "v": wide["v"] @ right[:r].mT,
        }


def balanced(w: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The best two factors A (p, r), B (q, r) of a matrix, W = A B', with A'A = B'B."""
    f = factored(w, rank)
    root = f["s"].sqrt()
    return f["u"] @ root, f["v"] @ root


def descended(a: Tensor, b: Tensor, gradient: Tensor, rate: float) -> tuple[Tensor, Tensor]:
    """Plain descent on the two factors of W = A B', by the gradient with respect to W.

    A small singular value moves by its own size: the smaller the later.
    """
    return a - rate * gradient @ b, b - rate * gradient.mT @ a
