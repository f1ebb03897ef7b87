"""A worker that is a process of its own."""

from __future__ import annotations

import contextlib
import logging
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from lab.engine.workers.beat import Beat, beat_path
from lab.engine.workers.messages import Command
from lab.engine.workers.pipe import start_child
from lab.engine.workers.spool import Spool

GOODBYE_S = 1.0
_LOG = logging.getLogger(__name__)


class ProcessWorker:
    """A child process, the pipe to it, and a thread that reads what it sends.

    Parameters
    ----------
    number : int
    spool : Spool
    heard : callable
        `heard(worker, message)`, on the reading thread.
    lost : callable
        `lost(worker)`, once, on the reading thread, when the process has ended.

    Attributes
    ----------
    ready : bool
        Whether its imports are done.
    sessions : set of int
        Those that it serves.
    heard_at : float
        `time.monotonic()` of its last message.
    """

    by_value = False  # an experiment class travels as text or bytes

    def __init__(
        self,
        number: int,
        spool: Spool,
        heard: Callable[[ProcessWorker, Any], None],
        lost: Callable[[ProcessWorker], None],
    ):
        self.number, self.ready = number, False
        self.sessions: set[int] = set()
        self.heard_at = time.monotonic()
        self._heard, self._lost = heard, lost
        path = beat_path(spool.folder, number)
        self._beat = Beat(path, make=True)
        self._sending = threading.Lock()
        self.process, self._connection = start_child(
            "lab.engine.workers.child", [str(number), str(spool.folder)]
        )
        self._reader = threading.Thread(target=self._read, name=f"lab worker {number}", daemon=True)
        self._reader.start()

    @property
    def culprit(self) -> int:
        """The session that it is, or was at its end, busy with; 0 for none."""
        return self._beat.read()

    def send(self, command: Command) -> None:
        """Sends; in vain when the process has ended, which `lost` tells."""
        with self._sending, contextlib.suppress(OSError, ValueError):
            self._connection.send(command)

    def kill(self) -> None:
        """Ends the process whatever it does."""
        self.process.kill()

    def close(self) -> None:
        """Lets it end by itself, for a second at most; one that still starts has nothing to do."""
        if self.ready:
            self.send(Command("quit"))
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(GOODBYE_S)
        self.kill()
        self.process.wait()
        if threading.current_thread() is not self._reader:
            self._reader.join(GOODBYE_S)
        self._beat.close()

    def fate(self) -> str:
        """How the process ended, in words."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(GOODBYE_S)
        code = self.process.returncode
        if code is None:
            self.kill()
            return "its pipe broke"
        if code >= 0:
            return f"it ended with exit code {code}"
        name = signal.Signals(-code).name
        memory = ", as happens when memory runs out" if name == "SIGKILL" else ""
        return f"it was ended by {name}{memory}"

    def _read(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                message = self._connection.recv()
                self.heard_at = time.monotonic()
                try:
                    self._heard(self, message)
                except Exception:
                    _LOG.exception("a message of worker %s", self.number)
        with self._sending:
            self._connection.close()
        self._lost(self)
