"""What travels between a page and the workers. Plain data: the server imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lab.engine.status import Status

FRAMES_HZ = 10.0  # pictures a second: painting more takes the steps' own time on two cores


class WorkerError(RuntimeError):
    """Something asked of a worker could not be done; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Command:
    """From the page to a worker.

    Parameters
    ----------
    verb : str
        The name of a method of `Hosted` or `Host`.
    session : int
        0 where no session is meant.
    number : int
        Rises within a session; a frame says which command was the last to act on it.
    values : dict
    """

    verb: str
    session: int = 0
    number: int = 0
    values: dict = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frame:
    """From a worker to the page: what has changed in a session since the last frame.

    Attributes
    ----------
    session : int
    after : int
        The number of the last command that had acted.
    head : int
        The last computed step.
    status : Status
    ended, sentence, stage : str
    rows, assessed : dict of arrays, or None
        New rows as `Trace.extend` takes them.
    pictures : list of (step, packed picture)
        New ones among those kept for scrubbing.
    picture_gap : int
        Steps between the kept pictures.
    live : dict or None
        The packed picture of the head; None when the page has it.
    stages : list of (step, name)
        New ones.
    events : dict of str to int
        All so far.
    rate : float
        Steps a second.
    computed : float
        `time.monotonic()` when the head was computed.
    spent : float
        Seconds that the worker has worked on the steps so far; a run that is waited for, or that
        goes slower on purpose, spends none meanwhile. Another worker counts from 0 again.
    goal : int
        The step at which the worker pauses.
    until : str or None
        The rule at which it pauses.
    speed : (float, float) or None
        How fast it may go (see Pacer).
    edits : tuple of Edit, or None
        All of the run's edits, when they have changed.
    notice : str
        A sentence about a trouble that does not end the run; else "".
    """

    session: int
    after: int = 0
    head: int = 0
    status: Status = Status.READY
    ended: str = ""
    sentence: str = ""
    stage: str | None = None
    rows: dict | None = None
    assessed: dict | None = None
    pictures: list = field(default_factory=list)
    picture_gap: int = 1
    live: dict | None = None
    stages: list = field(default_factory=list)
    events: dict = field(default_factory=dict)
    rate: float = 0.0
    computed: float = 0.0
    spent: float = 0.0
    goal: int = 0
    until: str | None = None
    speed: tuple[float, float] | None = None
    edits: tuple | None = None
    notice: str = ""

    @property
    def k(self) -> int:
        """The last computed step."""
        return self.head


@dataclass(frozen=True, slots=True)
class Answer:
    """From a worker: what one command asked for, or the sentence that says why not."""

    session: int
    number: int
    value: Any = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """From a worker: its imports are done, it takes commands at once."""
