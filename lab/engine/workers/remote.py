"""A session that a worker steps, with the verbs of `Session`. Holds no torch.

Its recipe, kept here, is the authority: whatever a worker loses is made again from it.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from lab.engine import pictures as pics
from lab.engine.controls import values
from lab.engine.entry import Entry
from lab.engine.look import Look
from lab.engine.recipe import MAX_EDITS, MAX_JSON, Edit, Recipe
from lab.engine.rules import rule as as_rule
from lab.engine.status import SessionError, Status
from lab.engine.suggest import unknown
from lab.engine.workers.messages import FRAMES_HZ, Answer, Command, Frame, WorkerError
from lab.engine.workers.mirror import Mirror
from lab.engine.workers.pacer import Speed

LOSSES = 3  # workers that a run may lose without progress in between,
CALM_S = 30  # or so long without losing one by its own step
EDIT_BYTES = 200  # of an edit in a recipe's JSON, at most as a rule
STARTS = ("run", "pause")  # the later one of these alone counts


class RemoteSession:
    """A run of one experiment in a worker.

    `start` and `stop` return at once; `advance`, `run_until` and `pause` wait. What a page draws
    is here, fed by frames: `trace` and `pictures` up to `head`. Everything may be called from any
    thread; hold `lock` while reading several things that belong together.

    Parameters
    ----------
    entry : Entry
    source : object
        Where a worker finds the class: text or bytes of `source_of`, or the class for a thread.
    pool : Pool
    controls, seed, device, dtype, edits
        As for Session.
    hz : float
        Frames a second.
    options : Mapping
        Further arguments of Session.
    standing : str
        A notice that stays, whatever else happens.

    Attributes
    ----------
    entry : Entry
    source : object
    trace : Trace
    pictures : Pictures
    head : int
    status : Status
    ended, sentence, stage : str
    rate : float
        Steps a second.
    notice : str
        A sentence about a trouble that did not end the run; else "".
    opened : bool
        Whether a worker has made it: what it needs is prepared, its first picture is drawn.
    restoring : bool
        Whether its worker was lost and the next one has not answered yet.
    seed : int
    edits : list of Edit

    Raises
    ------
    UnknownName, ControlError
    """

    def __init__(
        self,
        entry: Entry,
        source: Any,
        pool,
        controls: Mapping[str, Any] | None = None,
        seed: int = 0,
        device: str = "cpu",
        dtype: str | None = None,
        *,
        edits=(),
        hz: float = FRAMES_HZ,
        options: Mapping[str, Any] | None = None,
        standing: str = "",
        _branch_of: RemoteSession | None = None,
        _mirror: Mirror | None = None,
        _head: int = 0,
    ):
        self.entry, self.source, self._pool = entry, source, pool
        self.initial = values(entry.controls, **(controls or {}))
        self.seed, self.device, self.dtype = int(seed), device, dtype or entry.dtype
        self.edits = [Edit(*edit) for edit in edits]
        self.lock = pool.lock
        self.worker = None
        self._standing = standing
        self._hz, self._options = hz, dict(options or {})
        self._changed = threading.Condition(self.lock)
        self._subscribers: dict[int, Callable] = {}
        self._numbers = iter(range(1, 1 << 62))
        self._looks: dict[int, tuple[int, Future]] = {}
        self._clear()
        if _branch_of is not None and _mirror is not None:
            self._mirror, self.head = _mirror, _head
            self.status = Status.PAUSED if _head else Status.READY
            self.opened = True
        self.recipe.json()  # refuses what cannot travel, before a worker is asked
        self.number = pool.enrol(self)
        pool.open(self, beside=_branch_of)

    def _clear(self) -> None:
        self._epoch = next(self._numbers)
        self._after = self._epoch - 1
        self._mirror = Mirror(self._options.get("every") or self.entry.every)
        self.head = 0
        self._cursor: int | None = None
        self.status, self.ended, self.sentence = Status.READY, "", ""
        self.stage: str | None = None
        self.rate, self.notice, self.computed, self.spent = 0.0, self._standing, 0.0, 0.0
        self._pending: list[Command] = []
        self._wanted: list[tuple[int, dict]] = []
        self._resume: dict | None = None
        self.opened, self.restoring, self._dormant = False, False, False
        self._losses, self._lost_at, self._lost_when = 0, -1, -math.inf

    # -- what it is ----------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def specs(self) -> dict:
        """The controls as declared, by name."""
        return self.entry.controls

    @property
    def experiment(self) -> type:
        """The experiment's class; loading it imports torch."""
        from lab.engine.registry import load, load_source

        return load(self.source) if isinstance(self.source, type) else load_source(self.source)

    @property
    def trace(self):
        """What the run recorded, up to the head."""
        return self._mirror.trace

    @property
    def pictures(self):
        """Pictures to scrub through."""
        return self._mirror.pictures

    @property
    def live(self) -> tuple[int, dict] | None:
        """The newest (step, packed picture) that has arrived."""
        return self._mirror.live

    @property
    def k(self) -> int:
        """The cursor: follows the head until it is sought elsewhere."""
        return self.head if self._cursor is None else min(self._cursor, self.head)

    @property
    def recipe(self) -> Recipe:
        """The run as data: reopening it gives the same trace."""
        with self.lock:
            return Recipe(
                experiment=self.entry.name, controls=dict(self.initial), seed=self.seed,
                device=self.device, dtype=self.dtype, edits=tuple(self.edits),
            )  # fmt: skip

    @property
    def controls(self) -> dict:
        """Every control's value at the cursor; at the head with what was just set."""
        with self.lock:
            now = self._controls_at(self.k)
            if self.k == self.head:
                for _, wanted in self._wanted:
                    now.update(wanted)
            return now

    def _controls_at(self, k: int) -> dict:
        now = dict(self.initial)
        for edit in self.edits:
            if edit.step <= k:
                now[edit.control] = edit.new
        return now

    def __repr__(self):
        words = self.sentence or f"{self.status} at {self.head}"
        return f"Session({self.name!r}, seed={self.seed}, worker: {words})"

    def _repr_html_(self):
        from lab.engine.display import still

        return still("session", self)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    # -- running -------------------------------------------------------------------------------

    def start(self, steps: int | None = None, until=None, speed: Speed | None = None) -> None:
        """Runs on and on, or `steps` further, or to where a rule holds; returns at once.

        Parameters
        ----------
        steps : int or None
        until : str, Rule or None
        speed : (float, float) or None
            Steps a second at step 0, and how many more for each step taken; None: all it can.

        Raises
        ------
        RuleError, UnknownName
            For a rule that cannot be read or asks for what is not recorded.
        """
        text = None
        if until is not None:
            wanted = as_rule(until)
            self._check_names(wanted)
            text = wanted.text
        with self.lock:
            if self.status.ended:
                return
            self._cursor = None
            self.status, self.notice = Status.RUNNING, self._standing
            self._act("run", steps=steps, until=text, speed=speed)

    def stop(self) -> None:
        """Stops it, within a second whatever the step does; returns at once."""
        with self.lock:
            if self.status.ended or self._dormant:
                return
            self.status = Status.PAUSED if self.head else Status.READY
            if not any(held.verb == "pause" for held in self._pending):
                self._pool.expect(self, self._act("pause"))

    def pause(self) -> None:
        """Stops it where it is, and waits until it stands."""
        with self.lock:
            self.stop()
            self._changed.wait_for(lambda: self.settled)

    def advance(self, n: int = 1) -> int:
        """Takes `n` steps from the head, fewer when the run ends or is stopped.

        Returns the steps taken; 0 once the run has ended.
        """
        return self._run(n, None) if n > 0 else 0

    def run_until(self, rule, max_steps: int | None = None) -> int:
        """Runs until a rule holds, and pauses exactly there. Returns the steps taken."""
        return self._run(max_steps, rule)

    def _run(self, steps: int | None, rule) -> int:
        with self.lock:
            # After a loss the run stands at the last copy, which may be ahead of what was seen
            # here, or behind it; then it is replayed to where it was.
            self._changed.wait_for(lambda: not self.restoring or self._dormant or self.status.ended)
            start = max(self.head, self._lost_at)
            self.start(steps, rule)
            try:
                self._changed.wait_for(lambda: self.settled)
            except BaseException:
                self.stop()
                raise
            return max(0, self.head - start)

    @property
    def settled(self) -> bool:
        """Whether it stands: it does not run, and nothing that was asked for is still to act."""
        with self.lock:
            return self._dormant or (self.status is not Status.RUNNING and not self._pending)

    def wait(
        self, condition: Callable[[RemoteSession], bool], timeout: float | None = None
    ) -> bool:
        """Waits until `condition(session)` is true, looked at with each frame.

        Returns whether it became true within `timeout` seconds.
        """
        with self.lock:
            return self._changed.wait_for(lambda: condition(self), timeout)

    # -- starting again, changing --------------------------------------------------------------

    def reset(self) -> None:
        """Starts again: same seed, the controls as they are now."""
        self._again(self.seed)

    def reseed(self, seed: int | None = None) -> None:
        """Starts again with another seed, the next one by default."""
        self._again(self.seed + 1 if seed is None else int(seed))

    def _again(self, seed: int) -> None:
        with self.lock:
            self._cursor = None
            self.initial, self.seed, self.edits = self.controls, seed, []
            self._clear()
            self._cancel_looks()
            self._pool.reopen(self)

    def set(self, **controls) -> RemoteSession:
        """Changes live controls from the next step on; recorded as edits.

        With the cursor behind the head nothing recorded is touched: the change is made on a
        branch, which is returned.

        Raises
        ------
        UnknownName, ControlError
        SessionError
            For a control that a running session cannot change, and after too many changes.
        """
        checked = {}
        for name, value in controls.items():
            if name not in self.specs:
                raise unknown("control", name, self.specs)
            checked[name] = self.specs[name].check(value)
            if not self.specs[name].live:
                raise SessionError(
                    f"{name} starts again: use Session({self.name!r}, controls={{{name!r}: ...}})"
                )
        with self.lock:
            if self.k < self.head:
                return self.fork().set(**checked)
            if self._is_full(len(checked)):
                raise SessionError("a run can keep no more changes; start again")
            number = self._act("set", controls=checked)
            self._wanted.append((number, checked))
            return self

    def _is_full(self, more: int) -> bool:
        """Whether the recipe would become longer than one may be."""
        more += len(self._wanted)
        room = MAX_JSON - EDIT_BYTES * more
        return len(self.edits) + more > MAX_EDITS or len(self.recipe.json()) > room

    def seek(self, k: int) -> int:
        """Moves the cursor to step `k`, kept within 0 .. head; the head stays. Returns it."""
        with self.lock:
            k = max(0, min(int(k), self.head))
            self._cursor = k if k < self.head else None
            return k

    def fork(self, k: int | None = None) -> RemoteSession:
        """A new session that shares the past up to step `k` (the cursor by default)."""
        with self.lock:
            k = max(0, min(int(self.k if k is None else k), self.head))
            branch = RemoteSession(
                self.entry, self.source, self._pool, self.initial, self.seed, self.device,
                self.dtype, edits=[e for e in self.edits if e.step <= k], hz=self._hz,
                options=self._options, standing=self._standing, _branch_of=self,
                _mirror=self._mirror.until(k), _head=k,
            )  # fmt: skip
            branch.stage = branch.trace.stages[-1][1] if branch.trace.stages else None
            if self.worker is None:
                return branch  # it was made from its own recipe
            self._act(
                "fork", branch=branch.number, k=k, after=branch._epoch,
                known=branch._mirror.known(),
            )  # fmt: skip
            return branch

    def close(self) -> None:
        """Ends the run and frees its worker; the trace stays readable."""
        with self.lock:
            if not self.status.ended:
                self.status, self.sentence = Status.CANCELLED, f"stopped at {self.head}"
            self._pending.clear()
            self._pool.leave(self)
            self._subscribers.clear()
            self._changed.notify_all()
            self._cancel_looks()

    # -- looking -------------------------------------------------------------------------------

    def look(self, k: int) -> Future:
        """What the run was at step `k`: a Future of a Look; nothing moves.

        Replayed in slices beside the run; `cancel()` stops that.
        """
        with self.lock:
            k = max(0, min(int(k), self.head))
            found: Future = Future()
            if self.status is Status.CANCELLED:
                found.set_exception(WorkerError("the run was closed"))
                return found
            self._wake()
            number = next(self._numbers)
            self._looks[number] = (k, found)
            found.add_done_callback(lambda _: self._dismiss(number))
            self._pool.send(self, Command("look", self.number, number, dict(k=k)))
            return found

    def picture(self, k: int | None = None) -> dict:
        """The picture at step `k` (the cursor's by default), replayed exactly; waits for it."""
        return self.look(self.k if k is None else k).result().picture

    def _dismiss(self, number: int) -> None:
        """Nobody waits for that look; one that was answered is not known here any more."""
        with self.lock:
            if self._looks.pop(number, None) is not None:
                self._pool.send(self, Command("cancel", self.number, 0, dict(look=number)))

    def _cancel_looks(self) -> None:
        for _, found in list(self._looks.values()):
            found.cancel()
        self._looks.clear()

    # -- frames --------------------------------------------------------------------------------

    def subscribe(self, function: Callable[[RemoteSession, Frame], None]) -> Callable[[], None]:
        """Calls `function(session, frame)` for each frame, on the thread that read it.

        It must return soon: the next frame comes when it has. Returns what ends it.
        """
        with self.lock:
            key = next(self._numbers)
            self._subscribers[key] = function

        def unsubscribe() -> None:
            with self.lock:
                self._subscribers.pop(key, None)

        return unsubscribe

    def frames(self, hz: float) -> None:
        """Frames a second; 0 (a hidden page) for none but those that tell a change of status."""
        with self.lock:
            self._hz = hz
            self._pool.send(self, Command("frames", self.number, 0, dict(hz=hz)))

    def lead(self, rate: float | None) -> None:
        """Goes on with so many steps a second at most, until it is stopped or started.

        Nothing is told of it: neither the status nor the speed that was asked for is another one.

        Parameters
        ----------
        rate : float or None
            Above 0; None for no such bound.
        """
        with self.lock:
            self._pool.send(self, Command("lead", self.number, 0, dict(rate=rate)))

    # -- between the pool and this session -----------------------------------------------------

    def _act(self, verb: str, **values) -> int:
        """Sends a command that is sent again should its worker be lost. Returns its number."""
        self._wake()
        number = next(self._numbers)
        command = Command(verb, self.number, number, values)
        if verb in STARTS:
            self._pending = [held for held in self._pending if held.verb not in STARTS]
        self._pending.append(command)
        self._pool.send(self, command)
        return number

    def _wake(self) -> None:
        """A session that was left without a worker gets one when it is needed again."""
        if self._dormant:
            self._dormant, self._losses = False, 0
            self._pool.open(self)

    @property
    def movable(self) -> bool:
        """Whether another worker can make it at once: nothing has begun."""
        return self.status is Status.READY and not self.head and not self._pending

    def awaits(self, number: int) -> bool:
        """Whether command `number` has not acted yet."""
        return any(command.number == number for command in self._pending)

    def opening(self) -> Command:
        """Tells a worker to make this session as it is known here."""
        after = max(self._after, self._epoch)
        restore = self.opened
        looks = [
            Command("look", self.number, number, dict(k=k))
            for number, (k, _) in self._looks.items()
        ]
        return Command(
            "open",
            self.number,
            after,
            dict(
                source=self.source,
                recipe=self.recipe.json(),
                options=self._options,
                hz=self._hz,
                epoch=self._epoch,
                restore=restore,
                floor=max([self.head, *(edit.step for edit in self.edits)]) if restore else 0,
                known=self._mirror.known() if restore else None,
                resume=self._resume,
                again=[*self._pending, *looks],
            ),
        )

    def lose(self, guilty: bool, fate: str) -> bool:
        """Its worker is lost. Returns whether another one is wanted at once.

        Parameters
        ----------
        guilty : bool
            The worker was busy with this session: it waits for a person, paused.
        fate : str
        """
        if self.status is Status.CANCELLED:
            return False
        stopped = any(command.verb == "pause" for command in self._pending)
        now = time.monotonic()
        # The page knows only about where it was: a run may be lost at one step and seem to creep.
        stuck = self.head <= self._lost_at or (guilty and now - self._lost_when < CALM_S)
        self._losses = self._losses + 1 if stuck else 1
        self._lost_at, self._lost_when = self.head, now
        self.rate = 0.0
        # A branch whose fork was not made yet is made from its own recipe.
        self._pending = [held for held in self._pending if held.verb != "fork"]
        if guilty:
            self._resume = None
            self._pending = [held for held in self._pending if held.verb not in STARTS]
            if not self.status.ended:
                self.status = Status.PAUSED if self.head else Status.READY
        if not self.opened and guilty:
            self._dormant = True
            if stopped:
                self.notice = "stopped while it was being prepared"
            else:
                self.give_up(f"its worker was lost while it was being prepared: {fate}")
            return False
        if self._losses >= LOSSES:
            self.give_up(f"lost {LOSSES} workers at step {self.head}: {fate}")
            return False
        why = "a step did not end" if guilty and stopped else f"its worker was lost ({fate})"
        self.notice = f"{why}; restored, nothing that was set is lost"
        self.restoring = True
        return True

    def give_up(self, sentence: str) -> None:
        """No worker can go on with it; Start again tries once more."""
        self.status, self.ended, self.sentence = Status.FAILED, "error", sentence
        self._dormant, self._resume = True, None
        self._pending.clear()
        self._fail_looks(sentence)

    def abandoned(self, why: str) -> None:
        """The pool closes."""
        with self.lock:
            self.worker = None
            if not self.status.ended:
                self.status, self.sentence = Status.CANCELLED, f"stopped at {self.head}: {why}"
            self._pending.clear()
            self._fail_looks(why)
            self._changed.notify_all()

    def _fail_looks(self, why: str) -> None:
        looks, self._looks = self._looks, {}
        for _, found in looks.values():
            if found.set_running_or_notify_cancel():
                found.set_exception(WorkerError(why))

    def take(self, frame: Frame) -> None:
        """Takes a frame from the worker."""
        with self.lock:
            if frame.after < self._epoch:
                return  # from before it started again
            self._mirror.take(frame)
            self.head, self._after = frame.head, frame.after
            self.ended, self.sentence, self.stage = frame.ended, frame.sentence, frame.stage
            self.rate, self.computed, self.spent = frame.rate, frame.computed, frame.spent
            self.restoring = False
            self.opened = self.opened or frame.status is not Status.FAILED
            if frame.notice:
                self.notice = frame.notice
            if frame.edits is not None:
                self.edits = [Edit(*edit) for edit in frame.edits]
            self._pending = [held for held in self._pending if held.number > frame.after]
            self._wanted = [(n, wanted) for n, wanted in self._wanted if n > frame.after]
            running = frame.status is Status.RUNNING
            going = dict(goal=frame.goal, until=frame.until, speed=frame.speed)
            self._resume = going if running else None
            if frame.status.ended or not any(held.verb in STARTS for held in self._pending):
                self.status = frame.status
            self._changed.notify_all()
        self._tell(frame)

    def answer(self, answer: Answer) -> None:
        """Takes what a look has found."""
        with self.lock:
            _, found = self._looks.pop(answer.number, (None, None))
            if found is None and answer.error:
                self.notice = answer.error
        if found is None or not found.set_running_or_notify_cancel():
            return
        if answer.error:
            found.set_exception(WorkerError(answer.error))
        else:
            value = answer.value
            found.set_result(Look(**{**value, "picture": pics.unpack(value["picture"])}))

    def announce(self) -> None:
        """Tells subscribers and those who wait what has changed without a frame."""
        with self.lock:
            frame = Frame(
                self.number, self._after, self.head, self.status, self.ended, self.sentence,
                self.stage, events=dict(self.trace.events), picture_gap=self.pictures.gap,
                computed=self.computed, spent=self.spent, notice=self.notice,
            )  # fmt: skip
            self._changed.notify_all()
        self._tell(frame)

    def _tell(self, frame: Frame) -> None:
        with self.lock:
            subscribers = list(self._subscribers.values())
        for function in subscribers:
            function(self, frame)

    def _check_names(self, rule) -> None:
        known = dict.fromkeys([*self.trace.names, *self.entry.quantities])
        rule.require([*known, "k"])
