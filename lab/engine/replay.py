"""The way back to a step that has passed."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from lab.engine import pictures as pics
from lab.engine.look import Look
from lab.engine.numerics import exact_numerics

if TYPE_CHECKING:
    from lab.engine.session import Session


class Replay:
    """The way from a keyframe to step `k`, in slices, on a scratch copy: the run stays put."""

    def __init__(self, session: Session, k: int):
        self.k = k
        self._session = session
        self._at, self.state = session.keyframes.before(k)

    @property
    def done(self) -> bool:
        return self._at == self.k

    def advance(self, budget_s: float = math.inf) -> bool:
        """Goes on for about `budget_s` seconds; returns whether step `k` is reached."""
        session, end = self._session, time.perf_counter() + budget_s
        with exact_numerics():
            while not self.done:
                c = session.controls_at(self._at)
                stop = min(self.k, session.next_edit(self._at), self._at + session.slice_steps())
                self.state = session.leap(self.state, c, self._at, stop)
                self._at = stop
                if time.perf_counter() > end:
                    break
        return self.done

    def look(self) -> Look:
        """What the run was at step `k`; call when done."""
        session = self._session
        c = session.controls_at(self.k, before=True)
        picture = pics.unpack(session.draw(self.state, c))
        return Look(self.k, session.measure(self.state, c), picture, dict(vars(c)))
