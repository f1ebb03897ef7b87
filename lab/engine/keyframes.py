"""Copies of the state, evenly spaced, from which any step can be replayed.

The wall clock may choose how many there are (not denser than a few milliseconds of work): they
never change a result.
"""

from __future__ import annotations

import bisect
import copy
from typing import Any

from lab.engine.tree import nbytes

BUDGET = 48_000_000
LEAST_WORK_MS = 30.0


class Keyframes:
    """States by step, within a budget of bytes; the first one is always kept."""

    def __init__(self, budget: int = BUDGET, gap: int = 16):
        self.budget, self.gap, self.nbytes = budget, gap, 0
        self.ks: list[int] = []
        self._kept: dict[int, tuple[Any, int]] = {}

    def due(self, k: int) -> bool:
        """Whether step `k` is worth a copy."""
        return not self.ks or k >= self.ks[-1] + self.gap

    def add(self, k: int, state: Any, step_ms: float = 0.0) -> None:
        """Keeps a copy of the state at step `k`; `step_ms` is what a step costs at present."""
        size = nbytes(state) + 500
        self._kept[k] = (copy.deepcopy(state), size)
        self.ks.append(k)
        self.nbytes += size
        while step_ms and self.gap * step_ms < LEAST_WORK_MS:
            self.gap *= 2
        while self.nbytes > self.budget and len(self.ks) > 2:
            self._thin()

    def before(self, k: int) -> tuple[int, Any]:
        """The newest kept step at or before `k`, and a copy of its state."""
        found = self.ks[bisect.bisect_right(self.ks, k) - 1]
        return found, copy.deepcopy(self._kept[found][0])

    def until(self, k: int) -> Keyframes:
        """The keyframes up to step `k`; states are shared, for they are never changed."""
        shared = Keyframes(self.budget, self.gap)
        shared.ks = [at for at in self.ks if at <= k]
        shared._kept = {at: self._kept[at] for at in shared.ks}
        shared.nbytes = sum(size for _, size in shared._kept.values())
        return shared

    def _thin(self) -> None:
        self.gap *= 2
        for k in self.ks[1::2]:
            self.nbytes -= self._kept.pop(k)[1]
        self.ks = self.ks[::2]
