"""A two-layer network of quadratic neurons, whose whole training lives in two moments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch

Tensor = torch.Tensor


@final
@dataclass(frozen=True)
class QuadraticNetwork:
    """`f(x) = scale / N sum_i phi(w_i x / sqrt(D))` with `phi(h) = h + bend h^2 / 2`.

    It depends on its N neurons through two moments alone, their mean m and their second moment
    M = 1/N sum w w': `f = scale (m x / sqrt(D) + bend x' M x / (2 D))`. So do its tangent kernel,
    its loss on inputs x ~ N(0, I) and the next moments under descent. Kumar, Bordelon, Gershman,
    Pehlevan, "Grokking as the transition from lazy to rich training dynamics" (ICLR 2024).

    The target is a quadratic of one hidden direction u of length 1, `y = (u x)^2 / 2`.

    Parameters
    ----------
    scale : float or 0-d Tensor
        Of the output (alpha); a large one needs hardly any motion of the weights ("lazy").
    bend : float or 0-d Tensor
        How far a neuron is from linear (epsilon).
    """

    scale: float | Tensor = 1.0
    bend: float | Tensor = 0.5

    @staticmethod
    def moments(weights: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (D,) and second moment (D, D) of weights (N, D)."""
        return weights.mean(0), weights.T @ weights / len(weights)

    @staticmethod
    def since(
        moments: tuple[Tensor, Tensor], start: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Tensor]:
        """What was added to the moments `start`: answers are linear in them, kernels are not."""
        return moments if start is None else (moments[0] - start[0], moments[1] - start[1])

    @staticmethod
    def target(direction: Tensor, x: Tensor) -> Tensor:
        """`(u x)^2 / 2` for inputs (n, D), (n,)."""
        return (x @ direction) ** 2 / 2

    def output(self, moments: tuple[Tensor, Tensor], x: Tensor) -> Tensor:
        """The network's answers to inputs (n, D), (n,)."""
        mean, second = moments
        size = x.shape[1]
        bent = ((x @ second) * x).sum(1) / size
        return self.scale * (x @ mean / math.sqrt(size) + self.bend / 2 * bent)

    def step(
        self,
        weights: Tensor,
        x: Tensor,
        y: Tensor,
        rate: float | Tensor,
        start: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Weights (N, D) after one step of plain descent.

        The loss is the mean square error over `scale^2`, the step `rate * N`: with these the
        answers move at the same pace whatever the scale and the width, at the start. Answers count
        from those of the moments `start`, if there are any.
        """
        size = x.shape[1]
        moments = self.since(self.moments(weights), start)
        rest = (y - self.output(moments, x))[:, None] / len(x)
        slope = (rest * x).sum(0) / math.sqrt(size)
        curve = x.T @ (rest * x) / size
        return weights + 2 * rate / self.scale * (slope + self.bend * weights @ curve)

    def kernel(self, moments: tuple[Tensor, Tensor], x: Tensor, other: Tensor) -> Tensor:
        """Neural tangent kernel of inputs (n, D) and (m, D), times N / scale^2, (n, m)."""
        mean, second = moments
        size = x.shape[1]
        lean, tilt = x @ mean / math.sqrt(size), other @ mean / math.sqrt(size)
        both = 1 + self.bend * (lean[:, None] + tilt) + self.bend**2 * (x @ second @ other.T) / size
        return (x @ other.T) / size * both

    def error(self, moments: tuple[Tensor, Tensor], direction: Tensor) -> Tensor:
        """Mean square error over all inputs x ~ N(0, I), exactly.

        With A = scale bend M - D u u' it is `scale^2 |m|^2 / D + (tr(A)^2 + 2 tr(A^2)) / (4 D^2)`:
        fourth moments of a normal vector.
        """
        mean, second = moments
        size = len(mean)
        gap = self.scale * self.bend * second - size * torch.outer(direction, direction)
        bent = (gap.trace() ** 2 + 2 * (gap * gap).sum()) / (4 * size**2)
        return self.scale**2 * mean.square().sum() / size + bent

    def alignment(self, moments: tuple[Tensor, Tensor], direction: Tensor) -> Tensor:
        """Kernel-target alignment `E[y K y'] / (E[y^2] sqrt(E[K^2]))` over all inputs, exactly.

        At most `3 / sqrt(D + 8)`, where all neurons lie along u and are far from linear.
        """
        mean, second = moments
        size, bend = len(mean), self.bend
        along = direction @ second @ direction
        pull = bend**2 * (second.trace() + 8 * along) / (4 * size**2)
        squares = (size + 6) * (second * second).sum() + 2 * second.trace() ** 2
        straight = size + 2 * bend**2 * (size + 2) / size * mean.square().sum()
        return pull / (0.75 * torch.sqrt(straight + bend**4 / size**2 * squares) / size)
