"""Mean-field inference of discrete variables: all nodes at once, plainly or by a proximal step.

Nodes x_i take one of K values, written as unit vectors, with the probability
p(x) ~ exp(x' Phi x / 2 + b' x), the diagonal blocks of the symmetric Phi being zero. Mean field
looks for the independent distributions q_i that are nearest to p; they solve
q = softmax(Phi q + b), the softmax taken within each node.

If I - Phi has no eigenvalue below some m > 0 there is one solution ("Monotone deep Boltzmann
machines", Feng, Winston and Kolter, 2023). The rest was derived: for directions v that add up to
zero the entropy gives sum v^2 / q >= (sum |v|)^2 >= 2 |v|^2, so the free energy is strongly convex,
and the solution the only one, as soon as m > -1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

OUTER, INNER = 12, 7  # Newton steps: rounding is reached after about half as many


def logits(q: Tensor, coupling: Tensor, bias: Tensor) -> Tensor:
    """Phi q + b of beliefs q (..., n, K), with Phi (n K, n K) and b (n, K)."""
    return (q.flatten(-2) @ coupling.mT).reshape(q.shape) + bias


def free_energy(q: Tensor, coupling: Tensor, bias: Tensor) -> Tensor:
    """-q' Phi q / 2 - b' q + sum q log q, shape (...): KL(q | p) up to the constant log Z."""
    pair = (q * (logits(q, coupling, bias) + bias)).sum((-2, -1)) / 2
    return torch.special.xlogy(q, q).sum((-2, -1)) - pair


def entropy_prox(y: Tensor, alpha: float) -> Tensor:
    """The z >= 0 of sum 1 with the least |z - y|^2 / 2 + alpha (sum z log z - |z|^2 / 2).

    Along the last axis. It solves (1 - alpha) z + alpha log z = y - nu with nu such that z sums to
    1; alpha = 1 would be the softmax. Newton's method twice, from sides where it is monotone: in nu
    from where the largest entry is 1, and in log z, which is Lambert's function.

    Parameters
    ----------
    y : Tensor of shape (..., K)
    alpha : float
        Above 0 and below 1.
    """
    ratio = torch.as_tensor((1 - alpha) / alpha, dtype=y.dtype, device=y.device)
    nu = y.amax(-1, keepdim=True) - (1 - alpha)
    for _ in range(OUTER):
        z = _omega((y - nu) / alpha + ratio.log()) / ratio
        slope = z / ((1 - alpha) * z + alpha)
        nu = nu + (z.sum(-1, keepdim=True) - 1) / slope.sum(-1, keepdim=True)
    return z / z.sum(-1, keepdim=True)


def _omega(s: Tensor) -> Tensor:
    """The w > 0 with w + log w = s (Wright's omega)."""
    t = torch.where(s > 1, s.clamp(min=1).log(), s)
    for _ in range(INNER):
        w = t.exp()
        t = t - (w + t - s) / (w + 1)
    return t.exp()


@dataclass(frozen=True)
class Sweep:
    """q <- softmax(Phi q + b) in all nodes at once."""

    def init(self, q: Tensor) -> dict[str, Tensor]:
        """State at the beliefs `q`, shape (..., n, K)."""
        return {"q": q}

    def step(self, state: dict[str, Tensor], coupling: Tensor, bias: Tensor) -> dict[str, Tensor]:
        """The state after one step."""
        return {"q": torch.softmax(logits(state["q"], coupling, bias), -1)}


@dataclass(frozen=True)
class ProximalSweep:
    """q <- prox(q - alpha (q - Phi q - b)), forward-backward splitting of the same equation.

    Parameters
    ----------
    alpha : float
        Step, above 0 and below 1.
    """

    alpha: float = 0.1

    init = Sweep.init

    def rate(self, low, high) -> Tensor:
        """Factor of distances in a step, the eigenvalues of I - Phi within [low, high].

        The gradient step multiplies them by the larger of |1 - alpha low| and |1 - alpha high|,
        and the proximal map by 1 / (1 + alpha): its function is strongly convex of modulus 1.
        """
        ends = torch.stack([torch.as_tensor(1 - self.alpha * end) for end in (low, high)])
        return ends.abs().amax(0) / (1 + self.alpha)

    def step(self, state: dict[str, Tensor], coupling: Tensor, bias: Tensor) -> dict[str, Tensor]:
        """The state after one step."""
        q = state["q"]
        return {"q": entropy_prox(torch.lerp(q, logits(q, coupling, bias), self.alpha), self.alpha)}
