"""What each experiment spends on being observed: at most 5 % of `every` steps."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from lab.bench.row import Row

GOAL = 0.05


def rows() -> Iterator[Row]:
    """One row for each registered experiment."""
    from lab.engine.registry import catalogue

    for entry in catalogue():
        if not entry.broken:
            yield observe_share(entry.name)


def observe_share(name: str) -> Row:
    """Time of one `observe` over the time of `every` steps."""
    from lab.engine.session import Session

    run = Session(name, watched=False, dense=1)
    run.advance(run.every)
    c = run.controls_at(run.head)
    steps, looks = [], []
    for _ in range(9):
        begin, head = time.perf_counter(), run.head
        run.advance(run.every)
        steps.append((time.perf_counter() - begin) / max(1, run.head - head))
        begin = time.perf_counter()
        run.measure(run.state, c)
        looks.append(time.perf_counter() - begin)
    step, look = statistics.median(steps), statistics.median(looks)
    note = f"observe {look * 1e6:.0f} us, a step {step * 1e6:.0f} us, every {run.every}"
    return Row(f"observe of {name}", look / (run.every * step), "share", GOAL, note=note)
