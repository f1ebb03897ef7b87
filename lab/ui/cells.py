"""Many runs beside a page, in a process of their own: a sweep's cells, a race's further seeds.

The process stays for the next question, and a new question ends the old one at once: whoever
moves a slider does not wait for a map that nobody wants any more.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from threading import Lock, Thread
from typing import IO

from lab.ui.seats import Ticket

MOST_BYTES = 64 * 1024 * 1024  # of one line
LOST = "the runs stopped before they were done"


@dataclass(frozen=True)
class Question:
    """Runs to be made, as plain data.

    Parameters
    ----------
    experiment : str
        A name of the registry.
    chunks : list of list of (dict, int)
        (controls, seed) of each run; those of a chunk are made together where that is faster,
        and the chunks one after the other.
    stop : str or None
        The text of a rule.
    keep : {"end", "log"}
        The last row of each run, or its recorded rows.
    record : tuple of str
        With "log": the quantities kept.
    """

    experiment: str
    chunks: list = field(default_factory=list)
    stop: str | None = None
    keep: str = "end"
    record: tuple[str, ...] = ()

    @property
    def runs(self) -> int:
        return sum(len(chunk) for chunk in self.chunks)


class Cells:
    """A process that makes runs, one question after the other.

    Parameters
    ----------
    hear : callable
        `hear(news)` on any thread; news is {"number", "ahead"} when its place in the queue for a
        seat has changed, {"number", "begun": True} when all is imported, {"number", "cells":
        [(place, cell)]}, {"number", "over": True} or {"number", "error": text}. A cell is
        {"status", "steps", "seconds", "end": {name: value}, "rows": {name: [...]}}; its place
        counts the runs of the question in their order. News of earlier questions is left out.
    seats : callable or None
        Asked for a seat before runs are made (see lab.ui.seats); it is given back when they are.
    """

    def __init__(self, hear: Callable[[dict], None], seats=None):
        self._hear, self._seats, self._lock = hear, seats, Lock()
        self._number = 0
        self._waiting: Question | None = None  # until there is a seat
        self._ticket: Ticket | None = None
        self._process: subprocess.Popen | None = None
        self._pen: IO[str] | None = None

    def ask(self, question: Question | None) -> int:
        """Makes these runs and no others from now on; None makes none. Returns its number."""
        with self._lock:
            self._number += 1
            number, self._waiting = self._number, question
            if question is None:
                self._write(Question(""))
            elif self._ticket is None and self._seats is not None:
                self._ticket = self._seats(1, self._moved)
            self._begin()
            left = self._leave() if question is None else None
        _give_back(left)
        return number

    @property
    def ahead(self) -> int | None:
        """How many wait in front of this page for a seat; None when it waits for none."""
        ticket = self._ticket
        return ticket.ahead if self._waiting is not None and ticket is not None else None

    def close(self) -> None:
        """Ends the process; what was made is kept."""
        with self._lock:
            self._number += 1
            self._waiting = None
            pen, self._pen, self._process = self._pen, None, None
            left = self._leave()
        if pen is not None:
            pen.close()  # the process ends by itself when nobody asks any more
        _give_back(left)

    def _moved(self) -> None:
        """Its place in the queue may have changed; on any thread."""
        with self._lock:
            number = self._number
            self._begin()
        self._hear({"number": number, "ahead": self.ahead})

    # -- under the lock ------------------------------------------------------------------------

    def _begin(self) -> None:
        """The question that waits is told to the process, if there is a seat for it."""
        if self._waiting is None or (self._ticket is not None and not self._ticket.granted):
            return
        if self._process is None or self._process.poll() is not None:
            self._process = self._start()
            self._pen = self._process.stdin
        question, self._waiting = self._waiting, None
        self._write(question)

    def _write(self, question: Question) -> None:
        told = {"number": self._number, **asdict(question)}
        if self._pen is not None:
            with suppress(OSError, ValueError):  # it ended just now; its reader says so
                print(json.dumps(told), file=self._pen, flush=True)

    def _leave(self) -> Ticket | None:
        """The seat that is to be given back."""
        left, self._ticket = self._ticket, None
        return left

    # -- the process ---------------------------------------------------------------------------

    def _start(self) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-m", "lab.ui.cells_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        Thread(target=self._read, args=(process,), name="cells", daemon=True).start()
        return process

    def _read(self, process) -> None:
        with process.stdout as lines:
            while line := lines.readline(MOST_BYTES):
                self._pass_on(json.loads(line))
        process.wait()
        with self._lock:
            lost, number = process is self._process, self._number
        if lost:
            self._pass_on({"number": number, "error": LOST})

    def _pass_on(self, news: dict) -> None:
        with self._lock:
            if news["number"] != self._number:
                return
            left = self._leave() if "over" in news or "error" in news else None
        _give_back(left)
        self._hear(news)


def _give_back(ticket: Ticket | None) -> None:
    """Others are called when a seat is free, so no lock is held."""
    if ticket is not None:
        ticket.give_back()
