"""Networks with the data they are for, by a name: what is claimed should not hang on one pair."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, final

from torch import Tensor

from lab.core.backend import Backend
from lab.core.mlp import Mlp
from lab.core.problems.clusters import Clusters
from lab.core.problems.digits import Digits
from lab.core.problems.moons import Moons
from lab.core.problems.reber import Reber
from lab.core.problems.spirals import Spirals
from lab.core.random import Rng


@final
@dataclass(frozen=True)
class Pair:
    """A network, its data, and the training after which it is called dense.

    Parameters
    ----------
    net : Mlp
    problem : object
        Its `split(rng, backend)` gives `train` and `test`, each with `x` and `y`.
    steps, rate, l2 : int, float, float
        Of `Mlp.trained`.
    """

    net: Mlp
    problem: Any
    steps: int
    rate: float
    l2: float

    def split(self, rng: Rng, backend: Backend, **sizes: int) -> dict[str, dict[str, Tensor]]:
        """`train` and `test`; `sizes` may be `shown` and `hidden`."""
        return self.problem.split(rng, backend, **sizes)

    def dense(self, train: dict[str, Tensor], rng: Rng) -> Tensor:
        """The weights of the network trained with all of them present."""
        return self.net.trained(train, rng, steps=self.steps, rate=self.rate, l2=self.l2)


# Problem, inputs, classes, and the training: steps, rate, L2.
PROBLEMS = {
    "digits": (Digits(), 144, 10, (400, 3e-3, 1e-3)),
    "small digits": (Digits(side=6), 36, 10, (400, 3e-3, 1e-3)),
    "spirals": (Spirals(), 2, 2, (1000, 1e-2, 1e-4)),
    "moons": (Moons(), 2, 2, (300, 1e-2, 1e-4)),
    "clusters": (Clusters(), 16, 4, (300, 1e-2, 1e-3)),
    "reber": (Reber(), 70, 2, (400, 3e-3, 1e-3)),
}


@lru_cache
def pair(name: str) -> Pair:
    """The pair of a name such as "digits 100-100": the problem, then the hidden layers' widths.

    Problems: digits (pictures of 12 x 12, ten classes), small digits (of 6 x 6), spirals and moons
    (points of the plane, two classes), clusters (16 coordinates, four classes), reber (words of
    10 letters, right or wrong).

    Raises
    ------
    ValueError
        No such problem, or widths that are no numbers.
    """
    problem, _, hidden = name.rpartition(" ")
    if problem not in PROBLEMS:
        raise ValueError(f"a pair is of {', '.join(PROBLEMS)}; not {name!r}")
    if not all(part.isdecimal() for part in hidden.split("-")):
        raise ValueError(f"hidden widths are written like 100-100; not {name!r}")
    made, inputs, classes, (steps, rate, l2) = PROBLEMS[problem]
    net = Mlp((inputs, *map(int, hidden.split("-")), classes))
    return Pair(net, made, steps, rate, l2)
