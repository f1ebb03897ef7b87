"""Makes the runs that `lab.ui.cells` asks for: `python -m lab.ui.cells_child`.

One question a line on stdin, news as lines on stdout; the end of stdin ends the process. A new
question interrupts the runs of the old one between two lines of Python, not at its end.
"""

from __future__ import annotations

import _thread
import contextlib
import json
import math
import os
import signal
import sys
import time
from queue import SimpleQueue
from threading import Thread

TELL_S = 0.15  # news is written at most so often


class Superseded(BaseException):
    """Another question has come; no experiment's `except Exception` holds that back."""


class Child:
    """Answers questions until stdin ends."""

    def __init__(self, lines, out):
        self._lines, self._out = lines, out
        self._questions: SimpleQueue = SimpleQueue()
        self._asked = 0  # the number of the newest question
        self._number = 0  # of the one that is being answered; 0 when none is
        self._writing = False

    def run(self) -> None:
        signal.signal(signal.SIGINT, self._interrupted)
        Thread(target=self._listen, daemon=True).start()
        while (question := self._questions.get()) is not None:
            if question["number"] == self._asked:
                self._answer(question)

    def _listen(self) -> None:
        for line in self._lines:
            question = json.loads(line)
            self._asked = question["number"]
            self._questions.put(question)
            if self._number:
                _thread.interrupt_main()
        os._exit(0)  # the page is gone

    def _interrupted(self, *_) -> None:
        if self._number and self._number != self._asked and not self._writing:
            raise Superseded

    def _answer(self, question: dict) -> None:
        number = question["number"]
        try:
            self._number = number
            if self._asked == number:
                self._make(question)
                self._tell(number, over=True)
        except Superseded:
            pass
        except Exception as error:  # whatever an experiment raises is said on the page
            line = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            self._tell(number, error=line)
        finally:
            self._number = 0

    def _make(self, question: dict) -> None:
        from lab.engine.cells import Job
        from lab.engine.controls import values
        from lab.engine.registry import load, source_of
        from lab.engine.study import run_here
        from lab.store.cells import cached

        if not question["chunks"]:
            return
        experiment = load(question["experiment"])
        source, specs = source_of(experiment), experiment.controls()
        run, place = cached(run_here), 0
        self._tell(question["number"], begun=True)
        for chunk in question["chunks"]:
            jobs = [
                Job(
                    source=source,
                    controls=values(specs, **controls),
                    seed=seed,
                    stop=question["stop"],
                    keep=question["keep"],
                    record=tuple(question["record"]),
                )
                for controls, seed in chunk
            ]
            made, told = [], time.monotonic()
            for i, cell in run(jobs):
                made.append([place + i, plain(cell)])
                if time.monotonic() - told > TELL_S:
                    self._tell(question["number"], cells=made)
                    made, told = [], time.monotonic()
            self._tell(question["number"], cells=made)
            place += len(jobs)

    def _tell(self, number: int, **news) -> None:
        """A line is written whole, whatever comes meanwhile."""
        self._writing = True
        try:
            print(json.dumps({"number": number, **news}), file=self._out, flush=True)
        finally:
            self._writing = False
        if self._asked != number:
            raise Superseded


def plain(cell) -> dict:
    """A cell as JSON takes it; vectors at the end are left out, numbers are rounded by nobody."""
    end = {n: float(v) for n, v in cell.end.items() if not getattr(v, "ndim", 0)}
    rows = {n: [_number(v) for v in a.tolist()] for n, a in cell.rows.items() if a.ndim == 1}
    return {
        "status": cell.status,
        "steps": cell.steps,
        "seconds": cell.seconds,
        "sentence": cell.sentence,
        "end": {n: _number(v) for n, v in end.items()},
        "rows": rows,
    }


def _number(value):
    """None for what is not finite: JSON has no word for it."""
    return value if isinstance(value, int) or math.isfinite(value) else None


def main() -> None:
    with contextlib.suppress(AttributeError, OSError):
        os.nice(5)
    import torch

    torch.set_num_threads(1)
    out = sys.stdout
    sys.stdout = sys.stderr  # what an experiment prints is none of our lines
    Child(sys.stdin, out).run()


if __name__ == "__main__":
    main()
