"""The states of a run, the words for them, and what leads from one to another."""

from __future__ import annotations

from enum import StrEnum


class SessionError(ValueError):
    """A verb that does not fit the run; one line that says what does."""


class Status(StrEnum):
    """What a run is doing. Its value is the word used in JSON, links and on the page."""

    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether no further step can be taken."""
        return self in (Status.FINISHED, Status.FAILED, Status.CANCELLED)

    @property
    def hint(self) -> str:
        """What a person may do next."""
        return _HINTS[self]

    def to(self, new: Status) -> Status:
        """`new`, when it may follow this state.

        Raises
        ------
        ValueError
        """
        if new is not self and new not in _FOLLOWS[self]:
            raise ValueError(f"a run that is {self} cannot become {new}")
        return new


_HINTS = {
    Status.READY: "Run it",
    Status.RUNNING: "Pause it",
    Status.PAUSED: "Resume it, or go back to an earlier step",
    Status.FINISHED: "Start again, or branch from an earlier step",
    Status.FAILED: "Go back to the last good step, or start again",
    Status.CANCELLED: "Start again",
}

_FOLLOWS = {
    Status.READY: {Status.RUNNING, Status.PAUSED, Status.FINISHED, Status.FAILED, Status.CANCELLED},
    Status.RUNNING: {Status.PAUSED, Status.FINISHED, Status.FAILED, Status.CANCELLED},
    Status.PAUSED: {Status.READY, Status.RUNNING, Status.FINISHED, Status.FAILED, Status.CANCELLED},
    Status.FINISHED: {Status.READY, Status.PAUSED, Status.CANCELLED},
    Status.FAILED: {Status.READY, Status.PAUSED, Status.CANCELLED},
    Status.CANCELLED: {Status.READY},
}

ENDINGS = ("done", "rule", "budget", "max_steps", "diverged", "failed")
