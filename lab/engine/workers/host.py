"""The loop of a worker: many sessions, fair slices of time, one inbox.

The same class serves a process and a thread; they differ in how messages travel.
"""

from __future__ import annotations

import contextlib
import importlib
import time
from collections.abc import Callable
from typing import Any

from lab.engine.codehash import code_hash
from lab.engine.sentence import sentence
from lab.engine.workers.framer import NEVER
from lab.engine.workers.hosted import Hosted, find
from lab.engine.workers.inbox import Inbox
from lab.engine.workers.messages import Answer, Command
from lab.engine.workers.spool import Spool

SLICE_S = 0.03
ROUND_S = 0.06  # all running sessions of a worker get a slice within this time


class Host:
    """Serves sessions until told to quit.

    Parameters
    ----------
    send : callable
        Takes a message to the page.
    inbox : Inbox
    beat : Beat
        Told which session is being worked on.
    spool : Spool
    """

    def __init__(
        self,
        send: Callable[[Any], None],
        inbox: Inbox,
        beat,
        spool: Spool,
    ):
        self._send, self._inbox, self._beat, self._spool = send, inbox, beat, spool
        self._sessions: dict[int, Hosted] = {}
        self._alive = True

    def serve(self) -> None:
        """Obeys and steps until `quit`."""
        while self._alive:
            busy = [hosted for hosted in self._sessions.values() if hosted.busy]
            if not busy:
                self._rest()
            for command in self._inbox.take(0.0 if busy else self._patience()):
                self._obey(command)
            share = min(SLICE_S, ROUND_S / max(1, len(busy)))
            for hosted in busy:
                if self._sessions.get(hosted.number) is hosted and hosted.busy:
                    self._beat.mark(hosted.number)
                    hosted.slice(share, self._inbox.waiting)  # Stop acts at once
                    hosted.push()
                    hosted.keep_safe()
            self._beat.mark(0)

    def _rest(self) -> None:
        """With nothing else to do: frames that were held back, safety copies of what stopped."""
        for hosted in list(self._sessions.values()):
            if self._inbox.waiting():
                break
            self._beat.mark(hosted.number)
            hosted.push()
            hosted.keep_safe(resting=True)
        self._beat.mark(0)

    def _patience(self) -> float | None:
        """Seconds until a frame or a copy is due; None when only a command can bring work."""
        due = min((hosted.next_due() for hosted in self._sessions.values()), default=NEVER)
        return None if due == NEVER else max(0.001, due - time.monotonic())

    def _obey(self, command: Command) -> None:
        self._beat.mark(command.session)
        own = getattr(self, f"do_{command.verb}", None)
        if own is not None:
            own(command)
            return
        hosted = self._sessions.get(command.session)
        if hosted is None and command.verb == "open":
            hosted = self._new(command.session)
        if hosted is None:
            return
        if command.verb == "fork":
            self._new(command.values["branch"]).expect()
        hosted.act(command)

    def _new(self, number: int) -> Hosted:
        hosted = Hosted(number, self._send, self._spool, self._sessions.__getitem__)
        self._sessions[number] = hosted
        return hosted

    def do_quit(self, command: Command) -> None:
        """Ends the loop."""
        self._alive = False

    def do_close(self, command: Command) -> None:
        """Forgets a session."""
        self._sessions.pop(command.session, None)
        self._spool.remove(command.session)

    def do_prime(self, command: Command) -> None:
        """Imports an experiment that is likely to come: somebody runs it elsewhere."""
        with contextlib.suppress(Exception):  # told when it comes
            code_hash(find(command.values["source"]))

    def do_call(self, command: Command) -> None:
        """Calls an importable function, such as a cell of a study, and answers its value."""
        values = command.values
        module, _, name = values["function"].partition(":")
        try:
            value = getattr(importlib.import_module(module), name)(*values["arguments"])
            self._send(Answer(0, command.number, value))
        except Exception as error:
            self._send(Answer(0, command.number, error=sentence(error)))
