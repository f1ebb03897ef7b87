"""When a session's safety copy is written."""

from __future__ import annotations

import time

from lab.engine.carry import dump
from lab.engine.registry import SourceError
from lab.engine.sentence import sentence
from lab.engine.session import Session
from lab.engine.workers.framer import NEVER, progress
from lab.engine.workers.spool import Saved, Spool, SpoolError

LEAST_S = 0.25  # between two copies
SHARE = 0.01  # of its working time, at most, goes into copies


class SafetyCopies:
    """Copies of one session: at intervals while it runs, and once when it rests.

    Attributes
    ----------
    notice : str
        Why there is none, in a sentence; else "".
    """

    def __init__(self, spool: Spool, number: int):
        self._spool, self._number = spool, number
        self._kept: tuple | None = None
        self._due = self._due_at_rest = 0.0
        self._possible = True
        self.notice = ""

    def begin(self, session: Session | None) -> None:
        """A session was made from its recipe or from its copy: it needs none yet."""
        self._kept = progress(session)
        self._due = self._due_at_rest = time.monotonic() + LEAST_S
        self._possible = True
        self.notice = ""

    def due(self, session: Session | None, resting: bool) -> float:
        """When the next copy is due, in `time.monotonic()`; infinite when none is needed."""
        if not self._possible or progress(session) == self._kept:
            return NEVER
        return self._due_at_rest if resting else self._due

    def keep(self, session: Session | None, epoch: int, resting: bool) -> bool:
        """Writes a copy when one is due. Returns whether `notice` has changed."""
        now = time.monotonic()
        if session is None or now < self.due(session, resting):
            return False
        before, worked = self.notice, time.thread_time()
        self._kept = progress(session)
        try:
            self.write(session, epoch)
            self.notice = ""
        except SpoolError as error:
            self.notice = f"{error}; the run goes on"
        except SourceError:
            self._possible = False  # in a thread, which its page has been told
        except Exception as error:  # whatever a state's own pickling raises
            self._possible = False
            self.notice = f"no safety copy: its state cannot be pickled ({sentence(error)})"
        self._due_at_rest = now + LEAST_S
        self._due = now + max(LEAST_S, (time.thread_time() - worked) / SHARE)
        return self.notice != before

    def write(self, session: Session, epoch: int) -> None:
        """Writes a copy now."""
        saved = Saved(session.recipe.json(), session.head, dump(session))
        self._spool.write(self._number, epoch, saved)
