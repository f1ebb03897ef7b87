"""How few of a vector's entries carry it, and how many weights may go for that reason.

Diao, Wang, Zhang, Yang, Ding, Tarokh, "Pruning deep neural networks from a sparsity perspective"
(ICLR 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from torch import Tensor


@final
@dataclass(frozen=True)
class PQIndex:
    """The PQ index I = 1 - d^(1/q - 1/p) |w|_p / |w|_q of d numbers.

    0 where all are equally large, `highest(d)` where one alone is not zero; the same for c w with
    c not 0 and for w repeated.

    Parameters
    ----------
    p, q : float
        0 < p < q. With p = .5 the sums are those of roots, with q = 1 of magnitudes.
    """

    p: float = 0.5
    q: float = 1.0

    def __post_init__(self):
        if not 0 < self.p < self.q:
            raise ValueError(f"the norms need 0 < p < q; not p = {self.p:g}, q = {self.q:g}")

    def of(self, w: Tensor) -> Tensor:
        """The index of all entries of a tensor, 0-d. Means in place of sums: d never overflows."""
        size = w.abs().reshape(-1)
        size = size / size.max()  # or small weights to a high power would vanish
        return 1 - size.pow(self.p).mean() ** (1 / self.p) / size.pow(self.q).mean() ** (1 / self.q)

    def highest(self, d: int) -> float:
        """The index of d entries of which one is not zero."""
        return 1 - d ** (1 / self.q - 1 / self.p)

    def least(self, index: float | Tensor, d: int, eta: float = 0.0) -> float | Tensor:
        """No fewer than so many of d entries have |w|_p^p of the rest at most `eta` times theirs.

        By Hoelder's inequality; with `eta` 0 a bound on the number of entries that are not zero.
        """
        gap = self.q - self.p
        return d * (1 + eta) ** (-self.q / gap) * (1 - index) ** (self.p * self.q / gap)


@final
@dataclass(frozen=True)
class Adaptive:
    """Sparsity-informed adaptive pruning (SAP): a round takes what the index says is redundant.

    Parameters
    ----------
    index : PQIndex
    eta : float
        Above -1, as in `PQIndex.least`: the larger, the more may go.
    gamma : float
        Share of the redundant weights that goes in a round.
    most : float
        The largest share of the weights that goes in a round.
    """

    index: PQIndex = PQIndex()
    eta: float = 0.0
    gamma: float = 1.0
    most: float = 0.9

    def share(self, w: Tensor) -> float:
        """Share of the living weights `w` that goes next, in [0, most]."""
        d = w.numel()
        redundant = 1 - float(self.index.least(self.index.of(w), d, self.eta)) / d
        return min(max(self.gamma * redundant, 0.0), self.most)
