"""Sparse parity: the answer is the product of a few bits that nobody names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from lab.core.backend import Backend
from lab.core.random import Rng

LONGEST = 62  # bits of an input, so that all inputs have a number of their own


@final
@dataclass(frozen=True)
class Parity:
    """Inputs of `n` signs, of which a hidden subset of `size` decides.

    Any fewer bits than the whole subset tell nothing about the answer: over all inputs it is
    uncorrelated with every other product of bits.

    Parameters
    ----------
    n : int
        Bits of an input, 62 at most.
    size : int
        Bits of the subset, from 1 to n.
    """

    n: int = 40
    size: int = 3

    def __post_init__(self):
        if not 1 <= self.size <= self.n <= LONGEST:
            raise ValueError(
                f"1 <= size <= n <= {LONGEST} is asked for; not size {self.size} and n {self.n}"
            )

    def subset(self, rng: Rng) -> Tensor:
        """The bits that decide, rising, int64, shape (size,)."""
        return rng.choice("subset", self.n, self.size).sort().values

    def label(self, x: Tensor, subset: Tensor) -> Tensor:
        """+1 or -1: the product of the bits of the subset, for inputs (..., n)."""
        return x[..., subset].prod(-1)

    def split(
        self, rng: Rng, backend: Backend, shown: int = 1000, hidden: int = 1000
    ) -> dict[str, Tensor | dict[str, Tensor]]:
        """Draws examples that all differ, so that none is hidden and shown.

        Returns
        -------
        dict
            `subset`: int64, shape (size,). `train` and `test`, each with `x`: shape (N, n), and
            `y`: shape (N,), both of +1 and -1.

        Raises
        ------
        ValueError
            A part without an example, or more of them than there are inputs.
        """
        if min(shown, hidden) < 1 or shown + hidden > 2**self.n:
            raise ValueError(
                f"{self.n} bits have {2**self.n} inputs; cannot show {shown} and hide {hidden}"
            )
        code = rng.choice("examples", 2**self.n, shown + hidden)
        bits = (code[:, None] >> torch.arange(self.n, device=code.device)) & 1
        x = (1 - 2 * bits).to(backend.torch_dtype)
        subset = self.subset(rng)
        return {
            "subset": subset,
            "train": {"x": x[:shown], "y": self.label(x[:shown], subset)},
            "test": {"x": x[shown:], "y": self.label(x[shown:], subset)},
        }
