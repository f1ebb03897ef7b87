"""Heat and Bratu equations on a grid of inner points: -u'' = s e^u, or -u'' + c u = b.

Boundary values are zero. Unknowns lie along the last axis, rows of a square grid one after the
other. The Laplacian is the usual second difference, in units of the squared mesh width h^2, so that
its diagonal is 2 on a line and 4 on a square. Its eigenvectors are sines: products with the sine
matrix invert it at once, which makes exact answers, and a preconditioner.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, cosh, log, pi

import torch
from torch import Tensor

from lab.core.backend import Backend


@dataclass(frozen=True)
class Grid:
    """Inner points of a line or of a square of side 1.

    Parameters
    ----------
    n : int
        Points along a side.
    dims : {1, 2}

    Raises
    ------
    ValueError
        Neither one nor two dimensions.
    """

    n: int = 32
    dims: int = 2

    def __post_init__(self):
        if self.dims not in (1, 2):
            raise ValueError(f"dims is 1 or 2; not {self.dims}")

    @property
    def width(self) -> float:
        """h."""
        return 1 / (self.n + 1)

    @property
    def jacobi(self) -> float:
        """Spectral radius of Jacobi's method on the Laplacian."""
        return cos(pi * self.width)

    def minus_laplacian(self, u: Tensor) -> Tensor:
        """-h^2 times the Laplacian, (..., n^dims) to (..., n^dims)."""
        grid = u.unflatten(-1, (self.n,) * self.dims)
        out = 2 * self.dims * grid
        for axis in range(-self.dims, 0):
            zero = torch.zeros_like(grid.narrow(axis, 0, 1))
            ahead = torch.cat([grid.narrow(axis, 1, self.n - 1), zero], axis)
            behind = torch.cat([zero, grid.narrow(axis, 0, self.n - 1)], axis)
            out = out - ahead - behind
        return out.flatten(-self.dims)

    def sines(self, backend: Backend) -> tuple[Tensor, Tensor]:
        """The orthonormal sine matrix, shape (n, n), and the eigenvalues on a line, shape (n,)."""
        i = torch.arange(1, self.n + 1, dtype=torch.float64)
        matrix = (2 * self.width) ** 0.5 * torch.sin(pi * self.width * i[:, None] * i)
        values = 2 - 2 * torch.cos(pi * self.width * i)
        return backend.tensor(matrix), backend.tensor(values)

    def invert(self, b: Tensor, sines: tuple[Tensor, Tensor], shift: float = 0.0) -> Tensor:
        """u with minus_laplacian(u) + shift u = b, by the matrix from `sines`."""
        S, values = sines
        if self.dims == 1:
            return (b @ S / (values + shift)) @ S
        modes = S @ b.unflatten(-1, (self.n, self.n)) @ S
        modes = modes / (values[:, None] + values + shift)
        return (S @ modes @ S).flatten(-2)

    def bratu(self, u: Tensor, strength: float) -> Tensor:
        """Residual of -u'' = strength e^u in units of h^2."""
        return self.minus_laplacian(u) - self.width**2 * strength * u.exp()


def bratu_line(x: Tensor, strength: float) -> Tensor:
    """The lower solution of -u'' = strength e^u on the line, u(0) = u(1) = 0, at `x`.

    u = 2 log(cosh a / cosh(a (1 - 2 x))) with strength = 8 (a / cosh a)^2.

    Raises
    ------
    ValueError
        `strength` above 3.5138, where there is no solution, or not above 0.
    """
    low, high = 0.0, 1.19967864  # a / cosh a is largest where a tanh a = 1
    if not 0 < strength <= 8 * (high / cosh(high)) ** 2:
        raise ValueError(f"strength lies above 0 and at 3.5138 at most; not {strength:g}")
    for _ in range(60):
        middle = (low + high) / 2
        if 8 * (middle / cosh(middle)) ** 2 < strength:
            low = middle
        else:
            high = middle
    return 2 * (log(cosh(low)) - torch.log(torch.cosh(low * (1 - 2 * x))))
