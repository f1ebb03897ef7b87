"""One run of a study, headless, as plain data in and out, so that any worker can take it.

A job and a cell need no torch: pages hold them too. Making the run does.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lab.engine.registry import load_source
from lab.engine.rules import rule as as_rule
from lab.engine.suggest import unknown
from lab.engine.trace import Trace

if TYPE_CHECKING:
    from lab.engine.session import Session

SPARSE = 8  # rows in a doubling of k when nobody reads them: enough to notice a blow-up early


@dataclass(frozen=True)
class Job:
    """What a worker needs to make one run of a study.

    `stop` is a rule's text; `source` says where the experiment's class is found.
    """

    source: Any
    controls: dict
    seed: int
    device: str = "cpu"
    dtype: str | None = None
    stop: str | None = None
    keep: str = "end"
    record: tuple[str, ...] = ()
    claim: bool = True

    @property
    def dense(self) -> int:
        """Recorded rows in each doubling of k: few when only the end is read."""
        from lab.engine.schedule import DENSE

        if self.keep == "all":
            return 1 << 40
        return SPARSE if self.keep == "end" and as_rule(self.stop).step is not None else DENSE


@dataclass(frozen=True)
class Cell:
    """What came out of one run.

    Attributes
    ----------
    status : str
        done, rule, budget, max_steps, diverged or failed.
    steps : int
    end : dict
        The last row: floats and arrays; costly quantities included.
    rows : dict
        {"k": (n,), name: (n,) or (n, d)} when rows were kept.
    seconds : float
        Wall clock, beside the trace and never part of it.
    sentence : str
    """

    status: str
    steps: int
    end: dict
    rows: dict = field(default_factory=dict)
    seconds: float = 0.0
    sentence: str = ""


def run_cell(job: Job) -> Cell:
    """Makes one run from start to end."""
    start = time.perf_counter()
    session = open_session(job)
    session.arm(job.stop, finish=True)
    session.advance(session.experiment.max_steps)
    return cell_of(session, job, time.perf_counter() - start)


def open_session(job: Job) -> Session:
    """The fresh run of a job: no pictures, few keyframes."""
    from lab.engine.session import Session

    return Session(
        load_source(job.source),
        job.controls,
        job.seed,
        job.device,
        job.dtype,
        claim=job.claim,
        every=1 if job.keep == "all" else None,
        dense=job.dense,
        watched=False,
        keyframe_budget=4_000_000,
    )


def cell_of(session: Session, job: Job, seconds: float) -> Cell:
    """The result of a session that has ended."""
    trace = session.trace
    end = trace.row(len(trace) - 1) if len(trace) else {}
    if trace.assessed is not None and len(trace.assessed):
        end = {**end, **trace.assessed.row(len(trace.assessed) - 1)}
    rows = {}
    if job.keep != "end":
        # Costly numbers are made at the end of such a run: they are end values, not rows.
        names = [name for name in job.record or trace.names if _in_rows(trace, name)]
        rows = {"k": trace.k.copy(), **{name: trace[name].copy() for name in names}}
    status = "failed" if session.ended == "error" else session.ended
    return Cell(status, session.head, end, rows, seconds, session.sentence)


def _in_rows(trace: Trace, name: str) -> bool:
    """Whether a name is recorded in every row.

    Raises
    ------
    UnknownName
        Nowhere.
    """
    if name in trace:
        return True
    if trace.assessed is None or len(trace.assessed) and name not in trace.assessed:
        raise unknown("quantity", name, trace.names)
    return False
