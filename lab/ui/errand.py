"""Work beside a page, in a process of its own: the runs of a study, a claim checked again.

The pages' server imports no torch, and nothing that takes long may stand in its way.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from collections.abc import Callable
from threading import Lock, Thread

from lab.ui.seats import Ticket

MOST_BYTES = 64 * 1024 * 1024  # of one line; a study's dataset is far below
TELLING = 0.1  # the share of the runs from which the rest is reckoned
LOST = "the runs stopped before they were done"


class Errand:
    """One study or one claim of an experiment, in a process of its own.

    Parameters
    ----------
    kind : {"study", "claim"}
    name : str
        Of the study or the claim.
    source : str or bytes
        Where the class is found: what `lab.engine.registry.source_of` gives.
    wake : callable
        Called on any thread when something new has come.
    seats : callable or None
        Asked for a seat before it begins (see lab.ui.seats).
    about_s : float
        What it takes, as far as is known.

    Attributes
    ----------
    over : bool
        Nothing more will come.
    """

    def __init__(self, kind, name, source, wake: Callable[[], None], seats=None, about_s=0.0):
        self.kind, self.name, self.over = kind, name, False
        self._source, self._wake, self._about_s = source, wake, about_s
        self._lock, self._news = Lock(), {}
        self._process: subprocess.Popen | None = None
        self._stopped, self._began = False, 0.0
        self._ticket: Ticket | None = seats(1, wake) if seats is not None else None
        self.begin()

    def begin(self) -> None:
        """Starts as soon as there is a seat; called again whenever one may be free."""
        if self._process is not None or self._stopped:
            return
        if self._ticket is not None and not self._ticket.granted:
            return
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lab.ui.errand_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        Thread(target=self._read, name=f"{self.kind} {self.name}", daemon=True).start()

    def _read(self) -> None:
        with self._process as process:
            try:
                process.stdin.write(json.dumps(task(self.kind, self.name, self._source)) + "\n")
                process.stdin.flush()
                while line := process.stdout.readline(MOST_BYTES):
                    self._tell(json.loads(line))
            except (OSError, ValueError):
                pass  # it has ended; what that means is told below
        if process.returncode and not self._stopped:
            self._tell({"error": LOST})
        self.over = True
        self._leave()
        self._wake()

    def _tell(self, news: dict) -> None:
        with self._lock:
            self._news.update(news)
        self._wake()

    @property
    def ahead(self) -> int | None:
        """How many wait in front of it for a seat; None when it waits for none."""
        waits = self._process is None and self._ticket is not None and not self.over
        return self._ticket.ahead if waits else None

    def take(self) -> dict:
        """What has come since the last call, the newest of each: done, total, data, verdict,
        error; and `ahead` while it waits for a seat, `left_s` once that can be told."""
        self.begin()
        with self._lock:
            news, self._news = self._news, {}
        if self.ahead is not None:
            news["ahead"] = self.ahead
        if news.get("total"):
            news["left_s"] = self._left(news["done"] / news["total"])
        return news

    def _left(self, share: float) -> float | None:
        """Seconds that it still takes; None while the first runs say too little about the rest."""
        spent = time.monotonic() - self._began
        if share >= TELLING:
            return spent * (1 - share) / share
        return max(self._about_s - spent, 0.0) if self._about_s else None

    def stop(self) -> None:
        """Ends it; runs that were made are kept where they are kept."""
        self._stopped = self.over = True
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
        self._leave()

    def _leave(self) -> None:
        if self._ticket is not None:
            self._ticket.give_back()


def task(kind: str, name: str, source) -> dict:
    """What the process is told, as plain data; a class by value travels as text."""
    if isinstance(source, bytes):
        return {"kind": kind, "name": name, "pickled": base64.b64encode(source).decode()}
    return {"kind": kind, "name": name, "source": source}


def dataset(data: dict):
    """A dataset as it was written, as xarray's."""
    import xarray as xr

    return xr.Dataset.from_dict(data)
