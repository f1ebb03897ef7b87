"""The cells of a study, spread over workers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, as_completed

from lab.engine.cells import Cell, Job
from lab.engine.study import batches, run_batch
from lab.engine.workers.crew import Crew, WorkerLost


def run_cells(jobs: list[Job], executor: Executor | None = None) -> Iterator[tuple[int, Cell]]:
    """Makes runs in workers; yields (number, Cell) in the order in which they end.

    Made for `Study(run=run_cells)`. Whoever stops iterating stops the runs.

    Parameters
    ----------
    jobs : list of Job
    executor : concurrent.futures.Executor
        Where they are made: a Crew of one worker for each core by default, or a Dask client's
        executor.

    Raises
    ------
    WorkerError
        A job that cannot be begun.
    """
    own = None
    if executor is None:
        executor = own = Crew()
    futures = {
        executor.submit(run_batch, [jobs[i] for i in members]): members for members in batches(jobs)
    }
    try:
        for future in as_completed(futures):
            members = futures[future]
            try:
                cells = future.result()
            except WorkerLost as error:
                cells = [Cell("failed", 0, {}, sentence=str(error)) for _ in members]
            yield from zip(members, cells)
    finally:
        for future in futures:
            future.cancel()
        if own is not None:
            own.shutdown()
