"""Does one errand of `lab.ui.errand`: `python -m lab.ui.errand_child`.

It reads what to do as one line of JSON from its parent, and writes lines of JSON: {"done",
"total"} with "data" for a study, "verdict" at the end of a claim, or "error".
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import sys
import time

TELL_S = 0.4  # news is written at most so often


def main() -> None:
    """Does it; whatever goes wrong is said in one line."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(5)
    out, task = sys.stdout, json.loads(sys.stdin.readline())
    sys.stdout = sys.stderr  # what an experiment prints is none of our lines
    try:
        import torch

        from lab.engine.registry import load_source

        torch.set_num_threads(1)
        # bytes come from this user's own server over its own pipe
        pickled = task.get("pickled")
        experiment = load_source(base64.b64decode(pickled) if pickled else task["source"])
        {"study": study, "claim": claim}[task["kind"]](experiment, task["name"], Teller(out))
    except Exception as error:  # whatever an experiment raises is said on the page
        line = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        print(json.dumps({"error": line}), file=out, flush=True)


class Teller:
    """Writes news as lines."""

    def __init__(self, out):
        self._out, self._told = out, 0.0

    def due(self) -> bool:
        """Whether the last news is old enough."""
        return time.monotonic() - self._told > TELL_S

    def tell(self, **news) -> None:
        self._told = time.monotonic()
        print(json.dumps(news, default=str), file=self._out, flush=True)


def study(experiment, name: str, teller: Teller) -> None:
    """Makes the runs of a study; those that are kept from earlier come at once."""
    from lab.engine.study import Study, run_here
    from lab.store.cells import cached

    found = Study(experiment, name, run=cached(run_here))

    def tell() -> None:
        teller.tell(done=len(found.cells), total=len(found), data=found.dataset().to_dict())

    for _ in found:
        if teller.due():
            tell()
    tell()


def claim(experiment, name: str, teller: Teller) -> None:
    """Makes the runs of a claim and of its control anew, and judges them."""
    from lab.engine.verdict import verify
    from lab.engine.workers.cells import run_cells

    def progress(done: int, total: int) -> None:
        if teller.due() or done == total:
            teller.tell(done=done, total=total)

    quick = {c.id: c.tier == "quick" for c in experiment.claims}.get(name, True)
    verdict = verify(experiment, name, run=None if quick else run_cells, progress=progress)
    teller.tell(verdict=verdict.to_json())


if __name__ == "__main__":
    main()
