"""Operators of games whose every constant is chosen, and the classical games themselves.

`NormalOperator` acts in n planes; read as complex numbers, plane j is multiplied by l_j. Such an
operator is Lipschitz with L = max |l|, and r-comonotone, <V x - V y, x - y> >= r |V x - V y|^2,
exactly when Re(1/l) >= r for all l. Here all l lie on the circle Re(1/l) = r, so both are tight:
r = 0 gives imaginary l, the bilinear game; r < 0 repels. With |l| spread evenly in the logarithm,
slower and slower planes take over, and worst-case rates are seen from 1/L to 1/smallest steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linprog
from torch import Tensor

from lab.core.backend import Backend
from lab.core.random import Rng


@dataclass(frozen=True)
class NormalOperator:
    """A linear operator with known eigenvalues.

    Coordinates are (real parts, imaginary parts), or the two players, 2 `planes` of them.

    Parameters
    ----------
    planes : int
        One plane has the eigenvalue of modulus `largest`.
    largest, smallest : float
        Moduli of the eigenvalues; the largest is L.
    comonotone : float or Tensor of shape ()
        r; between -1 / L and 1 / L.
    jitter : float
        Standard deviation of the logarithms of the moduli, but for the largest.
    """

    planes: int = 1
    largest: float = 1.0
    smallest: float = 1e-3
    comonotone: float = 0.0
    jitter: float = 0.1

    def make(self, rng: Rng, backend: Backend) -> dict[str, Tensor]:
        """Draws the eigenvalues and the start.

        Returns
        -------
        dict of Tensor
            `real`, `imaginary` (planes,): the eigenvalues. `start` (2 planes,): normal
            coefficients, of unit norm in all; the zero is the origin.
        """
        n = self.planes
        size = backend.logspace(self.largest, self.smallest, n) if n > 1 else backend.ones(1)
        size = size * torch.exp(self.jitter * rng.normal("moduli", (n,)))
        size = torch.cat([torch.full_like(size[:1], self.largest), size[1:]])
        size = size.clamp(max=self.largest)
        cos = self.comonotone * size
        start = rng.normal("start", (2 * n,))
        return {
            "real": cos * size,
            "imaginary": (1 - cos.square()).sqrt() * size,
            "start": start / start.norm(),
        }

    @staticmethod
    def begin(problem: dict[str, Tensor], x, y) -> Tensor:
        """The start (2 planes,): (x, y) in a single plane, in more the one that was drawn."""
        drawn = problem["start"]
        if len(drawn) > 2:
            return drawn.clone()
        return torch.stack([torch.as_tensor(v, dtype=drawn.dtype) for v in (x, y)])

    @staticmethod
    def field(problem: dict[str, Tensor]) -> Tensor:
        """Arrows along -V in the plane that turns fastest: x, y, dx, dy, shape (169, 4)."""
        side = torch.linspace(-2, 2, 13, dtype=problem["real"].dtype)
        grid = torch.cartesian_prod(side, side)
        fastest = {name: problem[name][:1] for name in ("real", "imaginary")}
        return torch.cat([grid, -0.15 * NormalOperator.apply(fastest, grid)], 1)

    @staticmethod
    def apply(problem: dict[str, Tensor], x: Tensor) -> Tensor:
        """V x, shape (..., 2 planes)."""
        a, b = problem["real"], problem["imaginary"]
        real, imaginary = x.chunk(2, -1)
        return torch.cat([a * real - b * imaginary, b * real + a * imaginary], -1)

    @staticmethod
    def resolvent(problem: dict[str, Tensor], x: Tensor, rate) -> Tensor:
        """z with z + rate V z = x, shape (..., 2 planes)."""
        a, b = 1 + rate * problem["real"], rate * problem["imaginary"]
        real, imaginary = x.chunk(2, -1)
        size = a.square() + b.square()
        return torch.cat([(a * real + b * imaginary) / size, (a * imaginary - b * real) / size], -1)


def chain(n: int, backend: Backend) -> Tensor:
    """The bidiagonal matrix K, 1 on the diagonal and -1 under it, shape (n, n).

    In min over x, max over y of <K x - b, y> information travels one link in a step. Its
    singular values are 2 cos(pi j / (2 n + 1)), j = 1 .. n.
    """
    return backend.eye(n) - torch.diag(backend.ones(n - 1), -1)


def bilinear(K: Tensor):
    """V of f = <K x, y> on (x, y) side by side, K of shape (m, n): (K'y, -K x)."""
    m, n = K.shape

    def V(z: Tensor) -> Tensor:
        x, y = z.split((n, m), -1)
        return torch.cat([y @ K, -x @ K.mT], -1)

    return V


def quadratic(A: Tensor, B: Tensor, C: Tensor):
    """V of f = x'A x / 2 + x'B y - y'C y / 2 on (x, y) side by side, as its matrix.

    The origin is a local minimax if C is positive semidefinite and A + B C^-1 B' is on what C
    leaves (its restricted Schur complement).

    Parameters
    ----------
    A : Tensor of shape (n, n)
    B : Tensor of shape (n, m)
    C : Tensor of shape (m, m)
    """
    return torch.cat([torch.cat([A, B], 1), torch.cat([-B.mT, C], 1)])


def equilibrium(payoff: Tensor) -> tuple[Tensor, Tensor, float]:
    """An equilibrium of the matrix game min over x, max over y of x'A y, by linear programming.

    Parameters
    ----------
    payoff : Tensor of shape (n, m)
        What the player of the rows pays.

    Returns
    -------
    x, y : Tensor of shape (n,), (m,)
        Mixed strategies.
    value : float
    """
    A = payoff.double().numpy()
    n, m = A.shape
    found = linprog(
        np.append(np.zeros(n), 1.0),
        A_ub=np.hstack([A.T, -np.ones((m, 1))]),
        b_ub=np.zeros(m),
        A_eq=np.append(np.ones(n), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * n + [(None, None)],
        method="highs",
    )
    x = torch.from_numpy(found.x[:n])
    y = torch.from_numpy(-found.ineqlin.marginals)
    return x.to(payoff), y.to(payoff), float(found.fun)
