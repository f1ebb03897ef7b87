"""One live run: a headless state machine without threads.

The inner loop holds nothing but `step`. Whatever else happens (a row recorded, a picture, a
keyframe, an edit) happens at steps that are functions of k, so that the trace does not depend on
how the run is cut into calls of `advance`.
"""

from __future__ import annotations

import contextlib
import copy
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lab.core.backend import Backend
from lab.core.random import BLOCK, Rng, noise_block
from lab.engine import pictures as pics
from lab.engine.controls import Controls, values
from lab.engine.keyframes import Keyframes
from lab.engine.look import Look
from lab.engine.numerics import exact_numerics
from lab.engine.prepare import prepare, seeded
from lab.engine.recipe import MAX_EDITS, Edit, Recipe
from lab.engine.registry import load
from lab.engine.replay import Replay
from lab.engine.rules import Rule
from lab.engine.rules import rule as as_rule
from lab.engine.schedule import COSTLY, DENSE, DENSE_AFTER_STAGE, DENSE_STAGES, next_record
from lab.engine.sentence import sentence
from lab.engine.status import SessionError, Status
from lab.engine.suggest import unknown
from lab.engine.trace import Trace

SLICE_S = 0.01  # the clock is read about this often inside a slice
FAR = 1 << 60


class Session:
    """A run of one experiment.

    Parameters
    ----------
    experiment : str or class
        A name, a class, or "file.py".
    controls : dict
        Values that differ from the defaults.
    seed : int
    device, dtype : str
        "cpu", "cuda" or "mps"; the experiment's own precision when None.
    worker : {"inline", "thread", "process"}
        Who steps it; the verbs and the numbers are the same.
    edits : sequence of Edit
        Changes of live controls at given steps.
    watched : bool
        False for a study's runs: no pictures, and costly numbers at the end only.

    Attributes
    ----------
    trace : Trace
    pictures : Pictures
    head : int
        The last computed step.
    k : int
        The cursor, 0 .. head.
    status : Status
    ended : str
        How it finished: done, rule, budget, max_steps, diverged, or error; else "".
    sentence : str
        The same in words.

    Raises
    ------
    UnknownName, ControlError, BackendError
        In one line each.
    """

    def __new__(cls, experiment=None, controls=None, seed=0, *args, worker="inline", **keywords):
        if worker == "inline":
            return super().__new__(cls)
        from lab.engine.workers import remote_session

        return remote_session(experiment, controls, seed, *args, worker=worker, **keywords)

    def __init__(
        self,
        experiment,
        controls: dict | None = None,
        seed: int = 0,
        device: str = "cpu",
        dtype: str | None = None,
        *,
        worker: str = "inline",
        edits=(),
        claim: bool = False,
        every: int | None = None,
        dense: int = DENSE,
        watched: bool = True,
        keyframe_budget: int | None = None,
        _start: bool = True,
    ):
        self.experiment: Any = load(experiment)
        self.specs = self.experiment.controls()
        self.initial = values(self.specs, **(controls or {}))
        self.seed = int(seed)
        self.backend = Backend(device, dtype or self.experiment.dtype)
        self.edits = [Edit(*edit) for edit in edits]
        self.every, self.dense = every or self.experiment.every, dense
        self._claim, self._watched = claim, watched
        self._keyframe_budget = keyframe_budget
        self._step_s = 1e-4
        if _start:
            self._start()

    @classmethod
    def from_recipe(cls, recipe, experiment=None, **options) -> Session:
        """A fresh run of a recipe (a Recipe or its JSON), its edits included.

        `experiment` is the class where the recipe's name alone does not find it (a file's).
        """
        if isinstance(recipe, str):
            recipe = Recipe.from_json(recipe)
        return cls(
            experiment or recipe.experiment, recipe.controls, recipe.seed, recipe.device,
            recipe.dtype, edits=recipe.edits, **options,
        )  # fmt: skip

    def _start(self) -> None:
        """Makes what is given, the first state, its row and its picture.

        Raises
        ------
        SessionError
            When one of the experiment's own functions raises.
        """
        self._clear()
        self._rng = Rng(self.seed, -1, self.backend)
        self._c = self.controls_at(0, before=True)
        try:
            with exact_numerics():
                self._begin()
        except Exception as error:
            raise SessionError(f"{self.name} cannot start: {sentence(error)}") from error

    def _begin(self) -> None:
        experiment, c = self.experiment, self._c
        self.given = prepare(experiment, self.initial, self.seed, self.backend, claim=self._claim)
        with seeded(self._rng, "init"):
            self.state = experiment.init(self.given, c, self._rng.at(-1), self.backend)
        self.noise_specs: dict | None = (
            experiment.noise(c) if experiment.noise is not None else None
        )
        self._note_stage()
        self.keyframes.add(0, self.state)
        row = self._measure(self.state, c)
        if self._within_bounds(row):
            self._record(row)

    def _clear(self) -> None:
        self.head = self.k = 0
        self.status, self.ended, self.sentence = Status.READY, "", ""
        self.stage: str | None = None
        self.trace = Trace()
        if self.experiment.assess is not None:
            self.trace.assessed = Trace()
        self.pictures = pics.Pictures(self.every)
        budget = self._keyframe_budget
        self.keyframes = Keyframes() if budget is None else Keyframes(budget)
        self._events = {name: as_rule(when) for name, when in self.experiment.events.items()}
        self._dense_until = 0
        self._assessed: tuple[int, dict] | None = None
        self._unedited: Controls | None = None
        self._block: tuple[int, dict] | None = None
        self._rule: tuple[Rule, bool] | None = None
        self._mark: tuple[int, Any] | None = None
        self._stepping = False
        self._drained = dict(rows=0, assessed=0, stages=0, pictures=-1)

    # -- what it is ----------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.experiment.slug()

    @property
    def recipe(self) -> Recipe:
        """The run as data: reopening it gives the same trace."""
        return Recipe(
            experiment=self.name, controls=dict(self.initial), seed=self.seed,
            device=self.backend.device, dtype=self.backend.dtype, edits=tuple(self.edits),
        )  # fmt: skip

    @property
    def controls(self) -> dict:
        """Every control's value at the cursor."""
        return dict(vars(self.controls_at(self.k)))

    def __repr__(self):
        words = self.sentence or f"{self.status} at {self.head}"
        return f"Session({self.name!r}, seed={self.seed}: {words})"

    def _repr_html_(self):
        from lab.engine.display import still

        return still("session", self)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    # -- verbs ---------------------------------------------------------------------------------

    def advance(
        self,
        n: int = 1,
        budget_s: float | None = None,
        called: Callable[[], bool] = lambda: False,
    ) -> int:
        """Takes `n` steps from the head, fewer when the run ends or `budget_s` seconds are spent.

        With `called` also when that tells, between two recorded rows, that something waits.
        Returns how far the head has moved; 0 once the run has ended. A rule that is armed holds
        between two recorded rows, which is found at the later one: there the head, if a cut had
        left it beyond, goes back to the exact step, and 0 is returned.
        """
        if self.status.ended or n <= 0:
            return 0
        start = self.head
        limit = min(start + int(n), self.experiment.max_steps)
        end = math.inf if budget_s is None else time.perf_counter() + budget_s
        self._to(Status.RUNNING)
        try:
            with exact_numerics():
                while self.head < limit and self.status is Status.RUNNING:
                    self._leap_to_event(limit, budget_s)
                    if time.perf_counter() > end or called():
                        break
                at_limit = self.head >= self.experiment.max_steps
                if self.status is Status.RUNNING and at_limit and not self._passed_rule():
                    self._finish("max_steps", f"stopped at its limit of {self.head} steps")
        except Exception as error:
            self._fail(error)
        except KeyboardInterrupt:
            self._interrupted()
            raise
        if self.status is Status.RUNNING:
            self._to(Status.PAUSED)
        self.k = self.head
        return max(0, self.head - start)

    def run_until(self, rule, max_steps: int | None = None) -> int:
        """Runs until a rule holds, and pauses exactly there. Returns the steps taken.

        A rule that reads names of `assess` is looked at where those are recorded.
        """
        start = self.head
        self.arm(rule)
        try:
            limit = self.experiment.max_steps if max_steps is None else self.head + max_steps
            while self.armed and self.head < limit and not self.status.ended:
                self.advance(limit - self.head)
            if self.armed and not self.status.ended:
                with exact_numerics():
                    self._passed_rule()
                self.k = self.head
        finally:
            self.disarm()
        return self.head - start

    def arm(self, rule, finish: bool = False) -> None:
        """Lets the following `advance` stop where `rule` first holds.

        With `finish` the run ends there (a study's stop), else it pauses. A name that is not
        recorded at a step is unknown there, so a rule on a name of `assess` stops the run at the
        first assessed step at which it holds; of observed names it is the exact step.
        """
        rule = as_rule(rule).require([*self.trace.names, *self.experiment.quantities])
        self._rule = (rule, finish)
        self._mark = (self.head, copy.deepcopy(self.state))
        with exact_numerics():
            row = self._measure(self.state, self._c)
            if len(self.trace) and self.trace.k[-1] == self.head and not self.status.ended:
                self._record(row)  # what a study assesses for this rule alone
                row = {**row, **self._costly()}
            if not self.status.ended and rule.holds(row, self.head):
                self.disarm()
                if finish:
                    self._finish(rule.ends, f"{rule.text} at {self.head}")

    def disarm(self) -> None:
        """Forgets the rule."""
        self._rule = self._mark = None

    @property
    def armed(self) -> bool:
        """Whether a rule is set that has not held yet."""
        return self._rule is not None

    def pause(self) -> None:
        """Stops it where it is; `advance` goes on."""
        if self.status is Status.RUNNING:
            self._to(Status.PAUSED)

    def reset(self) -> None:
        """Starts again: same seed, the controls as they are now."""
        self.initial = dict(vars(self.controls_at(self.head)))
        self.edits = []
        self._start()

    def reseed(self, seed: int | None = None) -> None:
        """Starts again with another seed, the next one by default."""
        self.seed = self.seed + 1 if seed is None else int(seed)
        self.reset()

    def set(self, **controls) -> Session:
        """Changes live controls from the next step on; recorded as edits.

        With the cursor behind the head nothing recorded is touched: the change is made on a
        branch, which is returned.

        Raises
        ------
        UnknownName, ControlError
        SessionError
            For a control that a running session cannot change, and after too many changes.
        """
        for name, value in controls.items():
            if name not in self.specs:
                raise unknown("control", name, self.specs)
            self.specs[name].check(value)
            if not self.specs[name].live:
                raise SessionError(
                    f"{name} starts again: use Session({self.name!r}, controls={{{name!r}: ...}})"
                )
        if self.k < self.head:
            return self.fork(self.k).set(**controls)
        now = self.controls_at(self.head)
        if len(self.edits) + len(controls) > MAX_EDITS:
            raise SessionError(f"a run keeps {MAX_EDITS:,} changes at most; start again")
        for name, value in controls.items():
            value, old = self.specs[name].check(value), getattr(now, name)
            same = [e for e in self.edits if e.step == self.head and e.control == name]
            if same:
                old = same[0].old
                self.edits.remove(same[0])
            if value != old:
                self.edits.append(Edit(self.head, name, old, value))
        self.edits.sort(key=lambda edit: edit.step)
        return self

    def seek(self, k: int) -> int:
        """Moves the cursor to step `k`, kept within 0 .. head; the head stays. Returns it."""
        self.k = max(0, min(int(k), self.head))
        return self.k

    def look(self, k: int) -> Look:
        """What the run was at step `k` (kept within 0 .. head); nothing moves."""
        replay = self.replay(k)
        replay.advance()
        return replay.look()

    def replay(self, k: int) -> Replay:
        """The way to step `k`, to be taken in slices."""
        return Replay(self, max(0, min(int(k), self.head)))

    def picture(self, k: int | None = None) -> dict:
        """The picture at step `k` (the cursor's by default), replayed exactly."""
        k = self.k if k is None else k
        if k == self.head and self.state is not None:
            with exact_numerics():
                return pics.unpack(self._draw(self.state, self.controls_at(k, before=True)))
        return self.look(k).picture

    def fork(self, k: int | None = None) -> Session:
        """A new session that shares the past up to step `k` (the cursor by default)."""
        replay = self.replay(self.k if k is None else k)
        replay.advance()
        k = replay.k
        branch = Session(
            self.experiment, self.initial, self.seed, self.backend.device, self.backend.dtype,
            edits=[e for e in self.edits if e.step <= k], **self.options, _start=False,
        )  # fmt: skip
        branch._clear()
        branch._rng, branch.given, branch.noise_specs = self._rng, self.given, self.noise_specs
        branch.go_on(replay.state, k, self.trace.until(k), self.pictures.until(k))
        branch.keyframes = self.keyframes.until(k)
        branch._step_s = self._step_s
        branch.status = Status.PAUSED if k else Status.READY
        if k == self.head and self.ended in ("done", "max_steps", "diverged"):
            branch.status, branch.ended, branch.sentence = self.status, self.ended, self.sentence
        return branch

    def close(self) -> None:
        """Ends the run; its trace stays readable."""
        if not self.status.ended:
            self._to(Status.CANCELLED)
            self.sentence = f"stopped at {self.head}"

    def go_on(
        self, state: Any, k: int, trace: Trace, pictures: pics.Pictures | None = None
    ) -> None:
        """Takes the place of a run that has reached `state` at step `k`, with what it recorded."""
        self.state, self.head, self.k, self.trace = state, k, k, trace
        if pictures is not None:
            self.pictures = pictures
        self._restore_stage()
        self._c = self.controls_at(k, before=True)

    # -- the loop ------------------------------------------------------------------------------

    def _leap_to_event(self, limit: int, budget_s: float | None) -> None:
        """On to the next step at which something happens, and that something."""
        k = self.head
        self._c = self.controls_at(k)
        due = k + 1 if k < self._dense_until else next_record(k, self.every, self.dense)
        stop = min(limit, due, self.next_edit(k))
        if self._rule is not None and self._rule[0].step is not None:
            stop = min(stop, max(self._rule[0].step, k + 1))
        if budget_s is not None:
            stop = min(stop, k + self.slice_steps(budget_s))
        start = time.perf_counter()
        if self.experiment.done is None and self.experiment.stage is None:
            self._stepping = True
            self.state = self.leap(self.state, self._c, k, stop)
            self.head, self._stepping = stop, False
        else:
            self._walk(k, stop)
        if self.head > k:
            self._step_s += 0.2 * ((time.perf_counter() - start) / (self.head - k) - self._step_s)
        if self.status is not Status.RUNNING:
            return
        if self.head == due or self.head < self._dense_until:
            self._event()
        elif self._rule is not None and self._rule[0].step == self.head:
            self._stop_at_rule()

    def leap(self, state: Any, c: Controls, start: int, stop: int) -> Any:
        """Steps `start` to `stop - 1` and nothing else. Returns the state at `stop`."""
        step, given = self.experiment.step, self.given
        if self.noise_specs is None:
            rng = self._rng
            for i in range(start, stop):
                rng.k = i
                state = step(state, given, c, i, rng)
        elif not self.noise_specs:
            for i in range(start, stop):
                state = step(state, given, c, i, {})
        else:
            for i in range(start, stop):
                state = step(state, given, c, i, self.noise_at(i))
        return state

    def noise_at(self, k: int) -> dict:
        """The declared noise of step `k`."""
        block, row = divmod(k, BLOCK)
        if self._block is None or self._block[0] != block:
            self._block = (block, noise_block(self._rng, block, self.noise_specs or {}))
        return {name: drawn[row] for name, drawn in self._block[1].items()}

    def _walk(self, k: int, stop: int) -> None:
        """Step by step, for experiments that end by themselves or have stages."""
        done = self.experiment.done
        for i in range(k, stop):
            if done is not None and (why := done(self.state, self.given, self._c)):
                self._done(why)
                return
            self._stepping = True
            self.state = self.leap(self.state, self._c, i, i + 1)
            self.head, self._stepping = i + 1, False
            if self._note_stage():
                return
        if done is not None and (why := done(self.state, self.given, self._c)):
            self._done(why)

    def _done(self, why: str) -> None:
        head = self.head
        if not self._passed_rule(before=head):
            self._finish("done", why)

    def _note_stage(self) -> bool:
        """Notes a change of stage; recording is dense for a while after it."""
        if self.experiment.stage is None:
            return False
        stage = self.experiment.stage(self.state, self.given, self._c)
        if stage == self.stage:
            return False
        self.stage = stage
        self.trace.stages.append((self.head, stage))
        few = len(self.trace.stages) <= DENSE_STAGES  # so that the number of rows stays bounded
        if self.head and few and self.dense >= DENSE:  # not when nobody reads the rows
            self._dense_until = self.head + DENSE_AFTER_STAGE
        return True

    def _restore_stage(self) -> None:
        if self.trace.stages:
            at, self.stage = self.trace.stages[-1]
            few = len(self.trace.stages) <= DENSE_STAGES
            dense = at and few and self.dense >= DENSE
            self._dense_until = at + DENSE_AFTER_STAGE if dense else 0

    def _event(self) -> None:
        row = self._measure(self.state, self._c)
        if not self._within_bounds(row):
            return
        due = self.head
        if self._rule is not None and self._rule[0].holds({**row, **self._costly()}, due):
            self._stop_at_rule(row)
            if self.status.ended or self.head < due:
                return
        if not self._record(row):
            return
        if self.keyframes.due(self.head):
            self.keyframes.add(self.head, self.state, self._step_s * 1e3)
        if self._rule is not None:
            self._mark = (self.head, copy.deepcopy(self.state))

    def _record(self, row: dict, last: bool = False) -> bool:
        """Records what is due at the head; all there is when it is the last row.

        Returns whether the run goes on: costly numbers may not be finite.
        """
        k, trace = self.head, self.trace
        costly, assessed = self._costly(last), trace.assessed
        if not len(trace) or trace.k[-1] < k:
            trace.add(k, row)
        if costly and assessed is not None and not (len(assessed) and assessed.k[-1] == k):
            assessed.add(k, costly)
            if (offence := self._offence(costly)) is not None:
                since = self._first_offence(assessed)
                self._diverge(offence if since == k else f"{offence}, from {since} on")
                return False
        for name, when in self._events.items():
            if name not in trace.events and when.holds({**row, **costly}, k):
                trace.events[name] = k
        drawn = self.pictures.ks[-1] if self.pictures.ks else -1
        due = drawn < k and (last or self.pictures.due(k))
        if due and self._watched and self.experiment.picture:
            self.pictures.add(k, self._draw(self.state, self._c))
        return True

    def _costly(self, last: bool = False) -> dict:
        """The costly numbers of the head, recorded there or due there; else none."""
        assessed = self.trace.assessed
        if assessed is None:
            return {}
        if len(assessed) and assessed.k[-1] == self.head:
            return assessed.row(len(assessed) - 1)
        if not last and not self._assess_due(assessed):
            return {}
        if self._assessed is None or self._assessed[0] != self.head:
            self._assessed = self.head, self._assess(self.state, self._c)
        return self._assessed[1]

    def _assess_due(self, assessed: Trace) -> bool:
        """At eight steps in each doubling and after a change of stage, when somebody reads it."""
        asked = self._rule is not None and not set(self._rule[0].names) <= set(self.trace.names)
        if not self._watched and not asked:
            return False
        if not len(assessed):
            return True
        last = int(assessed.k[-1])
        changed = bool(self.trace.stages) and self.trace.stages[-1][0] > last
        return changed or self.head >= next_record(last, self.every, COSTLY)

    def _first_offence(self, assessed: Trace) -> int:
        """Where costly numbers left their bounds, by halving the way since they were inside."""
        good, bad = (int(assessed.k[-2]) if len(assessed) > 1 else self.head), self.head
        while bad - good > 1:
            replay = self.replay((good + bad) // 2)
            replay.advance()
            c = self.controls_at(replay.k, before=True)
            if self._offence(self._assess(replay.state, c)) is None:
                good = replay.k
            else:
                bad = replay.k
        return bad

    # -- endings -------------------------------------------------------------------------------

    def _to(self, status: Status) -> None:
        self.status = self.status.to(status)

    def _finish(self, ended: str, sentence: str) -> None:
        """A last row and picture, and the end; numbers beyond bounds end it where they began."""
        self._c = self.controls_at(self.head, before=True)
        row = self._measure(self.state, self._c)
        if not self._within_bounds(row) or not self._record(row, last=True):
            return
        self.ended, self.sentence = ended, sentence
        self._to(Status.FINISHED)

    def _within_bounds(self, row: dict) -> bool:
        """Whether every number is finite and below the blow-up; if not the run ends there.

        Unless the rule held before that, since the last row: then it stops at the rule.
        """
        if self._offence(row) is None:
            return True
        if len(self.trace):
            rule = self._sought
            self._back_to(
                lambda found, at: (
                    self._offence(found) is not None or (rule is not None and rule.holds(found, at))
                )
            )
            row = self._measure(self.state, self._c)
            if rule is not None and self._offence(row) is None:
                self._rest_at_rule()
                return False
        self.trace.add(self.head, row)
        self._diverge(self._offence(row))
        return False

    def _diverge(self, offence: str | None) -> None:
        self.ended, self.sentence = "diverged", f"diverged at {self.head}: {offence}"
        self.status = Status.FINISHED

    def _offence(self, row: dict) -> str | None:
        """The first number that is not finite or beyond the blow-up, in words."""
        limit = self.experiment.blowup
        for name, value in row.items():
            largest = abs(value) if isinstance(value, float) else float(np.abs(value).max())
            if not largest <= limit:  # also when it is not a number
                return (
                    f"{name} {f'over {limit:.0e}' if math.isfinite(largest) else 'is not finite'}"
                )
        return None

    @property
    def _sought(self):
        """The rule that is set, unless its step is known beforehand."""
        rule = self._rule[0] if self._rule is not None else None
        return rule if rule is not None and rule.step is None else None

    def _passed_rule(self, before: int | None = None) -> bool:
        """Whether the rule held since the last row, so that the run stops there.

        Called at an end between two recorded steps; with `before` only for steps below it.
        """
        rule = self._sought
        if rule is None or not rule.holds(self._measure(self.state, self._c), self.head):
            return False
        self._back_to(rule.holds)
        if before is not None and self.head >= before:
            return False
        self._rest_at_rule()
        return True

    def _stop_at_rule(self, row: dict | None = None) -> None:
        """`row` are the observed numbers of the head; what is assessed is known there alone."""
        rule = self._sought
        if rule is not None and row is not None and rule.holds(row, self.head):
            self._back_to(rule.holds)
        self._rest_at_rule()

    def _rest_at_rule(self) -> None:
        """Here the rule holds: the run ends or pauses."""
        if self._rule is None:
            return
        rule, finish = self._rule
        self.disarm()
        if finish:
            self._finish(rule.ends, f"{rule.text} at {self.head}")
        else:
            self._to(Status.PAUSED)

    def _back_to(self, holds) -> None:
        """To the first step after the last recorded one at which `holds`, by replay.

        The head has passed it by less than one stride; nothing was recorded in between.
        """
        last = int(self.trace.k[-1]) if len(self.trace) else 0
        if self._mark is not None:
            at, state = self._mark
        else:
            at, state = self.keyframes.before(last)
        self._mark = None  # steps may use up its state
        while at < self.head:
            c = self.controls_at(at)
            state = self.leap(state, c, at, at + 1)
            at += 1
            if at > last and holds(self._measure(state, self.controls_at(at, before=True)), at):
                break
        self.state, self.head = state, at
        self._c = self.controls_at(at, before=True)
        if self.trace.stages and self.trace.stages[-1][0] > at:
            self.trace.stages = [(k, name) for k, name in self.trace.stages if k <= at]
            self._restore_stage()

    def _interrupted(self) -> None:
        """Ctrl-C, perhaps inside a step that had half used up its state: that is replayed."""
        self._stepping, self._mark = False, None
        replay = self.replay(self.head)
        replay.advance()
        self.state, self.k = replay.state, self.head
        self._c = self.controls_at(self.head, before=True)
        if self.status is Status.RUNNING:
            self._to(Status.PAUSED)

    def _fail(self, error: Exception) -> None:
        """Something raised: back to the last good state, by replay from the nearest keyframe.

        When it was a step the head is the start of its leap, and the step is found by replay.
        """
        start, reached = self.head, self.head
        with contextlib.suppress(Exception):
            replay = self.replay(start)
            replay.advance()
            state = replay.state
            with exact_numerics():
                while self._stepping and reached < next_record(start, self.every, self.dense):
                    state = self.leap(state, self.controls_at(reached), reached, reached + 1)
                    reached += 1
        self.head = reached
        with contextlib.suppress(Exception):
            replay = self.replay(reached)
            replay.advance()
            self.state = replay.state
        self.ended = "error"
        self.sentence = f"failed at {reached}: {sentence(error)}"
        self.status = Status.FAILED

    # -- what is seen --------------------------------------------------------------------------

    def measure(self, state: Any, c: Controls) -> dict:
        """The observed quantities as floats and float64 arrays."""
        with exact_numerics():
            return self._measure(state, c)

    def draw(self, state: Any, c: Controls) -> dict:
        """The packed picture of a state; empty for an experiment without one."""
        with exact_numerics():
            return self._draw(state, c)

    # Inside `advance` the numerics are set already, which takes as long as a small step.

    def _measure(self, state: Any, c: Controls) -> dict:
        with torch.no_grad():
            return _plain(self.experiment.observe(state, self.given, c))

    def _assess(self, state: Any, c: Controls) -> dict:
        with torch.no_grad():
            return _plain(self.experiment.assess(state, self.given, c))

    def _draw(self, state: Any, c: Controls) -> dict:
        if self.experiment.picture is None:
            return {}
        with torch.no_grad():
            return pics.pack(self.experiment.picture(state, self.given, c))

    # -- controls over the run -----------------------------------------------------------------

    def controls_at(self, k: int, before: bool = False) -> Controls:
        """The controls that step `k` runs with; `before` leaves out edits made at `k` itself."""
        if not self.edits:
            if self._unedited is None:
                self._unedited = Controls(self.initial)
            return self._unedited
        now = dict(self.initial)
        for edit in self.edits:
            if edit.step < k or (edit.step == k and not before):
                now[edit.control] = edit.new
        return Controls(now)

    def next_edit(self, k: int) -> int:
        """The first step after `k` at which an edit acts."""
        return min((edit.step for edit in self.edits if edit.step > k), default=FAR)

    def slice_steps(self, budget_s: float = math.inf) -> int:
        """Steps between two looks at the clock."""
        return max(1, int(min(SLICE_S, budget_s) / self._step_s))

    # -- for workers ---------------------------------------------------------------------------

    def drain(self) -> dict:
        """What was recorded since the last call: rows, assessed, stages, events, pictures."""
        seen, trace = self._drained, self.trace
        assessed = trace.assessed
        found = dict(
            rows=trace.since(seen["rows"]),
            assessed=assessed.since(seen["assessed"]) if assessed is not None else None,
            stages=trace.stages[seen["stages"] :],
            events=dict(trace.events),
            pictures=[
                (k, self.pictures.packed(k)) for k in self.pictures.ks if k > seen["pictures"]
            ],
            picture_gap=self.pictures.gap,
        )
        self._drained = dict(
            rows=len(trace),
            assessed=len(assessed) if assessed is not None else 0,
            stages=len(trace.stages),
            pictures=self.pictures.ks[-1] if self.pictures.ks else -1,
        )
        return found

    @property
    def options(self) -> dict:
        """Arguments of Session beside the recipe's."""
        return dict(
            claim=self._claim, every=self.every, dense=self.dense,
            watched=self._watched, keyframe_budget=self._keyframe_budget,
        )  # fmt: skip


def _plain(observed: dict) -> dict:
    """Tensors as floats, vectors as float64 arrays."""
    row: dict[str, Any] = {}
    for name, value in observed.items():
        if isinstance(value, torch.Tensor):
            if value.ndim:
                row[name] = value.detach().double().cpu().numpy()
                continue
            value = value.item()
        row[name] = np.asarray(value, dtype=float) if np.ndim(value) else float(value)
    return row
