"""Keyed random numbers: a value depends on (seed, name, step, index) alone; nothing is consumed.

Methods that draw differently therefore still see the same noise, and a run that is sought,
forked or batched carries no generator. The numbers come from the counter-based generator Philox
4x64 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): the key
is a hash of seed, name and index, the counter starts at the step. Everything is drawn in float64
on the CPU, then cast and moved, so that neither device nor precision changes the numbers.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
import torch

from lab.core.backend import Backend

BLOCK = 64  # steps of declared noise that are drawn at once
MOST = 1 << 17  # numbers of declared noise in a step: a block of them takes 64 MiB


def _philox_key(seed: int, name: str, index: int) -> np.ndarray:
    digest = hashlib.blake2b(f"{seed}/{name}/{index}".encode(), digest_size=16).digest()
    return np.frombuffer(digest, dtype=np.uint64).copy()


class Rng:
    """Random numbers of one run at one step.

    Parameters
    ----------
    seed : int
    k : int
        The step; -1 stands for "before the run" (`given` and `init`).
    backend : Backend
        Where the numbers go after they were drawn.

    Notes
    -----
    `rng.normal("noise", (3,))` called twice gives the same three numbers twice: use another name
    or another `index` for other numbers.
    """

    def __init__(self, seed: int, k: int = -1, backend: Backend | None = None):
        self.seed, self.k, self.backend = seed, k, backend or Backend()
        self._generators: dict[tuple[str, int], tuple] = {}

    def __repr__(self):
        return f"Rng(seed={self.seed}, k={self.k})"

    def at(self, k: int) -> Rng:
        """The numbers of step `k` of the same run."""
        moved = Rng(self.seed, k, self.backend)
        moved._generators = self._generators
        return moved

    def generator(self, name: str, index: int = 0) -> np.random.Generator:
        """A numpy generator that stands at this step; valid until the next call for that name."""
        entry = self._generators.get((name, index))
        if entry is None:
            bits = np.random.Philox(key=_philox_key(self.seed, name, index))
            entry = (bits, np.random.Generator(bits), bits.state)
            self._generators[name, index] = entry
        bits, generator, state = entry
        state["state"]["counter"] = np.array([0, 0, self.k + 1, 0], dtype=np.uint64)
        state["buffer_pos"], state["has_uint32"], state["uinteger"] = 4, 0, 0
        bits.state = state
        return generator

    def normal(self, name: str, shape=(), index: int = 0) -> torch.Tensor:
        """Standard normal numbers of the given shape."""
        return self._out(self.generator(name, index).standard_normal(shape))

    def uniform(self, name: str, shape=(), index: int = 0) -> torch.Tensor:
        """Uniform numbers in [0, 1) of the given shape."""
        return self._below_one(self.generator(name, index).random(shape))

    def integers(self, name: str, low: int, high: int, shape=(), index: int = 0) -> torch.Tensor:
        """Integers in [low, high) of the given shape, int64."""
        return self._out(self.generator(name, index).integers(low, high, shape))

    def permutation(self, name: str, n: int, index: int = 0) -> torch.Tensor:
        """A permutation of 0 .. n-1, int64."""
        return self._out(self.generator(name, index).permutation(n))

    def choice(
        self, name: str, n: int, size: int, replace: bool = False, index: int = 0
    ) -> torch.Tensor:
        """`size` numbers out of 0 .. n-1, int64."""
        return self._out(self.generator(name, index).choice(n, size, replace=replace))

    def torch_seed(self, name: str) -> int:
        """A seed for torch's own generator (`nn.Linear` can draw from no other)."""
        return int(self.generator(name).integers(0, 2**63 - 1))

    def _out(self, drawn) -> torch.Tensor:
        return self.backend.tensor(np.asarray(drawn))

    def _below_one(self, drawn) -> torch.Tensor:
        """A number next to 1 would be rounded up to it; the largest one below it is taken."""
        largest = 1 - torch.finfo(self.backend.torch_dtype).eps / 2
        return self._out(np.minimum(drawn, largest))


def _bounded(spec, shape: tuple) -> None:
    """Refuses declared noise that no block could hold, or whose shape is none.

    Raises
    ------
    ValueError
    """
    if not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError(f"{spec}: a shape is whole numbers from 0 up")
    if (count := math.prod(shape)) > MOST:
        raise ValueError(
            f"{spec} declares {count:,} numbers a step; {MOST:,} at most: leave noise() out and "
            "draw them in step()"
        )


@dataclass(frozen=True)
class Normal:
    """Declared noise: standard normal numbers."""

    shape: tuple[int, ...] = ()

    def __post_init__(self):
        _bounded(self, self.shape)

    def draw(self, generator: np.random.Generator, steps: int) -> np.ndarray:
        return generator.standard_normal((steps, *self.shape))


@dataclass(frozen=True)
class Uniform:
    """Declared noise: uniform numbers in [0, 1)."""

    shape: tuple[int, ...] = ()

    def __post_init__(self):
        _bounded(self, self.shape)

    def draw(self, generator: np.random.Generator, steps: int) -> np.ndarray:
        return generator.random((steps, *self.shape))


@dataclass(frozen=True)
class Integers:
    """Declared noise: integers in [low, high)."""

    low: int
    high: int
    shape: tuple[int, ...] = ()

    def __post_init__(self):
        _bounded(self, self.shape)

    def draw(self, generator: np.random.Generator, steps: int) -> np.ndarray:
        return generator.integers(self.low, self.high, (steps, *self.shape))


@dataclass(frozen=True)
class Permutation:
    """Declared noise: a permutation of 0 .. n-1."""

    n: int

    def __post_init__(self):
        _bounded(self, (self.n,))

    def draw(self, generator: np.random.Generator, steps: int) -> np.ndarray:
        return generator.permuted(np.tile(np.arange(self.n), (steps, 1)), axis=1)


def noise_block(rng: Rng, block: int, specs: dict) -> dict[str, torch.Tensor]:
    """The declared noise of steps `BLOCK * block` to `BLOCK * (block + 1) - 1`.

    Returns
    -------
    dict of Tensor, each of shape (BLOCK, *shape): row i belongs to step `BLOCK * block + i`.
    """
    at = rng.at(block)
    found = {}
    for name, spec in specs.items():
        drawn = spec.draw(at.generator(f"noise/{name}"), BLOCK)
        found[name] = at._below_one(drawn) if isinstance(spec, Uniform) else at._out(drawn)
    return found
