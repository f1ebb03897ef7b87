"""Two spirals wound into one another, a point's class being the arm that it lies on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from lab.core.backend import Backend
from lab.core.random import Rng


@final
@dataclass(frozen=True)
class Spirals:
    """Points of the plane on two spirals, each equally likely.

    Parameters
    ----------
    turns : float
        How often an arm goes round: the more, the harder.
    noise : float
        Standard deviation of what is added to both coordinates; an arm ends at radius 1.
    """

    turns: float = 1.25
    noise: float = 0.02

    def make(self, n: int, rng: Rng, backend: Backend, name: str = "spirals") -> dict[str, Tensor]:
        """Draws `n` points under the name `name`.

        Returns
        -------
        dict of Tensor
            `x`: shape (n, 2). `y`: shape (n,), int64, 0 or 1.
        """
        if n < 1:
            raise ValueError(f"at least one point is drawn; not {n}")
        exact = Rng(rng.seed, rng.k, Backend("cpu", "float64"))
        y = exact.integers(f"{name}/arm", 0, 2, (n,))
        along = exact.uniform(f"{name}/along", (n,)).sqrt()
        angle = 2 * math.pi * self.turns * along + math.pi * y
        at = along[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
        at = at + self.noise * exact.normal(f"{name}/noise", (n, 2))
        return {"x": backend.tensor(at), "y": backend.tensor(y)}

    def split(
        self, rng: Rng, backend: Backend, shown: int = 600, hidden: int = 2000
    ) -> dict[str, dict[str, Tensor]]:
        """`train` and `test`, as `make` gives them."""
        return {
            "train": self.make(shown, rng, backend, "train"),
            "test": self.make(hidden, rng, backend, "test"),
        }
