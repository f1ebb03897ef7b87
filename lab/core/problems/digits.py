"""Handwriting by a program: the ten digits as strokes of a pen, shaken, turned, in noise.

Nothing is fetched, every picture is drawn from the seed, and any number of them can be had.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from lab.core.backend import Backend
from lab.core.random import Rng

CLASSES = 10
# Corners of the pen's path in the unit square, x to the right and y downwards.
STROKES = (
    ((0.50, 0.10), (0.24, 0.26), (0.20, 0.60), (0.38, 0.88), (0.64, 0.88), (0.80, 0.58),
     (0.75, 0.25), (0.50, 0.10)),
    ((0.34, 0.30), (0.54, 0.10), (0.54, 0.90)),
    ((0.24, 0.28), (0.44, 0.10), (0.70, 0.18), (0.72, 0.40), (0.24, 0.88), (0.78, 0.88)),
    ((0.26, 0.14), (0.66, 0.12), (0.72, 0.32), (0.46, 0.48), (0.76, 0.66), (0.64, 0.88),
     (0.24, 0.86)),
    ((0.66, 0.90), (0.64, 0.10), (0.22, 0.64), (0.82, 0.64)),
    ((0.74, 0.12), (0.32, 0.12), (0.28, 0.46), (0.64, 0.46), (0.76, 0.68), (0.60, 0.88),
     (0.24, 0.86)),
    ((0.68, 0.12), (0.36, 0.34), (0.24, 0.66), (0.40, 0.88), (0.68, 0.86), (0.74, 0.62),
     (0.52, 0.50), (0.27, 0.62)),
    ((0.22, 0.12), (0.78, 0.12), (0.56, 0.46), (0.42, 0.90)),
    ((0.52, 0.47), (0.28, 0.28), (0.50, 0.10), (0.72, 0.28), (0.52, 0.47), (0.26, 0.70),
     (0.50, 0.90), (0.76, 0.70), (0.52, 0.47)),
    ((0.72, 0.36), (0.46, 0.48), (0.28, 0.28), (0.50, 0.10), (0.72, 0.28), (0.70, 0.60),
     (0.52, 0.90)),
)  # fmt: skip


@final
@dataclass(frozen=True)
class Digits:
    """Small pictures of the digits 0 to 9, each class equally likely.

    Parameters
    ----------
    side : int
        Pixels across and down.
    jitter : float
        Standard deviation of every corner of the pen's path; the unit is the picture's side.
    turn : float
        Standard deviation of the rotation, radians.
    shift : float
        Standard deviation of the position; the unit is the picture's side.
    scale : float
        Standard deviation of the logarithm of the size.
    noise : float
        Standard deviation of the noise added to each pixel; ink is 1, paper 0.
    pen : float
        Distance at which the ink has faded to 1/e; the unit is the picture's side.
    """

    side: int = 12
    jitter: float = 0.035
    turn: float = 0.15
    shift: float = 0.04
    scale: float = 0.12
    noise: float = 0.25
    pen: float = 0.08

    def make(self, n: int, rng: Rng, backend: Backend, name: str = "digits") -> dict[str, Tensor]:
        """Draws `n` pictures under the name `name`.

        Returns
        -------
        dict of Tensor
            `x`: shape (n, side * side), row by row from the top, shifted by a constant so that
            the mean over all is about 0. `y`: shape (n,), int64.
        """
        if n < 1:
            raise ValueError(f"at least one picture is drawn; not {n}")
        # Drawn in float64 and rounded once, so that all precisions see the same pictures.
        exact = Rng(rng.seed, rng.k, Backend("cpu", "float64"))
        y = exact.integers(f"{name}/class", 0, CLASSES, (n,))
        corners = _padded()[y]
        corners = corners + self.jitter * exact.normal(f"{name}/jitter", tuple(corners.shape))
        angle = self.turn * exact.normal(f"{name}/turn", (n,))
        size = torch.exp(self.scale * exact.normal(f"{name}/scale", (n,)))
        place = 0.5 + self.shift * exact.normal(f"{name}/shift", (n, 1, 2))
        turned = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1)
        corners = (corners - 0.5) @ (size[:, None, None] * turned.view(n, 2, 2)) + place
        ink = torch.exp(-self._squared_distance(corners) / self.pen**2)
        pixels = ink + self.noise * exact.normal(f"{name}/noise", tuple(ink.shape))
        return {
            "x": backend.tensor(pixels - MEAN_INK),
            "y": backend.tensor(y),
        }

    def split(
        self, rng: Rng, backend: Backend, shown: int = 1000, hidden: int = 2000
    ) -> dict[str, dict[str, Tensor]]:
        """`train` and `test`, as `make` gives them."""
        return {
            "train": self.make(shown, rng, backend, "train"),
            "test": self.make(hidden, rng, backend, "test"),
        }

    def _squared_distance(self, corners: Tensor) -> Tensor:
        """From each pixel's centre to the nearest point of the path, (n, side * side)."""
        at = (torch.arange(self.side, dtype=corners.dtype) + 0.5) / self.side
        pixel = torch.stack([at.repeat(self.side), at.repeat_interleave(self.side)])  # x, y
        nearest = torch.full((len(corners), self.side**2), math.inf, dtype=corners.dtype)
        for j in range(corners.shape[1] - 1):
            start, way = corners[:, j], corners[:, j + 1] - corners[:, j]
            length = (way * way).sum(1, keepdim=True).clamp_min(1e-12)
            along = ((way @ pixel - (way * start).sum(1, keepdim=True)) / length).clamp_(0, 1)
            dx = start[:, :1] + along * way[:, :1] - pixel[0]
            dy = start[:, 1:] + along * way[:, 1:] - pixel[1]
            nearest = torch.minimum(nearest, dx * dx + dy * dy)
        return nearest


MEAN_INK = 0.27


def _padded() -> Tensor:
    """The strokes as one array (10, corners, 2); short ones end with their last corner repeated."""
    most = max(len(stroke) for stroke in STROKES)
    rows = [stroke + (stroke[-1],) * (most - len(stroke)) for stroke in STROKES]
    return torch.tensor(rows, dtype=torch.float64)
