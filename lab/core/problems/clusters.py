"""Clouds of points around centres, several to a class: the best possible answer is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from lab.core.backend import Backend
from lab.core.random import Rng


@final
@dataclass(frozen=True)
class Clusters:
    """Normal clouds of variance 1 in each direction, all equally likely; cloud i is of class
    i modulo `classes`.

    Parameters
    ----------
    clusters, classes, size : int
        Clouds, classes and coordinates.
    spread : float
        Standard deviation of the centres in each coordinate: the larger, the easier.
    """

    clusters: int = 8
    classes: int = 4
    size: int = 16
    spread: float = 0.85

    def centres(self, rng: Rng, backend: Backend) -> Tensor:
        """Shape (clusters, size)."""
        exact = Rng(rng.seed, rng.k, Backend("cpu", "float64"))
        return backend.tensor(self.spread * exact.normal("centres", (self.clusters, self.size)))

    def make(
        self, n: int, centres: Tensor, rng: Rng, backend: Backend, name: str = "clusters"
    ) -> dict[str, Tensor]:
        """Draws `n` points under the name `name`.

        Returns
        -------
        dict of Tensor
            `x`: shape (n, size). `y`: shape (n,), int64.
        """
        if n < 1:
            raise ValueError(f"at least one point is drawn; not {n}")
        exact = Rng(rng.seed, rng.k, Backend("cpu", "float64"))
        cloud = exact.integers(f"{name}/cloud", 0, self.clusters, (n,))
        noise = backend.tensor(exact.normal(f"{name}/noise", (n, self.size)))
        return {"x": centres[cloud] + noise, "y": cloud % self.classes}

    def split(
        self, rng: Rng, backend: Backend, shown: int = 500, hidden: int = 2000
    ) -> dict[str, dict[str, Tensor]]:
        """`train` and `test` around the same centres."""
        centres = self.centres(rng, backend)
        return {
            "train": self.make(shown, centres, rng, backend, "train"),
            "test": self.make(hidden, centres, rng, backend, "test"),
        }

    def chances(self, x: Tensor, centres: Tensor) -> Tensor:
        """The true chances of each class at n points, (n, classes), by Bayes' rule."""
        cloud = (-torch.cdist(x, centres).square() / 2).softmax(1)
        of_class = torch.nn.functional.one_hot(
            torch.arange(self.clusters, device=x.device) % self.classes, self.classes
        )
        return cloud @ of_class.to(x)
