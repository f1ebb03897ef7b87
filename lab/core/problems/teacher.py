"""Two classes drawn by a random network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from torch import Tensor

from lab.core.backend import Backend
from lab.core.mlp import Mlp
from lab.core.random import Rng

MANY = 10_000  # inputs whose median divides the classes


@final
@dataclass(frozen=True)
class Teacher:
    """Normal inputs; the class says on which side of its median a random relu network lies.

    Parameters
    ----------
    widths : tuple of int
        Of the teacher, from its inputs to its one output.
    """

    widths: tuple[int, ...] = (10, 8, 8, 1)

    def split(
        self, rng: Rng, backend: Backend, shown: int = 500, hidden: int = 2000
    ) -> dict[str, dict[str, Tensor]]:
        """`train` and `test`, each with `x`, shape (n, inputs), and `y`, shape (n,), int64."""
        exact = Rng(rng.seed, rng.k, Backend("cpu", "float64"))
        net = Mlp(self.widths)
        teacher = net.init(exact)
        drawn = exact.normal("teacher/median", (MANY, self.widths[0]))
        middle = net.logits(teacher, drawn)[:, 0].median()
        found = {}
        for name, n in (("train", shown), ("test", hidden)):
            x = exact.normal(f"teacher/{name}", (n, self.widths[0]))
            y = (net.logits(teacher, x)[:, 0] > middle).long()
            found[name] = {"x": backend.tensor(x), "y": backend.tensor(y)}
        return found
