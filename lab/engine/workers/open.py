"""Opens sessions in workers."""

from __future__ import annotations

import atexit
from functools import lru_cache

from lab.engine import registry
from lab.engine.entry import Entry
from lab.engine.workers.messages import FRAMES_HZ
from lab.engine.workers.pool import Pool
from lab.engine.workers.process import ProcessWorker
from lab.engine.workers.remote import RemoteSession
from lab.engine.workers.thread import ThreadWorker

OPTIONS = ("claim", "every", "dense", "watched", "keyframe_budget")


@lru_cache(maxsize=2)
def shared_pool(worker: str = "process") -> Pool:
    """The one pool of this program, closed at its end.

    Parameters
    ----------
    worker : {"process", "thread"}
    """
    if worker == "thread":
        pool = Pool(ThreadWorker, limit=1, spare=0)
    else:
        pool = Pool(ProcessWorker, warm=2)
    atexit.register(pool.close)
    return pool


def remote_session(
    experiment,
    controls: dict | None = None,
    seed: int = 0,
    device: str = "cpu",
    dtype: str | None = None,
    *,
    worker: str = "process",
    edits=(),
    pool: Pool | None = None,
    hz: float = FRAMES_HZ,
    **options,
) -> RemoteSession:
    """A session in a worker; the verbs and the numbers are those of an inline one.

    A class that cannot travel to another process gets a thread instead; its `notice` says why.

    Parameters
    ----------
    experiment : str, Entry or class
    controls, seed, device, dtype, edits
        As for Session.
    worker : {"process", "thread"}
    pool : Pool
        Another one than the shared one.
    hz : float
        Frames a second.
    **options
        The further arguments of Session.

    Raises
    ------
    UnknownName, ControlError, RecipeError
    """
    if worker not in ("process", "thread"):
        raise ValueError(f"worker is inline, thread or process; not {worker!r}")
    for name in options:
        if name not in OPTIONS:
            raise TypeError(f"Session has no argument {name!r}")
    entry = experiment if isinstance(experiment, Entry) else registry.entry(experiment)
    if entry.broken:
        raise registry.ExperimentError(entry.broken)
    pool = pool or shared_pool(worker)
    standing = ""
    try:
        source = _source(experiment, entry, pool)
    except registry.SourceError as error:
        pool, source = shared_pool("thread"), experiment
        standing = f"{error}; it runs in a thread"
    return RemoteSession(
        entry, source, pool, controls, seed, device, dtype,
        edits=edits, hz=hz, options=options, standing=standing,
    )  # fmt: skip


def _source(experiment, entry: Entry, pool: Pool):
    """What a worker needs to have the class."""
    if isinstance(experiment, type):
        return experiment if pool.by_value else registry.source_of(experiment)
    if entry.source:
        return entry.source
    return _source(registry.load(entry.name), entry, pool)
