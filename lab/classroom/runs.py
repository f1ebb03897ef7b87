"""The class's run and the students' own: sessions in the pool of workers, read as short curves."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from lab.classroom.lesson import Runs
from lab.engine.workers.open import remote_session
from lab.ui.workforce import pool

HZ = 10.0
SHOWN_S = 10.0  # that a run takes to be shown, however fast it is
PACES = (0.25, 0.5, 1.0, 2.0, 4.0)
BEGUN = 2  # own runs that are made at a time


def curve(trace, quantity: str, places: np.ndarray) -> np.ndarray:
    """A recorded quantity at the given steps: the last value known there, nan beyond the head.

    Parameters
    ----------
    trace : Trace
    places : array (n,)

    Returns
    -------
    array (n,)
    """
    found = np.full(len(places), np.nan)
    for part in (trace, trace.assessed):
        if part is None or quantity not in part or not len(part.k):
            continue
        values = np.asarray(part[quantity], float).reshape(len(part.k), -1)[:, 0]
        at = np.searchsorted(part.k, places, "right") - 1
        known = (at >= 0) & (places <= trace.k[-1])
        found[known] = values[at[known]]
        break
    return found


class ClassRun:
    """The runs of one step, side by side, that everybody sees.

    They are shown at an even pace, so that a class can watch what is over in a blink.

    Parameters
    ----------
    runs : Runs

    Attributes
    ----------
    shown : float
        The step up to which they are shown.
    going : bool
    """

    def __init__(self, runs: Runs):
        self.runs, self.places = runs, runs.places()
        self.shown, self.going, self._pace = 0.0, False, PACES.index(1.0)
        self._sessions = {
            label: remote_session(
                runs.experiment, runs.chosen(label), runs.seed_of(label), pool=pool(), hz=HZ
            )
            for label in runs.labels()
        }

    def start(self) -> None:
        """Goes on to the end of the picture."""
        self.going = True
        for session in self._sessions.values():
            if not session.status.ended and session.head < self.runs.steps:
                session.start(steps=self.runs.steps - session.head)

    def stop(self) -> None:
        """Rests; what is computed stays."""
        self.going = False
        for session in self._sessions.values():
            session.stop()

    def faster(self, by: int) -> None:
        """One pace up or down."""
        self._pace = min(max(self._pace + by, 0), len(PACES) - 1)

    def to_end(self) -> None:
        """Shows all that is computed by now."""
        self.shown = float(self.reach)

    def tick(self, seconds: float) -> bool:
        """Shows more; returns whether there is something new to be told."""
        if not self.going or self.over:
            return False
        before = self.shown
        further = seconds * PACES[self._pace] * self.runs.steps / SHOWN_S
        self.shown = min(self.shown + further, self.reach)
        return self.shown > before

    @property
    def reach(self) -> int:
        """The step that all have reached; an ended run has reached the end."""
        heads = [
            self.runs.steps if s.status.ended else min(s.head, self.runs.steps)
            for s in self._sessions.values()
        ]
        return min(heads)

    @property
    def over(self) -> bool:
        """Whether all is shown."""
        return self.shown >= self.runs.steps <= self.reach

    def curves(self) -> dict[str, np.ndarray]:
        """What is shown so far, by label; an ended run keeps its last value."""
        found = {}
        for label, session in self._sessions.items():
            with session.lock:
                values = curve(session.trace, self.runs.quantity, self.places)
                if session.status.ended and session.status != "failed":
                    known = np.flatnonzero(np.isfinite(values))
                    if len(known):
                        values[known[-1] :] = values[known[-1]]
            values[self.places > self.shown] = np.nan
            found[label] = values
        return found

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()


class OwnRuns:
    """Runs of single students, and cells of the class's picture: a few at a time, in turn.

    Parameters
    ----------
    done : callable
        `done(wish, curve, sentence)` on any thread; the curve is None where the run failed.
    """

    def __init__(self, done: Callable):
        self._done, self._waiting, self._running = done, deque(), {}

    def ask(self, who, runs: Runs, controls: dict) -> int:
        """Queues a run; a later wish of the same one takes the place of an earlier that waits.

        Returns
        -------
        How many wait in front of it.
        """
        for i, wish in enumerate(self._waiting):
            if wish[0] == who:
                self._waiting[i] = (who, runs, controls)
                return i
        self._waiting.append((who, runs, controls))
        self.go_on()
        return sum(1 for wish in self._waiting if wish[0] != who)

    def go_on(self) -> None:
        """Begins what waits; called from the server's thread whenever a run may be over."""
        for who, (session, runs, controls) in list(self._running.items()):
            if session.status.ended or session.head >= runs.steps:
                self._finish(who, session, runs, controls)
        while self._waiting and len(self._running) < BEGUN:
            i = next(
                (i for i, wish in enumerate(self._waiting) if wish[0] not in self._running), None
            )
            if i is None:
                return
            who, runs, controls = self._waiting[i]
            del self._waiting[i]
            self._begin(who, runs, controls)

    def _begin(self, who, runs: Runs, controls: dict) -> None:
        try:
            session = remote_session(
                runs.experiment, runs.chosen("", **controls), runs.seed,
                pool=pool(), hz=2.0,
            )  # fmt: skip
        except ValueError as error:
            self._done(who, controls, None, str(error))
            return
        self._running[who] = session, runs, controls
        session.start(steps=runs.steps)

    def _finish(self, who, session, runs: Runs, controls: dict) -> None:
        del self._running[who]
        with session.lock:
            values = curve(session.trace, runs.quantity, runs.places())
            failed = session.status == "failed"
            sentence = session.sentence
        session.close()
        self._done(who, controls, None if failed else values, sentence)

    def clear(self) -> None:
        """Forgets what waits and ends what runs."""
        self._waiting.clear()
        for session, *_ in self._running.values():
            session.close()
        self._running.clear()
