"""Runs of studies that were made before: kept by recipe and code hash, read without pickle.

`Study(experiment, grid, run=cached(run_cells))` makes only the runs that are missing. It is for
pictures; `lab verify` makes every run again.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, delete, insert, select

from lab.engine.cells import Cell, Job
from lab.engine.codehash import code_hash
from lab.engine.registry import load_source
from lab.store.database import connection
from lab.store.home import StoreError, cache_folder

MAX_CELL = 1_000_000  # bytes; a larger run is made again
MAX_CELLS = 50_000  # the oldest go first

_METADATA = MetaData()
_TABLE = Table(
    "cells",
    _METADATA,
    Column("number", Integer, primary_key=True),
    Column("key", String, unique=True, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

Run = Callable[[list[Job]], Iterator[tuple[int, Cell]]]


def cached(run: Run) -> Run:
    """The same, but a run that is kept is not made again.

    A cache that cannot be read or written costs time and nothing else.
    """

    def cached_run(jobs: list[Job]) -> Iterator[tuple[int, Cell]]:
        keys = _keys(jobs)
        kept = _read(keys)
        yield from kept.items()
        missing = [i for i in range(len(jobs)) if i not in kept]
        if not missing:
            return
        made: dict[int, Cell] = {}
        try:
            for i, cell in run([jobs[i] for i in missing]):
                made[missing[i]] = cell
                yield missing[i], cell
        finally:
            # Also when the study is stopped half way: what was made stays made.
            _write({keys[i]: cell for i, cell in made.items()})

    return cached_run


def _keys(jobs: list[Job]) -> list[str]:
    hashes = {job.source: code_hash(load_source(job.source)) for job in jobs}
    return [_key(job, hashes[job.source]) for job in jobs]


def _key(job: Job, code: str) -> str:
    source = job.source if isinstance(job.source, str) else ""
    parts = {**asdict(job), "source": source, "code": code}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _path() -> Path:
    return cache_folder("cells") / "cells.sqlite"


def _read(keys: list[str]) -> dict[int, Cell]:
    if not _path().exists():
        return {}
    found = {}
    try:
        with connection(_path(), _METADATA) as opened:
            for i, key in enumerate(keys):
                data = opened.execute(select(_TABLE.c.data).where(_TABLE.c.key == key)).scalar()
                if data is not None:
                    found[i] = _unpacked(data)
    except (StoreError, ValueError, KeyError, TypeError):
        pass
    return found


def _write(cells: dict[str, Cell]) -> None:
    rows = [
        {"key": key, "data": data}
        for key, cell in cells.items()
        if cell.status != "failed" and len(data := _packed(cell)) <= MAX_CELL
    ]
    if not rows:
        return
    try:
        with connection(_path(), _METADATA) as opened:
            keys = [row["key"] for row in rows]
            opened.execute(delete(_TABLE).where(_TABLE.c.key.in_(keys)))
            opened.execute(insert(_TABLE), rows)
            newest = opened.execute(select(_TABLE.c.number).order_by(_TABLE.c.number.desc()))
            last = newest.scalars().first() or 0
            opened.execute(delete(_TABLE).where(_TABLE.c.number <= last - MAX_CELLS))
    except StoreError:
        pass


def _packed(cell: Cell) -> bytes:
    """An npz of numeric arrays; words and names as JSON in bytes."""
    arrays, names = {}, {"end": {}, "rows": {}}
    for part in names:
        for name, value in getattr(cell, part).items():
            names[part][name] = f"a{len(arrays)}"
            arrays[f"a{len(arrays)}"] = np.asarray(value)
    words = {
        "status": cell.status,
        "steps": cell.steps,
        "seconds": cell.seconds,
        "sentence": cell.sentence,
        **names,
    }
    arrays["words"] = np.frombuffer(json.dumps(words).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _unpacked(data: bytes) -> Cell:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        words = json.loads(arrays["words"].tobytes())
        end = {name: arrays[at] for name, at in words["end"].items()}
        rows = {name: arrays[at] for name, at in words["rows"].items()}
    end = {name: float(value) if value.ndim == 0 else value for name, value in end.items()}
    return Cell(words["status"], words["steps"], end, rows, words["seconds"], words["sentence"])
