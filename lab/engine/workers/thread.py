"""A worker that is a thread of this process: for what cannot travel to another one."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from lab.engine.workers.beat import LocalBeat
from lab.engine.workers.inbox import Inbox
from lab.engine.workers.messages import Command, Ready
from lab.engine.workers.spool import Spool

GOODBYE_S = 1.0
_LOG = logging.getLogger(__name__)


class ThreadWorker:
    """The same as ProcessWorker. A thread cannot be ended: one that hangs is left behind."""

    by_value = True  # an experiment class is handed over as it is

    def __init__(
        self,
        number: int,
        spool: Spool,
        heard: Callable[[ThreadWorker, Any], None],
        lost: Callable[[ThreadWorker], None],
    ):
        self.number, self.ready = number, False
        self.sessions: set[int] = set()
        self.heard_at = time.monotonic()
        self._heard, self._lost, self._spool = heard, lost, spool
        self._beat, self._inbox = LocalBeat(), Inbox()
        self._gone = False
        self._thread = threading.Thread(
            target=self._serve, name=f"lab thread {number}", daemon=True
        )
        self._thread.start()

    @property
    def culprit(self) -> int:
        return self._beat.read()

    def send(self, command: Command) -> None:
        self._inbox.put(command)

    def kill(self) -> None:
        """Leaves it behind."""
        if not self._gone:
            self._gone = True
            self._inbox.put(Command("quit"))
            self._lost(self)

    def close(self) -> None:
        """Lets it end by itself, for a second at most."""
        self._gone = True
        self._inbox.put(Command("quit"))
        if threading.current_thread() is not self._thread:
            self._thread.join(GOODBYE_S)

    def fate(self) -> str:
        return "its step did not end"

    def _serve(self) -> None:
        from lab.engine.workers.host import Host

        self._tell(Ready())
        Host(self._tell, self._inbox, self._beat, self._spool).serve()

    def _tell(self, message: Any) -> None:
        if not self._gone:
            self.heard_at = time.monotonic()
            try:
                self._heard(self, message)
            except Exception:
                _LOG.exception("a message of thread %s", self.number)
