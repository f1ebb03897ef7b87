"""How fast a run may go: as fast as it can, or so that a person can follow."""

from __future__ import annotations

import math
import time

Speed = tuple[float, float]  # steps a second at step 0, and so many more for each step taken

FAR = 1 << 60
MOST_S = 0.25  # what a run could not take in that time is forgone
ROUND_S = 0.01  # the steps of that time are taken in one go


class Pacer:
    """Gives a run its steps in time.

    Parameters
    ----------
    speed : (float, float) or None
        None: all steps at once. With a growth above 0 the run begins slowly and doubles its speed
        again and again, so that one of ten steps and one of a million both last some seconds.
    """

    def __init__(self, speed: Speed | None = None):
        self.speed = speed
        self._owed, self._at = 1.0, time.monotonic()  # the first step at once

    def _rate(self, head: int) -> float:
        first, growth = self.speed or (math.inf, 0.0)
        return first + growth * head

    def due(self, head: int) -> float:
        """When steps are to be taken again, in `time.monotonic()`; 0 where they may at any time."""
        if self.speed is None:
            return 0.0
        rate = self._rate(head)
        wanted = max(1.0, rate * ROUND_S)
        return self._at + (wanted - self._owed) / rate if self._owed < wanted else 0.0

    def allowed(self, head: int) -> int:
        """How many steps may be taken now."""
        if self.speed is None:
            return FAR
        now, rate = time.monotonic(), self._rate(head)
        owed = self._owed + rate * (now - self._at)
        self._owed, self._at = min(owed, max(1.0, rate * MOST_S)), now
        return int(self._owed)

    def change(self, speed: Speed | None) -> None:
        """Another speed from now on; what is owed by the old one is not lost."""
        if self.speed is None:
            self._owed, self._at = 0.0, time.monotonic()
        self.speed = speed

    def took(self, steps: int) -> None:
        """So many were taken."""
        self._owed -= steps
