"""Commands that have arrived and wait for the loop that acts on them."""

from __future__ import annotations

import queue
import threading

from lab.engine.workers.messages import Command


class Inbox:
    """A queue that is emptied at one go; any thread may put.

    Attributes
    ----------
    expecting : Event
        Set when the first command is on its way.
    """

    def __init__(self):
        self._queue: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self.expecting = threading.Event()

    def put(self, command: Command) -> None:
        self._queue.put(command)

    def waiting(self) -> bool:
        """Whether a command has arrived."""
        return not self._queue.empty()

    def take(self, timeout: float | None = 0.0) -> list[Command]:
        """All that has arrived; waits `timeout` seconds for the first one, None for ever."""
        found = []
        try:
            if timeout == 0.0:
                found.append(self._queue.get_nowait())
            else:
                found.append(self._queue.get(timeout=timeout))
            while True:
                found.append(self._queue.get_nowait())
        except queue.Empty:
            return found
