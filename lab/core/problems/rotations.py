"""A nonexpansive map without a fixed point: planes that turn, and one axis along which all drifts.

In n planes N turns by the angles t_1 .. t_n, along one more axis it shifts by a constant. The
averaged map (1 - w) I + w N then acts on plane j, read as a complex number, as multiplication by
q_j = 1 - w + w e^(i t_j), and the infimal displacement vector is w times the shift. So everything
is known. From plane coefficients a_j at the start, the error e_k = x_k - T x_k - v is in plane j

    Picard:   (1 - q_j) q_j^k a_j             Halpern:   (1 - q_j^(k+1)) a_j / (k + 1)

The second line follows from (k + 2) z_(k+1) = a + q (k + 1) z_k, hence (k + 1) z_k is a times a
geometric sum. Since 1 - |q|^2 = 2 w (1 - w) (1 - cos t), Picard on one plane is geometric at rate
|q| and never settles at w = 1. With angles spread evenly in the logarithm, slower and slower
planes take over: the sum of t^2 exp(-w (1 - w) t^2 k) over them behaves like 1/k as long as
1/t_max^2 < k < 1/t_min^2, while Halpern keeps below 4/(k + 1)^2 on any angles whatever.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lab.core.backend import Backend
from lab.core.random import Rng


@dataclass(frozen=True)
class Rotations:
    """A product of plane rotations and a shift.

    Coordinates are (real parts, imaginary parts, the axis of the drift), 2 `planes` + 1 of them.

    Parameters
    ----------
    planes : int
    fastest, slowest : float
        Angles in radians; the others lie between, evenly in the logarithm. One plane turns by
        `fastest`.
    gap : float
        Length of the infimal displacement vector of the map averaged with weight 1/2; that of the
        map itself is twice as long.
    jitter : float
        Standard deviation of the logarithms of the angles.
    """

    planes: int = 40
    fastest: float = 1.0
    slowest: float = 1e-3
    gap: float = 0.01
    jitter: float = 0.1

    def make(self, rng: Rng, backend: Backend) -> dict[str, Tensor]:
        """Draws the angles and the start.

        Returns
        -------
        dict of Tensor
            `cos`, `sin`, `shift`, `partner`: the map, shape (d,) each. `angles`: shape (planes,).
            `displacement`: shape (d,), the infimal displacement vector of the map itself.
            `start`: shape (d,), normal coefficients in the planes with unit norm in all.
            `shadow`: shape (2, d), the projection that adds all planes up, so that each is a
            circle on a circle, and lays the drift along the first axis.
        """
        angles = backend.logspace(self.fastest, self.slowest, self.planes)
        angles = angles * torch.exp(self.jitter * rng.normal("angles", (self.planes,)))
        start = rng.normal("start", (2 * self.planes,))
        n, zero, one = self.planes, backend.zeros(1), backend.ones(1)
        shift = torch.cat([backend.zeros(2 * n), 2 * self.gap * one])
        shadow = torch.zeros(2, 2 * n + 1, device=shift.device, dtype=shift.dtype)
        shadow[0, :n] = shadow[1, n : 2 * n] = shadow[0, 2 * n] = 1
        partner = torch.cat([torch.arange(n, 2 * n), torch.arange(n), torch.tensor([2 * n])])
        return {
            "angles": angles,
            "cos": torch.cat([angles.cos(), angles.cos(), one]),
            "sin": torch.cat([-angles.sin(), angles.sin(), zero]),
            "partner": partner.to(shift.device),
            "shift": shift,
            "displacement": shift.clone(),
            "start": torch.cat([start / start.norm(), zero]),
            "shadow": shadow,
        }

    @staticmethod
    def apply(problem: dict[str, Tensor], x: Tensor) -> Tensor:
        """The map itself at `x`, shape (d,); an isometry."""
        turned = torch.addcmul(problem["cos"] * x, problem["sin"], x[problem["partner"]])
        return turned - problem["shift"]

    @staticmethod
    def error(problem: dict[str, Tensor], method: str, k: int, weight: float) -> Tensor:
        """Closed form of |x_k - T x_k - v|^2 for T averaged with `weight`; shape ().

        Parameters
        ----------
        method : {"picard", "halpern"}
        k : int
        weight : float
        """
        n = len(problem["angles"])
        start = torch.complex(problem["start"][:n], problem["start"][n : 2 * n])
        q = 1 - weight + weight * torch.exp(1j * problem["angles"])
        if method == "picard":
            planes = (1 - q) * q**k * start
        else:
            planes = (1 - q ** (k + 1)) * start / (k + 1)
        return planes.abs().square().sum()
