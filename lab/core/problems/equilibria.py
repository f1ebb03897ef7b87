"""Maps whose iteration is as slow as one asks: affine ones, and the layer z = tanh(W z + x).

With `radius` the spectral radius of W, W / radius a random orthogonal matrix turned towards a
symmetric one by `symmetry`, Picard's error on the affine map falls by `radius` in a step. The
layer is a contraction of the same constant; it is the map of a deep equilibrium model.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lab.core.backend import Backend
from lab.core.random import Rng


@dataclass(frozen=True)
class Equilibria:
    """A batch of affine or tanh maps that share a matrix.

    Parameters
    ----------
    n : int
        Dimension.
    rows : int
        Right-hand sides, each with its own solution.
    radius : float
        Spectral radius of W, and its 2-norm.
    symmetric : bool
        W has real eigenvalues in [-radius, radius]; otherwise they lie on a circle.
    """

    n: int = 20
    rows: int = 1
    radius: float = 0.9
    symmetric: bool = True

    def make(self, rng: Rng, backend: Backend) -> dict[str, Tensor]:
        """Draws the maps.

        Returns
        -------
        dict of Tensor
            `matrix` (n, n), `shift` (rows, n), `start` (rows, n): zero.
        """
        n = self.n
        basis = torch.linalg.qr(rng.normal("basis", (n, n)))[0]
        if self.symmetric:
            values = 2 * rng.uniform("values", (n,)) - 1
            values = values / values.abs().max()
            values = values * values[values.abs().argmax()].sign()  # the largest is +1
            basis = (basis * values) @ basis.mT
        return {
            "matrix": self.radius * basis,
            "shift": rng.normal("shift", (self.rows, n)),
            "start": backend.zeros(self.rows, n),
        }

    @staticmethod
    def affine(problem: dict[str, Tensor], x: Tensor) -> Tensor:
        """W x + b, shape (rows, n)."""
        return x @ problem["matrix"].mT + problem["shift"]

    @staticmethod
    def layer(problem: dict[str, Tensor], x: Tensor) -> Tensor:
        """tanh(W x + b), shape (rows, n)."""
        return torch.tanh(Equilibria.affine(problem, x))

    @staticmethod
    def solution(problem: dict[str, Tensor]) -> Tensor:
        """Fixed points of the affine maps, shape (rows, n)."""
        matrix = problem["matrix"]
        eye = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
        return torch.linalg.solve(eye - matrix, problem["shift"].mT).mT
