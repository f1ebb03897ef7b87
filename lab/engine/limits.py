"""Promises about limits: bytes, time, and numbers that are not finite."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from lab.engine import pictures as pics
from lab.engine.keyframes import Keyframes
from lab.engine.numerics import exact_numerics
from lab.engine.schedule import COSTLY, DENSE, DENSE_AFTER_STAGE, DENSE_STAGES
from lab.engine.session import Session
from lab.engine.trace import Trace
from lab.engine.tree import nbytes
from lab.engine.trial import Broken, Trial

OBSERVE_SHARE = 0.05
STATE_BYTES = 24_000_000  # two of them fit into the keyframes' budget
TRACE_BYTES = 48_000_000


def _sizes(t: Trial) -> None:
    if t.experiment.picture is not None:
        size = pics.nbytes(t.run.draw(t.run.state, t.run.controls_at(t.run.head)))
        if size > pics.MAX_BYTES:
            raise Broken(f"a picture has {size:,} bytes; {pics.MAX_BYTES:,} at most")
    if nbytes(t.run.state) > STATE_BYTES:
        raise Broken(f"the state has {nbytes(t.run.state):,} bytes; constant data belongs in given")


def _byte_budgets(t: Trial) -> None:
    size = _rows_until(t.run.trace, t.experiment.every, t.experiment.max_steps, DENSE)
    if t.run.trace.assessed is not None:
        size += _rows_until(
            t.run.trace.assessed, t.experiment.every, t.experiment.max_steps, COSTLY
        )
    if size > TRACE_BYTES:
        raise Broken(
            f"a trace up to max_steps takes {size:,} bytes; {TRACE_BYTES:,} at most: observe "
            "shorter vectors, or raise every"
        )
    session, state = t.fresh(), max(nbytes(t.run.state), nbytes(t.run.look(0)))
    drawn = pics.nbytes(t.run.draw(t.run.state, t.run.controls_at(t.run.head)))
    session.keyframes.budget = 4 * (state + 1_000)
    session.pictures.budget = 4 * (drawn + 1_000)
    while session.head < t.steps and not session.status.ended:
        session.keyframes.gap = 1  # as if every step were worth one
        session.advance(1)
        for what, store in (("keyframes", session.keyframes), ("pictures", session.pictures)):
            if store.nbytes > store.budget:
                raise Broken(f"{what} take {store.nbytes:,} bytes; {store.budget:,} were allowed")
    kept = sum(nbytes(session.keyframes.before(k)[1]) for k in session.keyframes.ks)
    if kept > session.keyframes.budget:
        raise Broken(f"keyframes take {kept:,} bytes; {session.keyframes.budget:,} were allowed")
    t.agrees(session, "the run depends on how many keyframes and pictures are kept")


def _rows_until(trace: Trace, every: int, steps: int, dense: int) -> int:
    """Bytes of all the rows that a run of so many steps has at most, with room to grow."""
    doublings = max(0, math.ceil(math.log2(max(1, steps / (every * dense)))))
    rows = dense * (1 + doublings) + DENSE_STAGES * DENSE_AFTER_STAGE
    row = sum(trace[name][:1].nbytes for name in ("k", *trace.names))
    return 2 * rows * row


class _Spoilt:
    """An experiment one of whose numbers is not finite from a step on."""

    def __init__(self, experiment: Any, method: str, name: str, bad: int):
        self._experiment, self._method, self._name, self._bad = experiment, method, name, bad

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._experiment, attribute)
        if attribute not in ("observe", "assess", "picture", "done", "stage") or value is None:
            return value

        def looking(state, given, c):
            seen = value(state["inner"], given, c)
            if attribute == self._method and state["k"] >= self._bad:
                seen = {**seen, self._name: seen[self._name] * math.nan}
            return seen

        return looking

    def step(self, state, given, c, k, rng):
        return {"inner": self._experiment.step(state["inner"], given, c, k, rng), "k": k + 1}


def _not_finite(t: Trial) -> None:
    bad = t.run.head // 2
    if bad < 1 or t.run.ended == "diverged":
        return
    observed = t.run.trace.names[-1]
    run = _spoilt(t, "observe", observed, bad)
    if (run.ended, run.sentence) != ("diverged", f"diverged at {bad}: {observed} is not finite"):
        raise Broken(f"{observed} is not finite from {bad} on, and the run says: {run.sentence}")
    kept = run.keyframes.ks[-1]
    good = run.look(bad - 1).values
    if kept >= bad or not all(_finite(value) for value in good.values()):
        raise Broken(f"the last good keyframe is not kept when {observed} is not finite")
    if t.run.trace.assessed is None or not len(t.run.trace.assessed):
        return
    assessed = t.run.trace.assessed
    if not (assessed.k >= bad).any():
        return
    costly = assessed.names[-1]
    run = _spoilt(t, "assess", costly, bad)
    told = f"{costly} is not finite" + (f", from {bad} on" if run.head > bad else "")
    if (run.ended, run.sentence) != ("diverged", f"diverged at {run.head}: {told}"):
        raise Broken(f"{costly} is not finite from {bad} on, and the run says: {run.sentence}")


def _spoilt(t: Trial, method: str, name: str, bad: int) -> Session:
    """The trial's run with a number spoilt from step `bad` on, until it ends."""
    session = t.fresh(every=min(t.experiment.every, max(1, t.steps // 4)))
    session.experiment = _Spoilt(t.experiment, method, name, bad)
    session.state = {"inner": session.state, "k": 0}
    session.keyframes = Keyframes(gap=1)
    session.keyframes.add(0, session.state)
    session.advance(t.steps)
    return session


def _finite(value: Any) -> bool:
    return all(map(math.isfinite, value)) if hasattr(value, "__len__") else math.isfinite(value)


def _observe_is_cheap(t: Trial) -> None:
    session = t.fresh()
    c = session.controls_at(0)
    with exact_numerics():
        step = _fastest(lambda: session.advance(session.every), 5) / session.every
        observe = _fastest(lambda: session.measure(session.state, c), 5)
    # Below half a millisecond the recording schedule alone keeps the cost down; `lab bench --group
    # contract` gives the figures. Processor time, so that a busy machine accuses nobody.
    if observe > 5e-4 and observe > 4 * OBSERVE_SHARE * t.experiment.every * step:
        raise Broken(
            f"observe takes {observe * 1e3:.2f} ms, {t.experiment.every} steps "
            f"{t.experiment.every * step * 1e3:.2f} ms: raise every, or move it to assess()"
        )


def _fastest(work: Callable, n: int) -> float:
    times = []
    for _ in range(n):
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return min(times)


LIMITS = (_sizes, _byte_budgets, _not_finite)
TIMED = (_observe_is_cheap,)
