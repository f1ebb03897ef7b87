"""Writing a 3-tensor as a sum of few products, by alternating least squares from many starts.

`T[i, j, k] = sum_r A[i, r] B[j, r] C[k, r]`; the fewest terms with which this is exact are the
tensor's rank. With two of the three factors fixed the third is a linear least squares problem.
A penalty on the factors keeps the first sweeps from running off to infinity, as they else do where
a tensor of higher rank can be approached without end; it fades, so that an exact sum is found
exactly. Kolda and Bader, "Tensor decompositions and applications" (SIAM Review 2009).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch

from lab.core.random import Rng

Factors = dict[str, torch.Tensor]


@final
@dataclass(frozen=True)
class AlternatingLeastSquares:
    """Sweeps over the three factors, for many starts at once.

    Parameters
    ----------
    rank : int
        Number of products.
    penalty : float
        Times the sum of squares of all factors, in sweep 0.
    fade : float
        The penalty's factor in each sweep.
    least : float
        The penalty never falls below it; it keeps the linear problems solvable.
    """

    rank: int
    penalty: float = 0.1
    fade: float = 0.95
    least: float = 1e-9

    def init(self, shape: tuple[int, int, int], starts: int, rng: Rng) -> Factors:
        """Normal factors "A", "B", "C", each (starts, length, rank)."""
        return {
            name: rng.normal(name, (starts, length, self.rank))
            for name, length in zip("ABC", shape, strict=True)
        }

    def step(self, factors: Factors, target: torch.Tensor, k: int) -> Factors:
        """One sweep: A, then B, then C, each the best for the other two.

        Parameters
        ----------
        factors : dict of Tensor
        target : Tensor (I, J, K)
        k : int
            Number of the sweep, from 0.
        """
        A, B, C = factors["A"], factors["B"], factors["C"]
        ridge = max(self.penalty * self.fade**k, self.least)
        A = self._best("ijk,njr,nkr->nir", target, B, C, ridge)
        B = self._best("ijk,nir,nkr->njr", target, A, C, ridge)
        C = self._best("ijk,nir,njr->nkr", target, A, B, ridge)
        return {"A": A, "B": B, "C": C}

    @staticmethod
    def _best(contract: str, target, X, Y, ridge: float) -> torch.Tensor:
        """The factor that fits best beside X and Y, (starts, length, rank)."""
        gram = (X.mT @ X) * (Y.mT @ Y)
        gram.diagonal(dim1=1, dim2=2).add_(ridge)
        right = torch.einsum(contract, target, X, Y)
        return torch.cholesky_solve(right.mT, torch.linalg.cholesky(gram)).mT

    @staticmethod
    def residual(factors: Factors, target: torch.Tensor) -> torch.Tensor:
        """Distance of each start's sum from the tensor over the tensor's norm, (starts,)."""
        made = torch.einsum("nir,njr,nkr->nijk", factors["A"], factors["B"], factors["C"])
        return (made - target).flatten(1).norm(dim=1) / target.norm()
