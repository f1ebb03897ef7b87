"""The workers of this server. Apart from the pages, so that they start while those are imported."""

from __future__ import annotations

import atexit
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from lab.engine.registry import FILES_VARIABLE
from lab.engine.workers import Pool, shared_pool

WORKERS_VARIABLE = "LAB_WORKERS"


@cache
def pool() -> Pool:
    """They begin to import what runs need; `lab serve --workers N` bounds them (LAB_WORKERS)."""
    limit = os.environ.get(WORKERS_VARIABLE, "")
    if not limit.isdigit():
        return shared_pool()
    found = Pool(limit=max(int(limit), 1), warm=1)
    atexit.register(found.close)
    return found


def begin(workers: int | None = None, paths: Sequence[str | Path] = ()) -> None:
    """Starts them, before the pages are imported, which takes as long.

    Parameters
    ----------
    workers : int or None
        Processes; by default the cores and one more.
    paths : sequence of str or Path
        Further files of experiments ("file.py").
    """
    if workers is not None:
        os.environ[WORKERS_VARIABLE] = str(workers)
    if paths:
        os.environ[FILES_VARIABLE] = os.pathsep.join(str(Path(p).resolve()) for p in paths)
    pool()
