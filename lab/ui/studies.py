"""A study of an experiment, made beside the page: its pictures fill while the runs are made."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from threading import Lock, Thread

MOST_BYTES = 64 * 1024 * 1024  # of one line; a study's dataset is far below


class StudyRun:
    """The runs of one study, in a process of their own.

    Parameters
    ----------
    name, study : str
        The experiment and one of its studies.
    wake : callable
        Called on the reader's thread when something new has come.
    """

    def __init__(self, name: str, study: str, wake: Callable[[], None]):
        self.study, self._wake, self._lock = study, wake, Lock()
        self._news: dict | None = None
        self.over = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lab.ui.study_child", name, study],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        Thread(target=self._read, name=f"study {study}", daemon=True).start()

    def _read(self) -> None:
        with self._process as process:
            while line := process.stdout.readline(MOST_BYTES):
                self._tell(json.loads(line))
        self.over = True
        if self._process.returncode and not self._stopped():
            self._tell({"error": "the runs stopped before they were done"})
        self._wake()

    def _tell(self, news: dict) -> None:
        with self._lock:
            self._news = news
        self._wake()

    def _stopped(self) -> bool:
        return self._process.returncode < 0  # ended by a signal: ours

    def take(self) -> dict | None:
        """The newest state since the last call: {"done", "total", "data"} or {"error"}."""
        with self._lock:
            news, self._news = self._news, None
        return news

    def stop(self) -> None:
        """Ends it; what was made is kept."""
        if self._process.poll() is None:
            self._process.terminate()


def dataset(data: dict):
    """A dataset as it was written, as xarray's."""
    import xarray as xr

    return xr.Dataset.from_dict(data)
