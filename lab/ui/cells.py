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

MOST_BYTES = 64 * 1024 * 1024  # of one line


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
    """A process that makes runs.

    Parameters
    ----------
    hear : callable
        `hear(news)` on the reader's thread; news is {"number", "begun": True} when all is
        imported, {"number", "cells": [(place, cell)]}, {"number", "over": True} or {"number",
        "error": text}. A cell is {"status", "steps",
        "seconds", "end": {name: value}, "rows": {name: [...]}}; its place counts the runs of
        the question in their order. News of earlier questions is left out.
    """

    def __init__(self, hear: Callable[[dict], None]):
        self._hear, self._lock = hear, Lock()
        self._number = 0
        self._process: subprocess.Popen | None = None
        self._pen: IO[str] | None = None

    def ask(self, question: Question | None) -> int:
        """Makes these runs and no others from now on; None makes none. Returns its number."""
        with self._lock:
            self._number += 1
            if question is None and self._process is None:
                return self._number
            if self._process is None or self._process.poll() is not None:
                self._process = self._start()
                self._pen = self._process.stdin
            told = {"number": self._number, **asdict(question or Question(""))}
            with suppress(OSError, ValueError):  # it ended just now; its reader says so
                print(json.dumps(told), file=self._pen, flush=True)
            return self._number

    def close(self) -> None:
        """Ends the process; what was made is kept."""
        with self._lock:
            self._number += 1
            pen, self._pen, self._process = self._pen, None, None
        if pen is not None:
            pen.close()  # the process ends by itself when nobody asks any more

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
                news = json.loads(line)
                if news["number"] == self._number:
                    self._hear(news)
        process.wait()
        with self._lock:
            lost, number = process is self._process, self._number
        if lost:
            self._hear({"number": number, "error": "the runs stopped before they were done"})
