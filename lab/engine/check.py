"""The promises of the engine, tried on one experiment: `lab check NAME`.

Every experiment is run for a few steps (its preset "check", which shortens stages) in several
ways that must agree bit for bit. It catches closures over tensors, aliased views, tensors that
still require a gradient, `.grad` carried between steps, optimisers that cannot be copied, global
generators, mutated givens, and pictures that move the run.
"""

from __future__ import annotations

import copy
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from lab.engine import pictures as pics
from lab.engine.carry import dump
from lab.engine.carry import load as load_dump
from lab.engine.experiment import problems
from lab.engine.lanes import NotBatchable, run_lanes
from lab.engine.numerics import exact_numerics
from lab.engine.registry import load, source_of
from lab.engine.session import Session
from lab.engine.tree import digest, nbytes, tensors

BUDGET_S = 3.0
MOST_STEPS = 96
LEAST_STEPS = 4
OBSERVE_SHARE = 0.05
VECTOR = 256


@dataclass(frozen=True)
class Finding:
    """One contract test: whether it holds, and if not what to change."""

    test: str
    ok: bool
    message: str = ""


class Broken(AssertionError):
    """A promise that does not hold; the message says what to change."""


def check(experiment) -> list[Finding]:
    """Tries every promise on one experiment; a finding for each."""
    experiment = load(experiment)
    found = problems(experiment)
    findings = [Finding("declarations", not found, "; ".join(found))]
    if found:
        return findings
    trial = None
    for test in _TESTS:
        name = test.__name__.strip("_").replace("_", " ")
        try:
            trial = trial or _Trial(experiment)
            test(trial)
            findings.append(Finding(name, True))
        except Broken as broken:
            findings.append(Finding(name, False, str(broken)))
        except Exception as error:
            findings.append(Finding(name, False, f"{type(error).__name__}: {error}"))
            if trial is None:
                break
    return findings


class _Trial:
    """One reference run, and how many steps of it a few seconds allow."""

    def __init__(self, experiment):
        self.experiment = experiment
        preset = "check" if "check" in experiment.presets else None
        self.controls = experiment.controls_for(preset=preset)
        before = torch.random.get_rng_state(), np.random.get_state()[1].copy()
        start = time.perf_counter()
        self.run = self.fresh()
        self.run.advance(LEAST_STEPS)
        cost = (time.perf_counter() - start) / LEAST_STEPS
        start = time.perf_counter()
        self.run.advance(LEAST_STEPS)
        cost = min(cost, (time.perf_counter() - start) / LEAST_STEPS)
        self.steps = int(min(MOST_STEPS, max(2 * LEAST_STEPS, BUDGET_S / 14 / max(cost, 1e-6))))
        self.run.advance(self.steps - self.run.head)
        self.globals_kept = torch.equal(before[0], torch.random.get_rng_state()) and np.array_equal(
            before[1], np.random.get_state()[1]
        )
        self.end = digest(self.run.state)

    def fresh(self, **options) -> Session:
        return Session(self.experiment, self.controls, 0, **options)

    def to_the_end(self, session: Session) -> Session:
        session.advance(self.steps - session.head)
        return session

    def agrees(self, session: Session, what: str) -> None:
        if digest(session.state) != self.end:
            raise Broken(what)
        _same_rows(self.run, session, what)


def _same_rows(one: Session, other: Session, what: str) -> None:
    pairs = [(one.trace, other.trace)]
    if one.trace.assessed is not None:
        pairs.append((one.trace.assessed, other.trace.assessed))
    for a, b in pairs:
        for name in ("k", *a.names):
            if not np.array_equal(a[name], b[name], equal_nan=True):
                raise Broken(f"{what} (the trace of {name} differs)")
    if one.trace.stages != other.trace.stages:
        raise Broken(f"{what} (the stages differ)")


def _observed_names(t: _Trial) -> None:
    names = set(t.run.trace.names)
    if t.run.trace.assessed is not None:
        names |= set(t.run.trace.assessed.names)
    missing = names ^ set(t.experiment.quantities)
    if missing:
        raise Broken(f"quantities and observe() differ: {', '.join(sorted(missing))}")
    for name in names:
        values = t.run.trace[name]
        if values.ndim > 1 and values.shape[1] > VECTOR:
            raise Broken(f"{name} has {values.shape[1]} entries; {VECTOR} at most, see picture()")
        if values.ndim > 1 and t.experiment.quantity(name).dim is None:
            raise Broken(f"{name} is a vector: Quantity(..., dim='its dimension')")
    for axis in t.experiment.axes:
        if np.any(np.diff(t.run.trace[axis]) < 0):
            raise Broken(f"the axis {axis} falls; an axis only rises")


def _global_generators(t: _Trial) -> None:
    if not t.globals_kept:
        raise Broken("a global random generator moved; draw from rng (init may use torch's)")


def _same_again(t: _Trial) -> None:
    t.agrees(
        t.to_the_end(t.fresh()),
        "a second fresh run differs: something is remembered outside the state, or drawn from a "
        "global generator",
    )


def _cut_into_chunks(t: _Trial) -> None:
    session = t.fresh()
    for n in (1, 3, 2, 5):
        session.advance(min(n, t.steps - session.head))
    while session.head < t.steps and not session.status.ended:
        session.advance(t.steps - session.head, budget_s=1e-4)
    t.agrees(session, "the run depends on how advance() is cut")


def _paused_at_rules(t: _Trial) -> None:
    session = t.fresh()
    for k in (t.steps // 3, t.steps // 2, t.steps // 2 + 1):
        session.run_until(f"k >= {k}")
        session.run_until(f"k + 0 >= {k + 1}")  # looked at between rows, not known beforehand
    t.agrees(t.to_the_end(session), "pausing at a rule changes the run")


def _deep_copies(t: _Trial) -> None:
    session = t.fresh()
    session.advance(t.steps // 2)
    kept = digest(session.state)
    session.state = copy.deepcopy(session.state)
    if digest(session.state) != kept:
        raise Broken("a deep copy of the state differs from the state")
    t.agrees(
        t.to_the_end(session),
        "a deep-copied state goes on differently: a closure over a tensor, .grad carried over, or "
        "an optimiser that still holds the old parameters",
    )


def _pickles(t: _Trial) -> None:
    session = t.fresh()
    session.advance(t.steps // 2)
    if t.experiment.__module__ == "__main__":
        import cloudpickle as pickler
    else:
        pickler = pickle
    session.state = pickle.loads(pickler.dumps(session.state))
    t.agrees(
        t.to_the_end(session),
        "a pickled state goes on differently: two tensors share memory, or .grad is carried over",
    )


def _state_is_plain(t: _Trial) -> None:
    for path, tensor in tensors(t.run.state):
        if tensor.requires_grad and not tensor.is_leaf:
            raise Broken(f"state{path} hangs on a graph: detach it")


def _looking_changes_nothing(t: _Trial) -> None:
    session = t.fresh()
    while session.head < t.steps and not session.status.ended:
        session.advance(min(7, t.steps - session.head))
        before = digest(session.state)
        session.measure(session.state, session.controls_at(session.head))
        session.draw(session.state, session.controls_at(session.head))
        if t.experiment.assess is not None:
            t.experiment.assess(session.state, session.given, session.controls_at(session.head))
        if digest(session.state) != before:
            raise Broken("observe(), assess() or picture() changes the state")
    t.agrees(session, "looking at the run changes it")


def _look_and_seek(t: _Trial) -> None:
    k = t.run.head // 2 + 1 if t.run.head > 1 else 0
    fresh = t.fresh()
    fresh.advance(k)
    look = t.run.look(k)
    with exact_numerics():
        values = fresh.measure(fresh.state, fresh.controls_at(k, before=True))
    if not all(np.array_equal(values[n], look.values[n], equal_nan=True) for n in values):
        raise Broken(f"look({k}) differs from a fresh run to {k}")
    _same_picture(fresh.picture(), look.picture, f"the picture of step {k} differs when replayed")
    t.run.seek(k)
    if t.run.k != k or digest(t.run.state) != t.end:
        raise Broken("seek() moves the run")
    t.run.seek(t.run.head)


def _same_picture(one: dict, other: dict, what: str) -> None:
    for name in one:
        if isinstance(one[name], tuple):
            same = one[name] == other[name]
        else:
            same = np.array_equal(one[name], other[name], equal_nan=one[name].dtype.kind == "f")
        if not same:
            raise Broken(f"{what} ({name})")


def _edits(t: _Trial) -> None:
    live = [spec for spec in t.experiment.controls().values() if spec.live]
    if not live or t.run.status.ended:
        return
    spec = live[0]
    other = _another(spec, t.controls[spec.name])
    if other is None:
        return
    session = t.fresh()
    session.set(**{spec.name: other})
    session.advance(t.steps // 2)
    session.set(**{spec.name: t.controls[spec.name]})
    for more in live[1:]:  # several at one step
        if (value := _another(more, t.controls[more.name])) is not None:
            session.set(**{more.name: value})
    session.advance(1)
    session.set(**{spec.name: other})
    t.to_the_end(session)
    again = Session.from_recipe(session.recipe, t.experiment)
    again.advance(session.head)
    if digest(again.state) != digest(session.state):
        raise Broken(f"a run with an edit of {spec.name} is not reproduced by its recipe")
    _same_rows(session, again, f"a run with edits of {spec.name} is not reproduced by its recipe")
    for k in sorted({1, t.steps // 2, t.steps // 2 + 1, t.steps // 2 + 2}):
        fresh = Session.from_recipe(session.recipe, t.experiment)
        if fresh.advance(min(k, session.head)) < k:
            break
        with exact_numerics():
            seen = fresh.measure(fresh.state, fresh.controls_at(k, before=True))
        look = session.look(k).values
        if not all(np.array_equal(seen[n], look[n], equal_nan=True) for n in seen):
            raise Broken(f"look({k}) beside edits of {spec.name} differs from a fresh run")


def _another(spec, value):
    if spec.kind in ("number", "integer"):
        low, high = spec.bounds
        for other in (value * 0.9, value + 1, (low or 0.0), (high or 1.0)):
            other = int(other) if spec.kind == "integer" else float(other)
            inside = (low is None or other >= low) and (high is None or other <= high)
            if other != value and inside:
                return other
    if spec.kind == "boolean":
        return not value
    return next((o for o in spec.objects if o != value), None)


def _fork(t: _Trial) -> None:
    k = t.run.head // 2
    branch = t.run.fork(k)
    t.to_the_end(branch)
    t.agrees(branch, f"a fork at {k} that goes on unchanged differs from its parent")
    if digest(t.run.state) != t.end:
        raise Broken("running a fork moves its parent")


def _dumps(t: _Trial) -> None:
    session = t.fresh()
    session.advance(t.steps // 2)
    again = load_dump(dump(session), session.recipe)
    t.agrees(t.to_the_end(again), "a run carried to another worker differs")


def _given_untouched(t: _Trial) -> None:
    before = digest(vars(t.run.given))
    again = t.to_the_end(t.fresh())
    if digest(vars(again.given)) != before:
        raise Broken("a step changes what was given; it is shared, copy before writing")


def _stages_reached(t: _Trial) -> None:
    if t.experiment.stage is None:
        return
    unknown = {name for _, name in t.run.trace.stages} - set(t.experiment.stages)
    if unknown:
        raise Broken(f"stage() names {', '.join(map(str, unknown))}, which stages does not list")
    session, missing = t.fresh(), set(t.experiment.stages)
    while missing and session.head < 4 * MOST_STEPS and not session.status.ended:
        session.advance(16)
        missing -= {name for _, name in session.trace.stages}
    if missing and "check" in t.experiment.presets:
        raise Broken(f"the preset check does not reach {', '.join(sorted(missing))}: shorten it")


def _lanes(t: _Trial) -> None:
    if not t.experiment.batchable():
        return
    from lab.engine.cells import Job, run_cell

    stop = f"budget: k >= {t.steps}"
    jobs = [
        Job(source_of(t.experiment), t.controls, seed, stop=stop, keep="log") for seed in range(3)
    ]
    try:
        lanes = run_lanes(jobs)
    except NotBatchable as error:
        raise Broken(f"noise() makes the experiment batchable, but {error}") from error
    single = run_cell(jobs[1])
    loose = 1e-3 if t.run.backend.dtype == "float32" else 1e-8
    for name, value in single.end.items():
        lane = lanes[1].end[name]
        if not np.allclose(lane, value, rtol=loose, atol=loose, equal_nan=True):
            raise Broken(
                f"a batched lane differs from the single run in {name}: {lane} and {value}"
            )


def _sizes(t: _Trial) -> None:
    if t.experiment.picture is not None:
        size = pics.nbytes(t.run.draw(t.run.state, t.run.controls_at(t.run.head)))
        if size > pics.MAX_BYTES:
            raise Broken(f"a picture has {size:,} bytes; {pics.MAX_BYTES:,} at most")
    if nbytes(t.run.state) > 24_000_000:
        raise Broken(f"the state has {nbytes(t.run.state):,} bytes; constant data belongs in given")


def _observe_is_cheap(t: _Trial) -> None:
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


_TESTS = (
    _observed_names,
    _global_generators,
    _same_again,
    _cut_into_chunks,
    _paused_at_rules,
    _deep_copies,
    _pickles,
    _state_is_plain,
    _looking_changes_nothing,
    _look_and_seek,
    _edits,
    _fork,
    _dumps,
    _given_untouched,
    _stages_reached,
    _lanes,
    _sizes,
    _observe_is_cheap,
)
