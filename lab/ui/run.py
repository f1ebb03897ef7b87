"""One run on a page: a session, the frames of it that wait, and what pictures know of it."""

from __future__ import annotations

import time
from collections import deque
from threading import Lock

from lab.engine.status import Status
from lab.views import Lane
from lab.views.numerals import number


class Run:
    """One lane: a session in a worker (or a recording), and the frames that wait for the page.

    Parameters
    ----------
    session : RemoteSession or RecordedSession
    label : str
        The method's name; "" where there are no arms.
    arm : str or None
    style : int
        Which of the six series styles it has; a branch keeps its method's.
    dotted : bool
        Whether it is a branch.
    wake : callable
        Called on any thread when something new has come.
    past : Lane or None
        The lane that a branch leaves; its seconds up to the branch are the branch's too.

    Attributes
    ----------
    lane : Lane
        What the pictures know of it; a new one when it starts again.
    """

    def __init__(self, session, label, arm, style, dotted, wake, past: Lane | None = None):
        self.session, self.label, self.arm = session, label, arm
        self.style, self.dotted = style, dotted
        self.shown: Status | None = None  # what a person sees while it is levelled
        self.pace = 0.0  # steps a second when it last ran
        self.bound: float | None = None  # the pace that it is held to while it leads others
        self.since = 0.0  # when the first of the frames came that wait; 0 when none does
        self._wake, self._frames, self._lock = wake, deque(), Lock()
        self.lane = self._new_lane(clock_until(past, session.head) if past else [])
        self._unsubscribe = session.subscribe(self._hear)

    def _new_lane(self, clock) -> Lane:
        session = self.session
        return Lane(
            label=self.label, style=self.style, dotted=self.dotted, trace=session.trace,
            pictures=session.pictures, head=session.head, status=str(session.status),
            ended=session.ended or "", sentence=session.sentence or "",
            edits=flags(session.edits), clock=clock or list(getattr(session, "clock", ())),
            live=newest(session),
        )  # fmt: skip

    def _hear(self, session, frame) -> None:
        with self._lock:
            self._frames.append(frame)
            self.since = self.since or time.monotonic()
            self.pace = frame.rate or self.pace
        self._wake()

    @property
    def edited(self) -> bool:
        """Whether a frame that waits tells of an edit."""
        with self._lock:
            return any(frame.edits for frame in self._frames)

    def take(self) -> list:
        """The frames that came since the last call, oldest first."""
        with self._lock:
            frames, self.since = list(self._frames), 0.0
            self._frames.clear()
        if any(frame.edits is not None for frame in frames):
            self.lane.edits[:] = flags(self.session.edits)
        return frames

    def again(self) -> None:
        """From step 0 once more, same seed, the controls as they are."""
        self.session.reset()
        self.take()
        self.lane = self._new_lane([])

    def close(self) -> None:
        self._unsubscribe()
        self.session.close()

    # -- what words and pictures ask for -------------------------------------------------------

    @property
    def recorded(self) -> bool:
        """Whether it is a recording: nothing runs behind it."""
        return getattr(self.session, "recorded", False)

    @property
    def seed(self) -> int:
        return self.session.seed

    @property
    def head(self) -> int:
        return self.session.head

    @property
    def trace(self):
        return self.session.trace

    @property
    def pictures(self):
        return self.session.pictures

    @property
    def ended(self) -> str:
        return self.session.ended or ""

    @property
    def sentence(self) -> str:
        return self.session.sentence or ""

    @property
    def alive(self) -> bool:
        return not self.session.status.ended

    @property
    def status(self) -> Status:
        if self.shown is not None and self.alive and self.head:
            return self.shown
        return self.session.status

    @property
    def running(self) -> bool:
        return self.status is Status.RUNNING

    @property
    def good(self) -> int:
        """The last step whose picture is kept, else the last recorded one."""
        kept = self.session.pictures.ks
        if kept:
            return kept[-1]
        recorded = self.session.trace.k
        return int(recorded[-1]) if len(recorded) else 0


def newest(session) -> dict | None:
    """The picture of a session's head, where it has come already; it does not come again."""
    k, picture = getattr(session, "live", None) or (None, None)
    return picture if k == session.head else None


def flags(edits) -> list[tuple[int, str]]:
    """Edits as the pictures write them: (step, "anchor 1.00 → 0.50")."""
    return [(e.step, f"{e.control} {written(e.old)} \u2192 {written(e.new)}") for e in edits]


def written(value) -> str:
    """A control's value in a flag."""
    return number(value) if isinstance(value, float) else str(value)


def clock_until(lane: Lane, k: int) -> list[tuple[int, float]]:
    """A lane's seconds of running up to step `k`."""
    if len(lane.clock) < 2:
        return []
    past = [(at, spent) for at, spent in lane.clock if at < k]
    return [*past, (k, float(lane.seconds([k])[0]))]
