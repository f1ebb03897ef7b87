"""Two half circles that reach into one another, a point's class being the one it lies on."""

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
class Moons:
    """Points of the plane on two half circles of radius 1, each equally likely.

    The first is the upper half of the circle around (-1/2, -1/4), the second the lower half of
    that around (1/2, 1/4).

    Parameters
    ----------
    noise : float
        Standard deviation of what is added to both coordinates.
    """

    noise: float = 0.1

    def make(self, n: int, rng: Rng, backend: Backend, name: str = "moons") -> dict[str, Tensor]:
        """Draws `n` points under the name `name`.

        Returns
        -------
        dict of Tensor
            `x`: shape (n, 2). `y`: shape (n,), int64, 0 or 1.
        """
        if n < 1:
            raise ValueError(f"at least one point is drawn; not {n}")
        exact = Rng(rng.seed, rng.k, Backend("cpu", "float64"))
        y = exact.integers(f"{name}/moon", 0, 2, (n,))
        angle = math.pi * (exact.uniform(f"{name}/along", (n,)) + y)
        centre = (2 * y - 1)[:, None] * torch.tensor([0.5, 0.25], dtype=torch.float64)
        at = centre + torch.stack([angle.cos(), angle.sin()], 1)
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
