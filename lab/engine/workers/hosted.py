"""One session in a worker: what is asked of it, and what it does in its slices of time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from lab.engine.carry import load as load_copy
from lab.engine.recipe import Recipe
from lab.engine.registry import load, load_source
from lab.engine.replay import Replay
from lab.engine.sentence import sentence
from lab.engine.session import Session
from lab.engine.status import Status
from lab.engine.workers.framer import NEVER, Framer
from lab.engine.workers.messages import FRAMES_HZ, Answer, Command, Frame
from lab.engine.workers.pacer import FAR, Pacer, Speed
from lab.engine.workers.safety import SafetyCopies
from lab.engine.workers.spool import Saved, Spool

FIRST_SLICE_S = 0.005  # who has just pressed Run sees something move at once
PATIENT = ("run", "set", "look", "fork", "pause")  # commands that wait for a restored session


class Hosted:
    """Serves one session.

    Parameters
    ----------
    number : int
        The session's number, which its page gave it.
    send : callable
        Takes a Frame or an Answer to the page.
    spool : Spool
    branch : callable
        Makes the Hosted of a branch from its number.

    Notes
    -----
    A session that is restored after a loss first catches up with what its page has seen. Commands
    wait until then, so that an edit acts at the step at which it was made.
    """

    def __init__(
        self,
        number: int,
        send: Callable[[Any], None],
        spool: Spool,
        branch: Callable[[int], Hosted],
    ):
        self.number, self._send, self._spool, self._branch = number, send, spool, branch
        self.session: Any = None  # a Session once it could be made
        self.framer, self.copies = Framer(), SafetyCopies(spool, number)
        self._epoch = self._after = 0
        self._goal, self._fresh = 0, False
        self._until: str | None = None
        self._pacer, self._leash = Pacer(), Pacer()
        self._floor = 0
        self._resume: dict | None = None
        self._waiting: list[Command] = []
        self._unborn = False
        self._looks: dict[int, Replay] = {}
        self._failure = self._notice = ""
        self._computed, self._spent = time.monotonic(), 0.0

    # -- what is due ---------------------------------------------------------------------------

    @property
    def catching_up(self) -> bool:
        """Whether the run is still behind what its page has seen."""
        return self._alive and self.session.head < self._floor

    @property
    def running(self) -> bool:
        """Whether steps are asked for."""
        return self._alive and self.session.head < self._goal

    @property
    def busy(self) -> bool:
        """Whether a slice of time would be of use."""
        return self._step_due() <= time.monotonic() or self.catching_up or bool(self._looks)

    def _step_due(self) -> float:
        """When the next step may be taken; infinite when none is asked for."""
        if not self.running:
            return NEVER
        return max(pacer.due(self.session.head) for pacer in (self._pacer, self._leash))

    @property
    def _alive(self) -> bool:
        return self.session is not None and not self.session.status.ended

    @property
    def status(self) -> Status:
        """What the page shows."""
        if self.session is None:
            return Status.FAILED
        if self.session.status.ended:
            return self.session.status
        if self.running or (self.catching_up and self._resume is not None):
            return Status.RUNNING
        return Status.PAUSED if self.session.head or self.catching_up else Status.READY

    def slice(self, seconds: float, called: Callable[[], bool]) -> None:
        """Steps, or replays for a look, for about so long; `called` and a frame cut it short."""
        seconds = min(seconds, max(self.framer.due(self.session) - time.monotonic(), 0.0))
        if self._looks:
            seconds /= 2 if self.running else 1
            self._replay(seconds)
        if self.catching_up:
            self._advance(self._floor, seconds, called)
            if not self.catching_up:
                self._caught_up()
                self.push(force=True)
        elif self.running:
            head = self.session.head
            pacers = (self._pacer, self._leash)
            goal = min(self._goal, head + min(pacer.allowed(head) for pacer in pacers))
            if goal > head:
                self._advance(goal, FIRST_SLICE_S if self._fresh else seconds, called)
                for pacer in pacers:
                    pacer.took(self.session.head - head)
                self._fresh = False
            if not self.running:
                self._halt()
                self.push(force=True)

    def _advance(self, goal: int, seconds: float, called: Callable[[], bool]) -> None:
        session, begin = self.session, time.monotonic()
        session.advance(goal - session.head, seconds, called)
        self._computed = time.monotonic()
        self._spent += self._computed - begin
        if self._until is not None and not session.armed:
            self._goal = session.head

    def _halt(self) -> None:
        self._goal, self._until = 0, None
        self._pacer, self._leash = Pacer(), Pacer()
        if self.session is not None:
            self.session.disarm()
            self.framer.rest(self.session.head)

    def _caught_up(self) -> None:
        self._floor, self._spent = 0, 0.0
        resume, self._resume = self._resume, None
        if resume is not None and self._alive:
            self._start(**resume)
        waiting, self._waiting = self._waiting, []
        for command in waiting:
            self.act(command)

    # -- commands ------------------------------------------------------------------------------

    def act(self, command: Command) -> None:
        """Obeys a command, or keeps it until the session is there and has caught up."""
        if command.verb in PATIENT and (self._unborn or self.catching_up):
            if command.verb == "pause":
                self._resume = None
                self._waiting = [held for held in self._waiting if held.verb != "run"]
            self._waiting.append(command)
            return
        try:
            getattr(self, f"do_{command.verb}")(command.number, **command.values)
        except Exception as error:
            self._notice = sentence(error)
            self._send(Answer(self.number, command.number, error=self._notice))
        self._after = max(self._after, command.number)
        if command.verb in ("open", "run", "pause", "set"):
            self.push(force=True)

    def do_open(
        self,
        number: int,
        source: str | bytes | type,
        recipe: str,
        options: dict,
        hz: float = FRAMES_HZ,
        epoch: int = 0,
        restore: bool = False,
        floor: int = 0,
        known: dict | None = None,
        resume: dict | None = None,
        again: Sequence[Command] = (),
    ) -> None:
        """Makes the session anew, or from its safety copy; replaces the one that was there.

        Parameters
        ----------
        source : str, bytes or type
            Where the experiment is found: what `source_of` gave, a registered name, the class.
        recipe : str
            JSON. The page's recipe rules: it may hold edits that the safety copy has not.
        options : dict
            Further arguments of Session.
        hz : float
            Frames a second.
        epoch : int
            Which start this is; safety copies of others are not taken.
        restore : bool
            Take the safety copy if there is one.
        floor : int
            The step to catch up to.
        known : dict
            What the page has (see Framer).
        resume : dict
            `goal`, `until` and `speed` of the run that goes on after catching up.
        again : sequence of Command
            Those that the lost worker has not answered.
        """
        self.session, self._failure, self._notice = None, "", ""
        self._epoch, self._floor, self._resume = epoch, floor, resume
        self._halt()
        self._looks.clear()
        self._waiting = list(again)
        self._unborn = False
        self.framer.pace(hz)
        try:
            wanted = Recipe.from_json(recipe)
            self.session = self._restored(wanted) if restore else None
            if self.session is None:
                self.session = _make(source, wanted, options)
        except Exception as error:
            self._failure = sentence(error)
        self.copies.begin(self.session)
        self.framer.begin(self.session, known)
        if not self.catching_up:
            self._caught_up()

    def _restored(self, wanted: Recipe) -> Session | None:
        saved = self._spool.read(self.number, self._epoch)
        if saved is None or not _same_past(saved, wanted):
            return None
        try:
            return load_copy(saved.blob, wanted)
        except Exception as error:
            self._notice = f"its safety copy could not be read ({sentence(error)})"
            return None

    def do_run(
        self,
        number: int,
        steps: int | None = None,
        until: str | None = None,
        speed: Speed | None = None,
    ) -> None:
        """Runs `steps` further, or on and on; pauses where the rule holds."""
        if self._alive:
            self._start(FAR if steps is None else self.session.head + steps, until, speed)

    def _start(self, goal: int, until: str | None, speed: Speed | None) -> None:
        self._halt()
        if until is not None:
            self.session.arm(until)
            if not self.session.armed:
                return
        self._goal, self._until, self._fresh = goal, until, True
        self._pacer = Pacer(speed)

    def do_pause(self, number: int) -> None:
        """Stops where it is."""
        self._halt()

    def do_set(self, number: int, controls: dict) -> None:
        """Live controls, from the next step on."""
        if self.session is not None:
            self.session.set(**controls)

    def do_fork(self, number: int, branch: int, k: int, after: int, known: dict) -> None:
        """A branch at step `k`, served here too; it exists from the command on."""
        hosted = self._branch(branch)
        try:
            if self.session is None:
                raise LookupError(self._failure)
            hosted.adopt(self.session.fork(k), after, known)
        except Exception as error:
            hosted.refuse(after, sentence(error))

    def expect(self) -> None:
        """A branch whose parent is still catching up: commands wait."""
        self._unborn = True

    def adopt(self, session: Session, after: int, known: dict) -> None:
        """Serves a session that was forked here."""
        self.session, self._epoch, self._after = session, after, after
        self._unborn = False
        self.framer.begin(session, known)
        self._caught_up()
        self.push(force=True)

    def refuse(self, after: int, why: str) -> None:
        """Stands for a session that could not be made."""
        self._failure, self._after, self._unborn = why, after, False
        self._caught_up()
        self.push(force=True)

    def do_look(self, number: int, k: int) -> None:
        """Replays to step `k` in slices and answers."""
        if self.session is None:
            raise LookupError(self._failure)
        self._looks[number] = self.session.replay(k)

    def do_cancel(self, number: int, look: int) -> None:
        """Nobody waits for that look any more."""
        self._looks.pop(look, None)
        self._waiting = [held for held in self._waiting if held.number != look]

    def do_lead(self, number: int, rate: float | None) -> None:
        """At most so many steps a second while this run goes on; None: whatever it was told."""
        self._leash.change(None if rate is None else (rate, 0.0))

    def do_frames(self, number: int, hz: float) -> None:
        """Frames a second."""
        self.framer.pace(hz)

    def do_seen(self, number: int) -> None:
        """The page has taken the last frame."""
        self.framer.seen()

    def _replay(self, seconds: float) -> None:
        number, replay = next(iter(self._looks.items()))
        session = self.session
        try:
            if not replay.advance(seconds):
                return
            c = session.controls_at(replay.k, before=True)
            value = dict(
                k=replay.k,
                values=session.measure(replay.state, c),
                picture=session.draw(replay.state, c),
                controls=dict(vars(c)),
            )
            self._send(Answer(self.number, number, value))
        except Exception as error:
            self._send(Answer(self.number, number, error=sentence(error)))
        del self._looks[number]

    # -- to the page ---------------------------------------------------------------------------

    def push(self, force: bool = False) -> None:
        """Sends a frame when one is due."""
        if self._unborn or (not force and time.monotonic() < self.framer.due(self.session)):
            return
        if self.session is None:
            self._send(self._failed())
            return
        behind = self.catching_up
        own = dict(goal=self._goal, until=self._until, speed=self._pacer.speed)
        resume = self._resume or own
        frame = self.framer.frame(
            self.session,
            forced=force,
            running=self.running,
            live=not behind,
            session=self.number,
            after=self._after,
            head=self._floor if behind else self.session.head,
            status=self.status,
            computed=self._computed,
            spent=self._spent,
            notice=self._notice or self.framer.notice or self.copies.notice,
            **resume,
        )
        self._send(frame)

    def _failed(self) -> Frame:
        return Frame(
            self.number, self._after, status=Status.FAILED, ended="error", sentence=self._failure
        )

    def next_due(self) -> float:
        """When there is something to do for a session at rest, in `time.monotonic()`."""
        frame, copy = self.framer.due(self.session), self.copies.due(self.session, resting=True)
        return min(frame, copy, self._step_due())

    def keep_safe(self, resting: bool = False) -> None:
        """Writes a safety copy when one is due."""
        if self.session is None or self.catching_up:
            return
        if self.copies.keep(self.session, self._epoch, resting and not self.running):
            self.push(force=True)


def find(source: str | bytes | type) -> type:
    """The experiment's class."""
    if isinstance(source, bytes) or (isinstance(source, str) and ":" in source):
        return load_source(source)
    return load(source)


def _make(source: str | bytes | type, recipe: Recipe, options: dict) -> Session:
    return Session(
        find(source), dict(recipe.controls), recipe.seed, recipe.device, recipe.dtype,
        edits=recipe.edits, **options,
    )  # fmt: skip


def _same_past(saved: Saved, wanted: Recipe) -> bool:
    """Whether a copy was made by the recipe that rules, as far as the copy goes."""
    then = Recipe.from_json(saved.recipe)

    def past(recipe):
        edits = [tuple(edit) for edit in recipe.edits if edit.step < saved.head]
        return recipe.controls, recipe.seed, recipe.device, recipe.dtype, edits

    return past(then) == past(wanted)
