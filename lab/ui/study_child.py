"""Makes the runs of one study in a process of its own, and tells what there is so far.

`python -m lab.ui.study_child NAME STUDY` writes one JSON text a line: {"done", "total", "data"},
or {"error"}. The pages' server imports no torch, hence the process.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time

TELL_S = 0.4  # the dataset is written at most so often


def main(name: str, study_name: str) -> None:
    """Makes the runs; those that are kept from earlier come at once."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(5)
    import torch

    from lab.engine.study import Study, run_here
    from lab.store.cells import cached

    torch.set_num_threads(1)
    out = sys.stdout
    sys.stdout = sys.stderr  # what an experiment prints is none of our lines
    try:
        study = Study(name, study_name, run=cached(run_here))
        told = 0.0
        for _ in study:
            if time.monotonic() - told > TELL_S:
                tell(out, study)
                told = time.monotonic()
        tell(out, study)
    except Exception as error:  # whatever an experiment raises is said on the page
        line = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        print(json.dumps({"error": line}), file=out, flush=True)


def tell(out, study) -> None:
    """Writes what the study has so far."""
    found = {
        "done": len(study.cells),
        "total": len(study),
        "data": study.dataset().to_dict(),
    }
    print(json.dumps(found, default=str), file=out, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
