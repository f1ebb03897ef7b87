"""The workers of one program: who serves which session, and what happens when one is lost."""

from __future__ import annotations

import heapq
import logging
import os
import queue
import threading
import time
import weakref
from typing import Any

from lab.engine.workers.messages import Answer, Command, Frame, Ready, WorkerError
from lab.engine.workers.process import ProcessWorker
from lab.engine.workers.spool import Spool
from lab.engine.workers.thread import ThreadWorker

HANG_S = 0.7  # a pressed Stop waits so long for a step to end
ALIVE_S = 0.2  # a worker that has said something so lately does not hang
PREPARE_S = 5.0  # what is prepared for the run that is stopped may be silent so long
FOREIGN_S = 60.0  # and so long, when it is for another run of that worker
BOOTS = 2  # workers that may end before they are ready, in a row
_LOG = logging.getLogger(__name__)


class Pool:
    """A few workers, one of them always idle and warm, up to one more than there are cores.

    A session gets a worker of its own while there is an idle one; beyond that workers serve
    several sessions in slices.

    Parameters
    ----------
    worker : type
        ProcessWorker or ThreadWorker.
    limit : int or None
        Workers at most; the number of cores and one more by default.
    warm : int
        Workers that are started before anybody asks.
    spare : int
        Idle workers that are kept ready.
    hang_s : float
        Seconds after which a Stop that a step ignores ends the worker.
    spool : Spool or None
        A fresh one by default.

    Notes
    -----
    One lock covers the pool and its sessions; it is held for short things only, never while a
    subscriber is called.
    """

    def __init__(
        self,
        worker: type[ProcessWorker] | type[ThreadWorker] = ProcessWorker,
        limit: int | None = None,
        warm: int = 0,
        spare: int = 1,
        hang_s: float = HANG_S,
        spool: Spool | None = None,
    ):
        self.lock = threading.RLock()
        self.limit = limit or (os.cpu_count() or 1) + 1
        self.workers: list = []
        self.spool = spool or Spool.fresh()
        self._make, self._spare, self._hang_s = worker, spare, hang_s
        self._warm = min(warm, self.limit)
        self._sessions: dict[int, weakref.ref] = {}
        self._numbers = iter(range(1, 1 << 62))
        self._failed_boots = 0
        self._closing = False
        self._errands: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._deadlines: list[tuple[float, int, int]] = []
        self._changed = threading.Condition(self.lock)
        threading.Thread(target=self._keep_house, name="lab pool", daemon=True).start()
        with self.lock:
            self._grow()

    @property
    def by_value(self) -> bool:
        """Whether a class is handed to the workers as it is."""
        return self._make.by_value

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    # -- sessions ------------------------------------------------------------------------------

    def enrol(self, session) -> int:
        """A number for a new session. One that nobody holds any more is closed."""
        number = next(self._numbers)
        with self.lock:
            self._sessions[number] = weakref.ref(session)
        weakref.finalize(session, self._errands.put, number).atexit = False
        return number

    def open(self, session, beside=None) -> None:
        """Gives a session a worker and tells that worker to make it.

        Parameters
        ----------
        beside : session or None
            Served by the same worker as this one (a branch, which is made there).

        Raises
        ------
        WorkerError
            The pool is closed.
        """
        with self.lock:
            if self._closing:
                raise WorkerError("the workers have gone home: the pool is closed")
            if beside is not None and beside.worker is not None:
                session.worker = beside.worker
                session.worker.sessions.add(session.number)
            else:
                self._place(session)
            self._balance()
            self._grow()

    def reopen(self, session) -> None:
        """The session starts again: where it was, or on a worker that has become idle since."""
        with self.lock:
            idle = self._idle()
            if session.worker is None:
                self.open(session)
            elif idle and len(session.worker.sessions) > 1:
                self._move(session, idle[0])
            else:
                self.send(session, session.opening())

    def send(self, session, command: Command) -> None:
        """Sends to the worker that serves the session; in vain when none does."""
        with self.lock:
            if session.worker is not None:
                session.worker.send(command)

    def expect(self, session, number: int) -> None:
        """Ends the session's worker when command `number` has not acted in time."""
        with self.lock:
            heapq.heappush(
                self._deadlines, (time.monotonic() + self._hang_s, session.number, number)
            )
        self._errands.put(None)  # wakes the housekeeper

    def wait_for_spare(self, timeout: float | None = None) -> bool:
        """Waits until an idle worker is ready. Returns whether one is, after `timeout` seconds."""
        with self.lock:
            return self._changed.wait_for(lambda: bool(self._idle()), timeout)

    def leave(self, session) -> None:
        """The session needs no worker any more."""
        with self.lock:
            if session.worker is not None:
                session.worker.send(Command("close", session.number))
                session.worker.sessions.discard(session.number)
                session.worker = None
            self._balance()
            self._changed.notify_all()

    def close(self) -> None:
        """Ends every worker and removes the safety copies."""
        with self.lock:
            self._closing = True
            workers, self.workers = self.workers, []
        self._errands.put(None)
        for worker in workers:
            worker.send(Command("quit"))
        for worker in workers:
            worker.close()
        for session in self._live():
            session.abandoned("the lab is closing")
        self.spool.close()

    # -- workers -------------------------------------------------------------------------------

    def _place(self, session) -> None:
        """The worker for a session: idle and ready, else ready, else the least loaded."""
        worker = self._best() or self._start()
        session.worker = worker
        worker.sessions.add(session.number)
        worker.send(session.opening())

    def _best(self):
        return min(
            self.workers,
            key=lambda w: (not w.ready, len(w.sessions), w.number),
            default=None,
        )

    def _idle(self) -> list:
        return [w for w in self.workers if w.ready and not w.sessions]

    def _booting(self) -> list:
        return [worker for worker in self.workers if not worker.ready]

    def _start(self):
        number = next(self._numbers)
        worker = self._make(number, self.spool, self._heard, self._lost)
        self.workers.append(worker)
        return worker

    def _grow(self) -> None:
        """Starts the next worker: one at a time, so that the first is ready soon."""
        if self._closing or self._booting() or self._failed_boots >= BOOTS:
            return
        idle = sum(not worker.sessions for worker in self.workers)
        short = len(self.workers) < self._warm or (idle < self._spare and self._sessions)
        if short and len(self.workers) < self.limit:
            self._start()

    def _balance(self) -> None:
        """Moves a session that has not begun from a crowded worker to an idle one."""
        idle = self._idle()
        crowded = sorted((w for w in self.workers if len(w.sessions) > 1), key=_load, reverse=True)
        for worker, target in zip(crowded, idle):
            movable = [s for s in self._live() if s.worker is worker and s.movable]
            if movable:
                self._move(movable[-1], target)

    def _prime(self, sessions: list) -> None:
        """Lets idle workers import what is run elsewhere, for branches, arms and losses."""
        sources = {session.name: session.source for session in sessions}
        for worker in self._idle():
            for source in sources.values():
                worker.send(Command("prime", values=dict(source=source)))

    def _move(self, session, target) -> None:
        session.worker.send(Command("close", session.number))
        session.worker.sessions.discard(session.number)
        session.worker = target
        target.sessions.add(session.number)
        target.send(session.opening())

    # -- what workers say ----------------------------------------------------------------------

    def _heard(self, worker, message: Any) -> None:
        if isinstance(message, Ready):
            with self.lock:
                worker.ready, self._failed_boots = True, 0
                self._balance()
                self._grow()
                self._prime(self._live())
                self._changed.notify_all()
            return
        session = self._session(message.session)
        if session is None or session.worker is not worker:
            return
        if isinstance(message, Frame):
            new, restored = not session.opened, session.restoring
            session.take(message)
            self.send(session, Command("seen", message.session))
            if new or restored:
                with self.lock:
                    self._prime([session])
                    self._grow()
        elif isinstance(message, Answer):
            session.answer(message)

    def _lost(self, worker) -> None:
        with self.lock:
            if worker not in self.workers or self._closing:
                return
            self.workers.remove(worker)
            sessions = [s for s in self._live() if s.worker is worker]
            for session in sessions:
                session.worker = None
        fate, culprit = worker.fate(), worker.culprit
        if not worker.ready:
            self._failed_boots += 1
        _LOG.info("worker %s was lost: %s", worker.number, fate)
        for session in sessions:
            guilty = session.number == culprit or len(sessions) == 1
            with self.lock:
                if session.worker is not None:
                    continue  # it was started again meanwhile
                if self._failed_boots >= BOOTS:
                    session.give_up(f"no worker could be started: {fate}")
                elif not worker.ready or session.lose(guilty, fate):
                    self._place(session)
            session.announce()
        if not sessions:
            with self.lock:
                self._grow()  # else when they are restored, which must not wait for a start

    def _live(self) -> list:
        """The sessions that somebody holds, in the order of their making."""
        return [s for s in (ref() for ref in list(self._sessions.values())) if s is not None]

    def _session(self, number: int):
        ref = self._sessions.get(number)
        return ref() if ref is not None else None

    # -- the housekeeper -----------------------------------------------------------------------

    def _keep_house(self) -> None:
        """Closes forgotten sessions; ends workers that ignore a Stop."""
        while not self._closing:
            try:
                number = self._errands.get(timeout=self._wait())
            except queue.Empty:
                number = None
            try:
                with self.lock:
                    if number is not None:
                        self._forget(number)
                    overdue = self._overdue()
                for worker in overdue:
                    worker.kill()
            except Exception:
                _LOG.exception("keeping the pool")

    def _wait(self) -> float | None:
        with self.lock:
            return max(0.0, self._deadlines[0][0] - time.monotonic()) if self._deadlines else None

    def _forget(self, number: int) -> None:
        self._sessions.pop(number, None)
        for worker in self.workers:
            if number in worker.sessions:
                worker.sessions.discard(number)
                worker.send(Command("close", number))
        self._changed.notify_all()

    def _overdue(self) -> list:
        """Workers of sessions whose Stop has not acted in time."""
        now, found = time.monotonic(), []
        while self._deadlines and self._deadlines[0][0] <= now:
            _, number, command = heapq.heappop(self._deadlines)
            session = self._session(number)
            if session is None or session.worker is None or not session.awaits(command):
                continue
            worker = session.worker
            silence = now - worker.heard_at
            if not worker.ready or silence < self._patience(worker, number):
                heapq.heappush(self._deadlines, (now + ALIVE_S, number, command))
            else:
                found.append(worker)
        return found

    def _patience(self, worker, number: int) -> float:
        """How long a worker may be silent once the run `number` is stopped.

        A step is short. To prepare a run (imports, data, a network trained for it) may take long,
        and whoever waits behind it does not end it by being stopped.
        """
        served = self._session(worker.culprit)
        if served is None:
            return PREPARE_S  # between two runs, or importing for one
        if served.opened:
            return ALIVE_S
        return PREPARE_S if served.number == number else FOREIGN_S


def _load(worker) -> int:
    return len(worker.sessions)
