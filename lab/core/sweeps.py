"""Systems x_i = f_i(x), all components at once, one after the other, or block by block.

`f(x, start, stop)` gives the new values of the components start .. stop - 1, which lie along one
axis of `x`. A sweep visits all blocks in order; inside a block all components see the same x. One
block is Jacobi's method, blocks of one are Gauss and Seidel's, relaxed they are SOR. If f_i depends
on the components before i only, as in a recurrent network or in decoding, sweeps end in the
sequential answer: component i is exact after i + 1 of Jacobi's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import torch
from torch import Tensor

Parts = Callable[[Tensor, int, int], Tensor]


@dataclass(frozen=True)
class Sweep:
    """A sweep over all blocks.

    Parameters
    ----------
    block : int
        Components in a block; 0 puts all into one (Jacobi), 1 is Gauss-Seidel.
    relaxation : float or Tensor of shape ()
        x_i moves by this share of the way to f_i.
    axis : int
        Of x, along which the components lie.
    """

    block: int = 0
    relaxation: float = 1.0
    axis: int = -1

    def finite(self, n: int) -> int:
        """Sweeps after which n components of a triangular system are exact, unrelaxed."""
        return n - ceil(n / (self.block or n)) + 1

    def init(self, x: Tensor) -> dict[str, Any]:
        """State at the start `x`."""
        zero = torch.zeros((), dtype=torch.int64, device=x.device)
        return {"x": x, "rounds": zero, "components": zero.clone()}

    def step(self, state: dict[str, Any], f: Parts, k: int) -> dict[str, Any]:
        """The state after a sweep; a round is what can be computed at once."""
        x, n = state["x"], state["x"].shape[self.axis]
        size = self.block or n
        for start in range(0, n, size):
            stop = min(start + size, n)
            old = x.narrow(self.axis, start, stop - start)
            new = torch.lerp(old, f(x, start, stop), self.relaxation)
            x = _put(x, new, start, stop, self.axis)
        rounds = state["rounds"] + ceil(n / size)
        return {"x": x, "rounds": rounds, "components": state["components"] + n}


@dataclass(frozen=True)
class Settle:
    """Jacobi's method on one block until nothing changes there, then on the next.

    For triangular systems with finitely many values, as in decoding: there a block is done when a
    round changes nothing, which is one round after it was right, or after as many rounds as it has
    components. Not for `torch.func.vmap`.

    Parameters
    ----------
    block : int
    axis : int
        Of x, along which the components lie.
    """

    block: int
    axis: int = -1

    def finite(self, n: int) -> int:
        """Rounds after which n components of a triangular system are exact, at most."""
        return n

    def init(self, x: Tensor) -> dict[str, Any]:
        """State at the start `x`; `front` is the first component that is not settled."""
        return {"x": x, "front": 0, "inside": 0, "rounds": 0, "components": 0}

    def step(self, state: dict[str, Any], f: Parts, k: int) -> dict[str, Any]:
        """The state after a round; the same state once all is settled."""
        x, front = state["x"], state["front"]
        n = x.shape[self.axis]
        if front >= n:
            return state
        stop = min(front + self.block, n)
        old = x.narrow(self.axis, front, stop - front)
        new = f(x, front, stop)
        inside = state["inside"] + 1
        settled = inside == stop - front or bool((new == old).all())
        return {
            "x": _put(x, new, front, stop, self.axis),
            "front": stop if settled else front,
            "inside": 0 if settled else inside,
            "rounds": state["rounds"] + 1,
            "components": state["components"] + stop - front,
        }


def _put(x: Tensor, new: Tensor, start: int, stop: int, axis: int) -> Tensor:
    n = x.shape[axis]
    return torch.cat([x.narrow(axis, 0, start), new, x.narrow(axis, stop, n - stop)], axis)


def best_relaxation(radius: float) -> tuple[float, float]:
    """Young's relaxation for SOR and the rate that it gets.

    Parameters
    ----------
    radius : float
        Spectral radius of Jacobi's method on a consistently ordered matrix with real eigenvalues
        (as the five-point Laplacian), below 1.

    Returns
    -------
    relaxation, rate : float
        2 / (1 + sqrt(1 - radius^2)), and that less 1. Unrelaxed the rate is radius^2.
    """
    relaxation = 2 / (1 + sqrt(1 - radius**2))
    return relaxation, relaxation - 1
