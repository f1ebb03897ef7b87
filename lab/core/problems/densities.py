"""Densities whose every number is known: mixtures of round Gaussians, and points, their limit.

A density is a dict of tensors: `centres`, shape (m, d), `widths`, shape (m,), the standard
deviations of its components, and `weights`, shape (m,), which add up to one. Shapes without a
closed form (moons, rings, a checkerboard) are strings of narrow components, two widths apart, so
that they look smooth while their density, distribution function and posteriors stay exact. Where
every width is zero the density is its centres, and all of this still holds but the density.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lab.core.backend import Backend
from lab.core.random import Rng

Density = dict[str, Tensor]

HALVINGS = 64  # an interval of any sensible length, down to the last bit
APART = 2.0  # widths between neighbours on a string: the density between them dips by 3 %


@dataclass(frozen=True)
class Shape:
    """A named density in the plane, or its shadow on the second axis.

    Parameters
    ----------
    kind : str
        One of KINDS. "Gaussian" is standard normal; the others reach about two units from zero.
    width : float
        Standard deviation of each component; of no effect on "Gaussian".
    dim : {1, 2}
    jitter : float
        Standard deviation by which the modes of "two modes" and "five modes" are displaced.
    """

    kind: str = "moons"
    width: float = 0.1
    dim: int = 2
    jitter: float = 0.1

    def make(self, rng: Rng, backend: Backend) -> Density:
        """The density; `rng` displaces the modes.

        Raises
        ------
        ValueError
            The kind is unknown, or the dimension is neither 1 nor 2.
        """
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}; not {self.kind!r}")
        if self.dim not in (1, 2):
            raise ValueError(f"a shape has 1 or 2 dimensions; not {self.dim}")
        centres, weights = KINDS[self.kind](APART * self.width)
        centres = backend.tensor(centres)
        if self.kind in ("two modes", "five modes"):
            centres = centres + self.jitter * rng.normal("modes", tuple(centres.shape))
        width = 1.0 if self.kind == "Gaussian" else self.width
        return {
            "centres": centres[:, 2 - self.dim :].contiguous(),
            "widths": width * backend.ones(len(centres)),
            "weights": backend.tensor(weights / weights.sum()),
        }


def points(where: Tensor) -> Density:
    """The density that is nothing but the points `where`, shape (m, d), all alike."""
    m = len(where)
    return {
        "centres": where,
        "widths": where.new_zeros(m),
        "weights": where.new_full((m,), 1 / m),
    }


def shadow(density: Density, axis: int) -> Density:
    """What is seen of a density along one of its axes: a density in one dimension."""
    return {**density, "centres": density["centres"][:, axis, None]}


def mean(density: Density) -> Tensor:
    """Shape (d,)."""
    return density["weights"] @ density["centres"]


def log_parts(density: Density, x: Tensor) -> Tensor:
    """Logarithms of weight times density of every component at `x`, shape (n, d); (m, n).

    Points run along the last axis: sums over few components are then sums of long rows. Where a
    width is zero, the limit of a very narrow component is taken.
    """
    centres, d = density["centres"], x.shape[-1]
    variance = density["widths"].square().clamp(min=torch.finfo(x.dtype).tiny ** 0.5)[:, None]
    far = (x[:, 0] - centres[:, :1]).square()
    for axis in range(1, d):  # an axis at a time: no (m, n, d) array is ever made
        offset = x[:, axis] - centres[:, axis, None]
        far = torch.addcmul(far, offset, offset)
    height = density["weights"].log()[:, None] - (0.5 * d) * (2 * math.pi * variance).log()
    return torch.addcdiv(height, far, variance, value=-0.5)


def shares(density: Density, x: Tensor) -> Tensor:
    """Posterior weights of the components at `x`, shape (n, d); (m, n), columns add up to 1."""
    return torch.softmax(log_parts(density, x), 0)


def pdf(density: Density, x: Tensor) -> Tensor:
    """The density at `x`, shape (n, d); (n,)."""
    return torch.logsumexp(log_parts(density, x), 0).exp()


def cdf(density: Density, x: Tensor) -> Tensor:
    """The distribution function of a density in one dimension at `x`, shape (n,); (n,)."""
    offset, widths = x - density["centres"], density["widths"][:, None]
    below = torch.where(widths > 0, torch.special.ndtr(offset / widths), (offset >= 0).to(x))
    return density["weights"] @ below


def quantile(density: Density, u: Tensor) -> Tensor:
    """Where the distribution function of a density in one dimension reaches `u`; shape (n,).

    By bisection, which does not mind that it is nearly flat between modes.

    Parameters
    ----------
    u : Tensor of shape (n,)
        Above 0 and below 1.
    """
    # No component can hold more beyond this than the rarest of the shares asked for.
    reach = torch.special.ndtri(u.clamp(max=0.5).minimum((1 - u).clamp(max=0.5)).min()).abs() + 1
    centres, widths = density["centres"][:, 0], density["widths"]
    low = (centres - reach * widths).min() - 1e-3 + torch.zeros_like(u)
    high = (centres + reach * widths).max() + 1e-3 + torch.zeros_like(u)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        short = cdf(density, middle) < u
        low, high = torch.where(short, middle, low), torch.where(short, high, middle)
    return 0.5 * (low + high)


def rearrangement(source: Density, target: Density, x: Tensor) -> Tensor:
    """The only rising map of one density on the line to another, F1^-1(F0(x)); shape (n,)."""
    return quantile(target, cdf(source, x))


def sample(density: Density, pick: Tensor, spread: Tensor) -> Tensor:
    """Points of a density out of given randomness.

    Parameters
    ----------
    pick : Tensor of shape (n,)
        Uniform numbers in [0, 1): which component.
    spread : Tensor of shape (n, d)
        Normal numbers: where in it.
    """
    which = choose(density["weights"][:, None], pick)
    return density["centres"][which] + density["widths"][which, None] * spread


def draw(density: Density, rng: Rng, name: str, n: int) -> Tensor:
    """`n` independent points of a density, shape (n, d); another name gives other points."""
    pick = rng.uniform(f"{name}/pick", (n,))
    return sample(density, pick, rng.normal(f"{name}/spread", (n, density["centres"].shape[1])))


def choose(weights: Tensor, pick: Tensor) -> Tensor:
    """A row for each column of `weights`, (m, n) or (m, 1), by uniform numbers, shape (n,)."""
    which = (weights.cumsum(0) <= pick).sum(0)
    return which.clamp(max=len(weights) - 1)  # rounding may leave the last sum under 1


def spread_evenly(density: Density, jitter: Tensor) -> Tensor:
    """A sample on the line with one point in each of n equally likely intervals, in order.

    Parameters
    ----------
    jitter : Tensor of shape (n,)
        Uniform numbers in [0, 1): where in its interval.
    """
    n = len(jitter)
    u = (torch.arange(n, device=jitter.device) + jitter) / n
    return quantile(density, u.clamp(1e-3 / n, 1 - 1e-3 / n))


def _even(n):
    return torch.ones(n, dtype=torch.float64)


def _string(length: float, apart: float) -> Tensor:
    """Shares of the way along a string, the middles of equal pieces."""
    n = max(2, math.ceil(length / max(apart, 0.04)))
    return (torch.arange(n, dtype=torch.float64) + 0.5) / n


def _circle(radius: float, apart: float) -> Tensor:
    angle = 2 * math.pi * _string(2 * math.pi * radius, apart)
    return radius * torch.stack([angle.cos(), angle.sin()], 1)


def _gaussian(apart):
    return torch.zeros(1, 2, dtype=torch.float64), _even(1)


def _two_modes(apart):
    """Unequal, lest symmetry decide where every particle goes."""
    places = torch.tensor([[0.0, -1.5], [0.0, 1.5]], dtype=torch.float64)
    return places, torch.tensor([0.35, 0.65], dtype=torch.float64)


def _five_modes(apart):
    angle = 2 * math.pi * (torch.arange(5, dtype=torch.float64) / 5 + 0.25)
    places = 1.8 * torch.stack([angle.cos(), angle.sin()], 1)
    return places, torch.tensor([1, 2, 3, 2, 1.5], dtype=torch.float64)


def _moons(apart):
    """Two interlocking half circles."""
    angle = math.pi * _string(1.3 * math.pi, apart)
    upper = 1.3 * torch.stack([angle.cos() - 0.5, angle.sin() - 0.25], 1)
    return torch.cat([upper, -upper]), _even(2 * len(angle))


def _rings(apart):
    centres = torch.cat([_circle(0.9, apart), _circle(2.0, apart)])
    return centres, _even(len(centres))


def _checkerboard(apart):
    """The eight dark cells of a board of sixteen, each of side one."""
    steps = _string(1.0, max(apart, 0.2))
    inside = torch.cartesian_prod(steps, steps)
    cells = [[i - 2.0, j - 2.0] for i in range(4) for j in range(4) if (i + j) % 2 == 0]
    corners = torch.tensor(cells, dtype=torch.float64)
    centres = (corners[:, None] + inside).reshape(-1, 2)
    return centres, _even(len(centres))


KINDS = {
    "Gaussian": _gaussian,
    "two modes": _two_modes,
    "five modes": _five_modes,
    "moons": _moons,
    "rings": _rings,
    "checkerboard": _checkerboard,
}
