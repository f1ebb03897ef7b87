"""The runs that a page shows side by side: the arms from one start, and branches of them."""

from __future__ import annotations

from collections import deque
from threading import Lock

from lab.engine.status import Status

MOST = 4  # runs on one page; a visitor holds no more


class Run:
    """One lane: a session in a worker, and the frames that wait for the page.

    Parameters
    ----------
    session : RemoteSession
    label : str
        The method's name; "run" where there are no arms.
    arm : str or None
    style : int
        Which of the six series styles it has; a branch keeps its method's.
    dotted : bool
        Whether it is a branch.
    wake : callable
        Called on any thread when something new has come.
    """

    def __init__(self, session, label, arm, style, dotted, wake):
        self.session, self.label, self.arm = session, label, arm
        self.style, self.dotted = style, dotted
        self.slow = False  # steps are given out one by one: running, for a person
        self._wake, self._frames, self._lock = wake, deque(), Lock()
        self._unsubscribe = session.subscribe(self._hear)

    def _hear(self, session, frame) -> None:
        with self._lock:
            self._frames.append(frame)
        self._wake()

    def take(self) -> list:
        """The frames that came since the last call, oldest first."""
        with self._lock:
            frames = list(self._frames)
            self._frames.clear()
        return frames

    def close(self) -> None:
        self._unsubscribe()
        self.session.close()

    # -- what words and pictures ask for --------------------------------------------------------

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
        return not Status(str(self.session.status)).ended

    @property
    def status(self):
        status = self.session.status
        if self.slow and self.alive:
            return Status.RUNNING
        return status

    @property
    def running(self) -> bool:
        return str(self.status) == Status.RUNNING

    @property
    def good(self) -> int:
        """The last step whose picture is kept."""
        ks = self.session.pictures.ks
        return ks[-1] if ks else 0


def lane_choice(entry, asked: str | None) -> str | None:
    """Which methods a page opens with: all where that costs seconds, else the first."""
    if not entry.arms:
        return None
    if asked is not None:
        return asked
    if len(entry.arms) == 1 or entry.card.cost == "minutes" or len(entry.arms) > MOST:
        return next(iter(entry.arms))
    return "all"


def members(entry, arm: str | None) -> list:
    """(label, arm, style) of each lane for a choice."""
    if arm is None:
        return [(entry.card.title, None, 0)]
    names = list(entry.arms)
    chosen = names[:MOST] if arm == "all" else [arm]
    return [(name, name, names.index(name) % 6) for name in chosen]
