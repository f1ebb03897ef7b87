"""The runs that a page shows side by side: the arms from one start, and branches of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext

from lab.engine.recipe import Edit, Recipe
from lab.engine.status import Status
from lab.engine.workers.messages import FRAMES_HZ
from lab.engine.workers.pacer import Speed
from lab.ui.run import Run
from lab.ui.seats import Ticket

MOST = 4  # runs on one page
LEVEL_S = 1.5  # runs that do not come to one step in that time are not waited for
FEW = 10  # so many steps are taken without waiting for a seat
HOLD_S = 0.1  # so long no picture is made that would be in the way of the one with an edit
GATHER_S = 0.012  # so long the frame of one run waits for those of the others
LEASH_S = 0.1  # a run that leads by half of that goes at the pace of the slowest
LEAST = 0.02  # share of that pace which a run is left that leads by far more


class Full(ValueError):
    """A page holds no further run."""

    def __init__(self):
        super().__init__(f"A page holds {MOST} runs at most. Start again frees the branches.")


class Lanes:
    """All runs of a page, and what they are made from.

    Parameters
    ----------
    entry : registry Entry
    recipe : Recipe
        Controls, seed, device, precision and edits that the page opens with.
    arm : str or None
        The methods shown: an arm, "all", or None for the page's own choice.
    new_session : callable
        `new_session(entry, controls, seed, device, dtype, edits) -> RemoteSession`.
    wake : callable
    recorded : dict
        {arm: RecordedSession}: what the page opens on instead of new runs.

    Attributes
    ----------
    values : dict
        Controls that the next runs start with; the arms' own are left to the arms.
    begun : dict
        Those that the present runs started with. What was set since is in their edits.
    seats : callable or None
        Asked before anything runs on and on (see lab.ui.seats); None where nobody else is served.
    """

    def __init__(self, entry, recipe: Recipe, arm: str | None, new_session, wake, recorded=None):
        self.entry, self._new_session, self._wake = entry, new_session, wake
        self.values, self.seed = dict(recipe.controls), recipe.seed
        self.begun = dict(self.values)
        self.device, self.dtype = recipe.device, recipe.dtype
        self.arms = dict(entry.arms)  # a page may add methods of its own
        self.arm = choice(entry, arm)
        self.runs: list[Run] = []
        self.hz = FRAMES_HZ
        self._then: Callable[[], None] | None = None
        self._level_by = 0.0  # until when runs that lag are waited for
        self._hold = 0.0  # until when pictures are held back
        self._roaming, self._until = False, None
        self.seats: Callable[..., Ticket] | None = None
        self._ticket: Ticket | None = None
        self._when_seated: Callable[[], None] | None = None
        if recorded:
            self.runs = [
                Run(recorded[arm], label, arm, style, False, wake)
                for label, arm, style in self.members()
            ]
        else:
            self.start(recipe.edits)

    def __iter__(self):
        return iter(self.runs)

    def __len__(self):
        return len(self.runs)

    # -- where they are ------------------------------------------------------------------------

    def held(self):
        """While this is entered no run grows: what is read of it belongs together."""
        return self.runs[0].session.lock if self.runs else nullcontext()

    @property
    def head(self) -> int:
        """The step that every run that goes on has reached; the furthest when none does."""
        going = [run.head for run in self.runs if run.running]
        return min(going) if going else self.furthest

    @property
    def furthest(self) -> int:
        return max((run.head for run in self.runs), default=0)

    @property
    def running(self) -> bool:
        return any(run.running for run in self.runs)

    @property
    def alive(self) -> bool:
        """Whether any run can take a further step."""
        return any(run.alive for run in self.runs)

    @property
    def recorded(self) -> bool:
        """Whether the page shows recordings: whatever runs is new."""
        return any(run.recorded for run in self.runs)

    @property
    def ahead(self) -> int | None:
        """How many wait in front of this page for a seat; None while it waits for none."""
        return self._ticket.ahead if self._when_seated and self._ticket else None

    @property
    def rate(self) -> float:
        """Steps a second of the slowest run that is given its head; 0 at rest."""
        rates = [run.session.rate for run in self.runs if run.running and run.shown is None]
        return min(rates, default=0.0)

    # -- making and ending ---------------------------------------------------------------------

    def start(self, edits=()) -> None:
        """New runs from step 0, with the controls as they stand."""
        self.close()
        self.begun = dict(self.values)
        self.runs = [self._run(label, arm, style, edits) for label, arm, style in self.members()]
        self.frames(self.hz)

    def members(self) -> list[tuple[str, str | None, int]]:
        """(label, arm, style) of each method that runs."""
        return members(self.entry, self.arm)

    def _run(self, label, arm, style, edits) -> Run:
        fixed = self.arms.get(arm, {})
        session = self._new_session(
            self.entry, {**self.begun, **fixed}, self.seed, self.device, self.dtype,
            [edit for edit in edits if Edit(*edit).control not in fixed],
        )  # fmt: skip
        return Run(session, label, arm, style, False, self._wake)

    def again(self) -> None:
        """Every method from step 0 once more; branches are freed."""
        self._at_will()
        for run in [run for run in self.runs if run.dotted]:
            run.close()
        self.runs = [run for run in self.runs if not run.dotted]
        for run in self.runs:
            run.again()
            fixed = self.arms.get(run.arm, {})  # what a method brings itself
            now = run.session.controls
            self.values.update({name: now[name] for name in now.keys() - fixed.keys()})
        self.begun = dict(self.values)

    def branch(self, k: int) -> None:
        """A branch of every method at step `k`, as far as the page has room.

        Raises
        ------
        Full
        """
        if len(self.runs) >= MOST:
            raise Full
        for run in [run for run in self.runs if not run.dotted][: MOST - len(self.runs)]:
            self._add(run, run.session.fork(min(k, run.head)))

    def _add(self, run: Run, session) -> None:
        number = sum(other.style == run.style and other.dotted for other in self.runs) + 1
        label = f"{run.label}, branch" + (f" {number}" if number > 1 else "")
        self.runs.append(Run(session, label, run.arm, run.style, True, self._wake, run.lane))
        self.frames(self.hz)

    def close(self) -> None:
        self._then = None
        self.leave()
        for run in self.runs:
            run.close()
        self.runs = []

    # -- verbs ---------------------------------------------------------------------------------

    def go(
        self, steps: int | None = None, until: str | None = None, speed: Speed | None = None
    ) -> None:
        """Runs every run that can: on and on, `steps` further, or to where a rule holds.

        Parameters
        ----------
        speed : (float, float) or None
            As for RemoteSession.start.
        """
        on_and_on = steps is None or steps > FEW
        if on_and_on and not self._seated(lambda: self.go(steps, until, speed)):
            return
        self._at_will()
        self._roaming, self._until = steps is None, until
        for run in self.runs:
            if run.alive:
                run.session.start(steps=steps, until=until, speed=speed)

    def paced(self, speed: Speed | None) -> None:
        """Goes on at another speed, to where it is going."""
        if self._roaming and self.running:
            self.go(until=self._until, speed=speed)

    def go_to(self, k: int) -> None:
        """Runs every run that has not reached step `k` to there."""
        if not self._seated(lambda: self.go_to(k)):
            return
        self._at_will()
        for run in self.runs:
            if run.alive and run.head < k:
                run.session.start(steps=k - run.head)

    def stop(self) -> None:
        """Stops every run; runs side by side come to stand at one step where that is quick."""
        if self._when_seated:
            self.leave()
        self.level(None, Status.PAUSED)

    def level(self, then: Callable[[], None] | None, shown: Status) -> None:
        """Brings the runs to one step, so that what follows happens at the same step in all.

        Parameters
        ----------
        then : callable or None
            What follows; called under the document's lock, by `settle`.
        shown : Status
            What a person sees meanwhile.
        """
        self._at_will()
        self._then, now = then or (lambda: None), time.monotonic()
        self._level_by, self._hold = now + LEVEL_S, now + HOLD_S if then else 0.0
        for run in self.runs:
            run.session.stop()
            run.shown = shown if len(self.runs) > 1 else None

    @property
    def levelling(self) -> bool:
        """Whether the runs are still on their way to one step."""
        return self._then is not None

    @property
    def holding(self) -> bool:
        """Whether the next picture had better wait for an edit that is on its way to all runs.

        A picture of the way there would keep the browser busy when the edit comes; so would one
        that has it in one run only. It waits `HOLD_S` at most.
        """
        if time.monotonic() >= self._hold:
            return False
        return self.levelling or not all(run.edited for run in self.runs if run.alive)

    @property
    def gathering(self) -> bool:
        """Whether the frames of some runs are here and those of others just about to come.

        Workers make them at the same moments; one picture shows them all.
        """
        going = [run for run in self.runs if run.running]
        since = [run.since for run in going]
        if len(going) < 2 or all(since) or not any(since):
            return False
        return time.monotonic() - min(t for t in since if t) < GATHER_S

    def settle(self) -> None:
        """Goes on with `level`, and keeps runs together; called with each update."""
        if self._when_seated and self._ticket and self._ticket.granted:
            then, self._when_seated = self._when_seated, None
            then()
        elif self._ticket and not self._when_seated and not self.running:
            self.leave()
        if self._roaming and len(self.runs) > 1:
            self._keep_together()
        if self._then is None or not self._levelled():
            return
        then, self._then, hold = self._then, None, self._hold
        for run in self.runs:
            run.shown = None
        then()
        self._hold = hold  # what it starts is at will again; the picture still waits for it

    def _levelled(self) -> bool:
        """Whether the runs stand, at one step or where their time was over; else brings them on."""
        alive = [run for run in self.runs if run.alive]
        top = max((run.head for run in alive), default=0)
        behind = [run for run in alive if run.head < top]
        standing = all(run.session.settled for run in self.runs)
        if time.monotonic() >= self._level_by:
            if not standing:
                for run in behind:
                    run.session.stop()
            return standing
        if standing:
            for run in behind:
                run.session.start(steps=top - run.head)
        return standing and not behind

    def _seated(self, then: Callable[[], None]) -> bool:
        """Whether the runs may go on and on now; if not, `then` follows when they may."""
        if self.seats is None:
            return True
        if self._ticket is None:
            self._ticket = self.seats(len(self.runs), self._wake)
        self._when_seated = None if self._ticket.granted else then
        return self._ticket.granted

    def leave(self) -> None:
        """Gives the seats back, or leaves the queue for them."""
        ticket, self._ticket, self._when_seated = self._ticket, None, None
        if ticket is not None:
            ticket.give_back()

    def _keep_together(self) -> None:
        """A run that leads goes slower: what stands side by side is at about the same step.

        So an edit, which acts at one step in all runs, need not wait long for the last of them.
        """
        going = [run for run in self.runs if run.alive and run.running and run.pace]
        last = min(going, key=lambda run: run.head, default=None)
        for run in going:
            lead_s = (run.head - last.head) / last.pace
            share = max(LEAST, 1.5 - lead_s / LEASH_S)
            bound = None if run is last else share * last.pace
            if bound != run.bound:
                run.bound = bound
                run.session.lead(bound)

    def _at_will(self) -> None:
        """A person has asked for something else: nothing is levelled or held back any more."""
        self._then, self._hold = None, 0.0
        self._roaming, self._until = False, None
        for run in self.runs:
            run.shown = run.bound = None

    def seek(self, k: int) -> None:
        for run in self.runs:
            run.session.seek(k)

    def frames(self, hz: float) -> None:
        """Pictures a second from now on; 0 while nobody looks."""
        self.hz = hz
        for run in self.runs:
            run.session.frames(hz)

    def set(self, name: str, value, behind: bool) -> bool:
        """Changes a live control; with the cursor behind the head on branches.

        Returns whether there are new runs.

        Raises
        ------
        Full
        """
        if not self.furthest:
            self.values[name] = value  # nothing has run yet: this is how the next runs start
        branches = []
        for run in self.runs:
            fixed = name in self.arms.get(run.arm, {})
            if fixed or (run.dotted if behind else not run.alive):
                continue
            if behind and len(self.runs) + len(branches) >= MOST:
                break
            after = run.session.set(**{name: value})
            if after is not run.session:
                branches.append((run, after))
        if behind and not branches:
            raise Full
        for run, session in branches:
            self._add(run, session)
        return bool(branches)

    # -- what they are made from ---------------------------------------------------------------

    def shown(self, k: int, following: bool) -> dict:
        """Each control's value at step `k`, of the first run."""
        if not self.runs:
            return dict(self.begun)
        session = self.runs[0].session
        if following:
            return dict(session.controls)
        found = {**self.begun, **self.arms.get(self.runs[0].arm, {})}
        for edit in session.edits:
            if edit.step < k:
                found[edit.control] = edit.new
        return found

    @property
    def recipe(self) -> Recipe:
        """The page's runs as data."""
        edits = tuple(self.runs[0].session.edits) if self.runs else ()
        return Recipe(self.entry.name, self.begun, self.seed, self.device, self.dtype, edits)


def choice(entry, asked: str | None = None) -> str | None:
    """Which methods a page opens with: all where that costs seconds, else the first."""
    if not entry.arms:
        return None
    if asked is not None:
        return asked
    if len(entry.arms) == 1 or entry.card.cost == "minutes" or len(entry.arms) > MOST:
        return next(iter(entry.arms))
    return "all"


def members(entry, arm: str | None) -> list[tuple[str, str | None, int]]:
    """(label, arm, style) of each lane for a choice of methods."""
    if arm is None:
        return [("", None, 0)]
    names = list(entry.arms)
    chosen = names[:MOST] if arm == "all" else [arm]
    return [(name, name, names.index(name) % 6) for name in chosen]
