"""Two classes drawn by a random network, of which a known share is told wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from lab.core.backend import Backend
from lab.core.mlp import Mlp
from lab.core.problems.labels import flipped
from lab.core.random import Rng

MANY = 10_000  # inputs whose median divides the classes


@final
@dataclass(frozen=True)
class Teacher:
    """Normal inputs; the class says on which side of its median a random relu network lies.

    The label is the other class with probability `noise`, so the true probability of each label
    given the input is known.

    Parameters
    ----------
    widths : tuple of int
        Of the teacher, from its inputs to its one output.
    noise : float
        In [0, .5].
    """

    widths: tuple[int, ...] = (10, 8, 8, 1)
    noise: float = 0.2

    def split(
        self, rng: Rng, backend: Backend, shown: int = 500, hidden: int = 2000
    ) -> dict[str, dict[str, Tensor]]:
        """`train` and `test`.

        Returns
        -------
        dict of dict of Tensor
            `x`: shape (n, inputs). `y`: shape (n,), int64, labels as told. `clean`: the same
            before any was flipped. `p`: shape (n, 2), true probability of each label.
        """
        exact = Rng(rng.seed, rng.k, Backend("cpu", "float64"))
        net = Mlp(self.widths)
        teacher = net.init(exact)
        drawn = exact.normal("teacher/median", (MANY, self.widths[0]))
        middle = net.logits(teacher, drawn)[:, 0].median()
        found = {}
        for name, n in (("train", shown), ("test", hidden)):
            x = exact.normal(f"teacher/{name}", (n, self.widths[0]))
            clean = (net.logits(teacher, x)[:, 0] > middle).long()
            y = flipped(clean, self.noise, 2, exact, f"teacher/{name}/flip")
            p = torch.where(clean[:, None] == torch.arange(2), 1 - self.noise, self.noise)
            parts = {"x": x, "y": y, "clean": clean, "p": p.double()}
            found[name] = {key: backend.tensor(part) for key, part in parts.items()}
        return found
