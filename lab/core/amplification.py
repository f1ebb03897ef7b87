"""Search with a quantum oracle, as rotations in the plane of the marked and the unmarked items.

A search begins with equal amplitudes; a fraction of the items is marked. One iteration asks the
oracle once: it turns the phase of the marked part by beta, then that of the start by -alpha. All
stays in the span of two states, so amplitudes have shape (..., 2): unmarked, marked.

The fixed-point phases are those of Yoder, Low and Chuang (Physical Review Letters 113, 210501,
2014). The lemma behind them, that the amplitude left over is a Chebyshev polynomial, is proved by
Li, Feng and Li (2024).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor


def chebyshev(degree: int, x: Tensor) -> Tensor:
    """T_degree at `x` >= 0, of any shape."""
    inside = torch.cos(degree * torch.acos(x.clamp(max=1)))
    return torch.where(x <= 1, inside, torch.cosh(degree * torch.acosh(x.clamp(min=1))))


def start(fraction: Tensor) -> Tensor:
    """Amplitudes of the even superposition: shape (...) to (..., 2)."""
    return torch.stack([(1 - fraction).sqrt(), fraction.sqrt()], -1) + 0j


def search(fraction: Tensor, alpha: Tensor, beta: Tensor) -> list[Tensor]:
    """Amplitudes (..., 2) before, and after each iteration with the phases (n,) and (n,)."""
    s = start(fraction)
    states = [s]
    turned = 1 - torch.polar(torch.ones_like(alpha), -alpha)
    marked = torch.polar(torch.ones_like(beta), beta)
    for j in range(len(alpha)):
        u, m = states[-1][..., 0], states[-1][..., 1] * marked[j]
        along = turned[j] * (s[..., 0] * u + s[..., 1] * m)
        states.append(torch.stack([u - along * s[..., 0], m - along * s[..., 1]], -1))
    return states


def bloch(amplitudes: Tensor) -> Tensor:
    """Bloch vectors (..., 3) of amplitudes (..., 2); the marked state is (0, 0, 1)."""
    u, m = amplitudes[..., 0], amplitudes[..., 1]
    across = 2 * u.conj() * m
    return torch.stack([across.real, across.imag, m.abs() ** 2 - u.abs() ** 2], -1)


@dataclass(frozen=True)
class Grover:
    """All phases pi: a rotation by the same angle each time, over the top and down again.

    Parameters
    ----------
    detuning : float or Tensor of shape ()
        An error of every phase, in radians; the closed form knows nothing of it.
    """

    detuning: float | Tensor = 0.0

    def phases(self, n: int) -> tuple[Tensor, Tensor]:
        """alpha (n,) and beta (n,)."""
        turn = torch.full((n,), math.pi, dtype=torch.float64) + self.detuning
        return turn, turn

    def success(self, n: int, fraction: Tensor) -> Tensor:
        """Chance to find a marked item after n iterations."""
        return torch.sin((2 * n + 1) * torch.asin(fraction.sqrt())) ** 2


@dataclass(frozen=True)
class FixedPoint:
    """Phases that keep the chance at 1 - delta^2 or above for all fractions above a threshold.

    Parameters
    ----------
    delta : float or Tensor of shape ()
        Between 0 and 1.
    detuning : float or Tensor of shape ()
        As for Grover.
    """

    iterations: ClassVar[float] = -0.5  # power of the fraction in the iterations that are needed

    delta: float | Tensor = 0.3
    detuning: float | Tensor = 0.0

    def _root(self, n: int) -> Tensor:
        """sqrt(1 - g^2), where 1/g = T_(1/L)(1/delta)."""
        delta = torch.as_tensor(self.delta, dtype=torch.float64)
        return torch.tanh(torch.acosh(1 / delta) / (2 * n + 1))

    def threshold(self, n: int) -> Tensor:
        """The fraction from which on the chance is at least 1 - delta^2."""
        return self._root(n) ** 2

    def phases(self, n: int) -> tuple[Tensor, Tensor]:
        """alpha (n,) and beta (n,)."""
        j = torch.arange(1, n + 1, dtype=torch.float64)
        slope = torch.tan(2 * math.pi * j / (2 * n + 1)) * self._root(n)
        alpha = 2 * torch.atan2(torch.ones_like(slope), slope) + self.detuning
        return alpha, -alpha.flip(0)

    def success(self, n: int, fraction: Tensor) -> Tensor:
        """Chance to find a marked item after n iterations, in closed form."""
        return 1 - self.left(n, (1 - fraction).sqrt()) ** 2

    def left(self, n: int, x: Tensor) -> Tensor:
        """Size of the unmarked amplitude, T_L(x/g) / T_L(1/g), at x = sqrt(1 - fraction)."""
        g = (1 - self.threshold(n)).sqrt()
        return self.delta * chebyshev(2 * n + 1, x / g)

    def recursion(self, n: int, x: Tensor) -> Tensor:
        """The same by the recursion of the lemma, as complex numbers.

        a_(k+1) = x (1 + z_k) a_k - z_k a_(k-1), where every z_k has modulus one.
        """
        L, root = 2 * n + 1, self._root(n)
        before, now = torch.ones_like(x) + 0j, x + 0j
        for k in range(1, L):
            slope = math.tan(k * math.pi / L) * root
            turn = 2 * torch.atan2(torch.ones_like(slope), slope) + self.detuning
            z = -torch.polar(torch.ones_like(turn), turn)
            before, now = now, x * (1 + z) * now - z * before
        return now
