"""Every promise of the engine as a test on one experiment; `lab.engine.check` runs them."""

from __future__ import annotations

import contextlib
import copy
import pickle

import numpy as np

from lab.engine.carry import dump
from lab.engine.carry import load as load_dump
from lab.engine.cells import Job, run_cell
from lab.engine.lanes import NotBatchable, run_lanes
from lab.engine.limits import LIMITS
from lab.engine.numerics import exact_numerics
from lab.engine.registry import source_of
from lab.engine.session import Session
from lab.engine.tree import digest, tensors
from lab.engine.trial import MOST_STEPS, Broken, Trial, another, same_picture, same_rows

VECTOR = 256
MOST_VARIED = 4  # real-valued controls that a batch is tried with


def _observed_names(t: Trial) -> None:
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


def _global_generators(t: Trial) -> None:
    if not t.globals_kept:
        raise Broken("a global random generator moved; draw from rng (init may use torch's)")


def _same_again(t: Trial) -> None:
    t.agrees(
        t.to_the_end(t.fresh()),
        "a second fresh run differs: something is remembered outside the state, or drawn from a "
        "global generator",
    )


def _cut_into_chunks(t: Trial) -> None:
    session = t.fresh()
    for n in (1, 3, 2, 5):
        session.advance(min(n, t.steps - session.head))
    while session.head < t.steps and not session.status.ended:
        session.advance(t.steps - session.head, budget_s=1e-4)
    t.agrees(session, "the run depends on how advance() is cut")


def _paused_at_rules(t: Trial) -> None:
    session = t.fresh()
    for k in (t.steps // 3, t.steps // 2, t.steps // 2 + 1):
        session.run_until(f"k >= {k}")
        session.run_until(f"k + 0 >= {k + 1}")  # looked at between rows, not known beforehand
    t.agrees(t.to_the_end(session), "pausing at a rule changes the run")


def _deep_copies(t: Trial) -> None:
    session = t.fresh()
    session.advance(t.middle)
    kept = digest(session.state)
    session.state = copy.deepcopy(session.state)
    if digest(session.state) != kept:
        raise Broken("a deep copy of the state differs from the state")
    t.agrees(
        t.to_the_end(session),
        "a deep-copied state goes on differently: a closure over a tensor, .grad carried over, or "
        "an optimiser that still holds the old parameters",
    )


def _pickles(t: Trial) -> None:
    session = t.fresh()
    session.advance(t.middle)
    if t.experiment.__module__ == "__main__":
        import cloudpickle as pickler
    else:
        pickler = pickle
    session.state = pickle.loads(pickler.dumps(session.state))
    t.agrees(
        t.to_the_end(session),
        "a pickled state goes on differently: two tensors share memory, or .grad is carried over",
    )


def _state_is_plain(t: Trial) -> None:
    for path, tensor in tensors(t.run.state):
        if tensor.requires_grad and not tensor.is_leaf:
            raise Broken(f"state{path} hangs on a graph: detach it")


def _looking_changes_nothing(t: Trial) -> None:
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


def _look_and_seek(t: Trial) -> None:
    k = t.run.head // 2 + 1 if t.run.head > 1 else 0
    fresh = t.fresh()
    fresh.advance(k)
    look = t.run.look(k)
    with exact_numerics():
        values = fresh.measure(fresh.state, fresh.controls_at(k, before=True))
    if not all(np.array_equal(values[n], look.values[n], equal_nan=True) for n in values):
        raise Broken(f"look({k}) differs from a fresh run to {k}")
    same_picture(fresh.picture(), look.picture, f"the picture of step {k} differs when replayed")
    t.run.seek(k)
    if t.run.k != k or digest(t.run.state) != t.end:
        raise Broken("seek() moves the run")
    t.run.seek(t.run.head)


def _edits(t: Trial) -> None:
    live = [spec for spec in t.experiment.controls().values() if spec.live]
    if not live or t.run.status.ended:
        return
    spec = live[0]
    other = another(spec, t.controls[spec.name])
    if other is None:
        return
    session = t.fresh()
    session.set(**{spec.name: other})
    session.advance(t.steps // 2)
    session.set(**{spec.name: t.controls[spec.name]})
    for more in live[1:]:  # several at one step
        if (value := another(more, t.controls[more.name])) is not None:
            session.set(**{more.name: value})
    session.advance(1)
    session.set(**{spec.name: other})
    t.to_the_end(session)
    again = Session.from_recipe(session.recipe, t.experiment)
    again.advance(session.head)
    if digest(again.state) != digest(session.state):
        raise Broken(f"a run with an edit of {spec.name} is not reproduced by its recipe")
    same_rows(session, again, f"a run with edits of {spec.name} is not reproduced by its recipe")
    for k in sorted({1, t.steps // 2, t.steps // 2 + 1, t.steps // 2 + 2}):
        fresh = Session.from_recipe(session.recipe, t.experiment)
        if fresh.advance(min(k, session.head)) < k:
            break
        with exact_numerics():
            seen = fresh.measure(fresh.state, fresh.controls_at(k, before=True))
        look = session.look(k).values
        if not all(np.array_equal(seen[n], look[n], equal_nan=True) for n in seen):
            raise Broken(f"look({k}) beside edits of {spec.name} differs from a fresh run")


def _fork(t: Trial) -> None:
    k = t.run.head // 2
    branch = t.run.fork(k)
    t.to_the_end(branch)
    t.agrees(branch, f"a fork at {k} that goes on unchanged differs from its parent")
    if digest(t.run.state) != t.end:
        raise Broken("running a fork moves its parent")


def _dumps(t: Trial) -> None:
    session = t.fresh()
    session.advance(t.middle)
    again = load_dump(dump(session), session.recipe)
    t.agrees(t.to_the_end(again), "a run carried to another worker differs")


def _given_untouched(t: Trial) -> None:
    before = digest(vars(t.run.given))
    again = t.to_the_end(t.fresh())
    if digest(vars(again.given)) != before:
        raise Broken("a step changes what was given; it is shared, copy before writing")


def _stages_reached(t: Trial) -> None:
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


def _lanes(t: Trial) -> None:
    if not t.experiment.batchable():
        return
    try:
        _lanes_agree(t, [(t.controls, seed) for seed in range(3)], "")
    except NotBatchable as error:
        raise Broken(f"noise() makes the experiment batchable, but {error}") from error
    real = [spec for spec in t.experiment.controls().values() if spec.kind == "number"]
    for spec in real[:MOST_VARIED]:
        other = another(spec, t.controls[spec.name])
        points = [(t.controls, 0), ({**t.controls, spec.name: other}, 1)]
        # Where a control sets the size of something a study makes its runs one by one.
        with contextlib.suppress(NotBatchable):
            _lanes_agree(t, points, f" with another {spec.name}")


def _lanes_agree(t: Trial, points: list[tuple[dict, int]], where: str) -> None:
    """Runs of (controls, seed) as lanes of a batch; the second one is compared with itself."""
    stop = f"budget: k >= {t.steps if not where else max(1, t.steps // 3)}"
    jobs = [
        Job(source_of(t.experiment), controls, seed, stop=stop, keep="log")
        for controls, seed in points
    ]
    try:
        lane = run_lanes(jobs)[1]
    except RuntimeError as error:
        told = str(error).split("\n", 1)[0]
        raise Broken(f"a batch{where} fails; take torch.where instead of if: {told}") from error
    single, loose = run_cell(jobs[1]), 1e-3 if t.run.backend.dtype == "float32" else 1e-8
    for name, value in single.end.items():
        if not np.allclose(lane.end[name], value, rtol=loose, atol=loose, equal_nan=True):
            gap = np.abs(np.asarray(lane.end[name]) - value).max()
            raise Broken(
                f"a batched lane{where} differs from the single run in {name} by {gap:.3g}"
            )


PROMISES = (
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
    *LIMITS,
)
