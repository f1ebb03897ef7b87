"""Linear programmes with or without a solution, as a nonexpansive map.

For minimise c'x subject to A x = b, x >= 0, Douglas-Rachford splitting averages the identity with
a product of two reflections: through the affine set {A x = b} (after a step along -c), then
through the orthant. The latter turns u into |u| component by component, so the map is just
z -> |M z + q|. If the programme has a solution the map has fixed points. If not, its infimal
displacement vector v, here halved to that of the averaged map, is a certificate:

- no feasible point: v points from the orthant to the affine set, at their nearest points. With y
  from A'y = v, the numbers A'y <= 0 and b'y = |v|^2 > 0 prove it (Farkas).
- no lower bound: -v is a direction d >= 0 with A d = 0 and c'd < 0.

Both kinds are made backwards from a chosen v, so that the answer is known exactly. Banjac,
Goulart, Stellato and Boyd, "Infeasibility detection in the alternating direction method of
multipliers for convex optimization" (2019), treat these certificates.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lab.core.backend import Backend
from lab.core.random import Rng

KINDS = ("infeasible", "unbounded")
TINY = 1e-30  # a residual that has vanished proves nothing, but is divided by


@dataclass(frozen=True)
class LinearProgramme:
    """A random linear programme that misses having a solution by `gap`.

    Parameters
    ----------
    kind : {"infeasible", "unbounded"}
    gap : float
        |v|. At 0 the programme has a solution.
    variables, constraints : int

    Raises
    ------
    ValueError
        Another kind, or not fewer constraints than variables.
    """

    kind: str = "infeasible"
    gap: float = 0.01
    variables: int = 24
    constraints: int = 10

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind is {' or '.join(KINDS)}; not {self.kind!r}")
        if not 1 <= self.constraints < self.variables:
            raise ValueError("constraints must be fewer than variables, at least one")

    def make(self, rng: Rng, backend: Backend) -> dict[str, Tensor]:
        """Draws the programme.

        Returns
        -------
        dict of Tensor
            `A` (m, n), `b` (m,), `c` (n,): the programme. `inverse` (n, m): pseudoinverse of A.
            `matrix` (n, n), `offset` (n,): the map.
            `displacement` (n,): the infimal displacement vector of the map itself, 2 v.
            `start` (n,): normal. `shadow` (2, n): an orthogonal projection on the plane of v and
            of one more direction.
        """
        n, m = self.variables, self.constraints
        positive = torch.arange(n, device=backend.device) < n // 2
        point = torch.where(positive, 0.5 + rng.uniform("point", (n,)), 0.0)
        direction = rng.normal("direction", (n,)).abs()
        rows = rng.normal("rows", (m, n))
        prices = rng.normal("prices", (m,))
        slack = torch.where(positive, 0.0, rng.uniform("slack", (n,)))
        if self.kind == "infeasible":
            # The nearest points of the two sets are `point` in the orthant and `point + v` in the
            # affine set, because v lies in the rows of A, is <= 0, and is 0 where point > 0.
            direction = -torch.where(positive, 0.0, direction)
            direction = direction / direction.norm()
            rows[0] = direction
            A = torch.linalg.qr(rng.normal("mix", (m, m)))[0] @ rows
            b, c = A @ (point + self.gap * direction), torch.zeros_like(point)
        else:
            # The projection of -c on {d >= 0, A d = 0} is -v, because c + (-v) is made of rows of
            # A and of a slack >= 0 that vanishes where -v does not.
            direction = -torch.where(positive, direction, 0.0)
            direction = direction / direction.norm()
            A = rows - torch.outer(rows @ direction, direction)
            b, c = A @ point, self.gap * direction + A.mT @ prices + slack
        inverse = torch.linalg.pinv(A)
        onto_rows = inverse @ A
        eye = backend.eye(n)
        aside = rng.normal("aside", (n,))
        aside = aside - (aside @ direction) * direction
        return {
            "A": A,
            "b": b,
            "c": c,
            "inverse": inverse,
            "matrix": eye - 2 * onto_rows,
            "offset": 2 * inverse @ b - 2 * (eye - onto_rows) @ c,
            "displacement": 2 * self.gap * direction,
            "start": rng.normal("start", (n,)),
            "shadow": torch.stack([direction, aside / aside.norm()]),
        }

    @staticmethod
    def apply(problem: dict[str, Tensor], x: Tensor) -> Tensor:
        """The product of the two reflections at `x`, shape (n,)."""
        return torch.addmv(problem["offset"], problem["matrix"], x).abs()

    @staticmethod
    def farkas(problem: dict[str, Tensor], residual: Tensor) -> tuple[Tensor, Tensor]:
        """How well a residual of the averaged map proves that there is no feasible point.

        Parameters
        ----------
        residual : Tensor of shape (n,)

        Returns
        -------
        value, violation : Tensor of shape ()
            b'y and the largest entry of A'y, for y of least norm with A'y nearest to the
            residual, scaled to |A'y| = 1. A proof has value > 0 and violation <= 0.
        """
        y = problem["inverse"].mT @ residual
        ray = problem["A"].mT @ y
        length = ray.norm().clamp(min=TINY)
        return problem["b"] @ y / length, ray.max() / length

    @staticmethod
    def recession(problem: dict[str, Tensor], residual: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """How well a residual of the averaged map proves that there is no lower bound.

        Returns
        -------
        slope, violation, offset : Tensor of shape ()
            c'd, the largest entry of -d, and |A d|, for d = -residual scaled to |d| = 1. A proof
            has slope < 0, violation <= 0 and offset 0.
        """
        d = -residual / residual.norm().clamp(min=TINY)
        return problem["c"] @ d, (-d).max(), (problem["A"] @ d).norm()
