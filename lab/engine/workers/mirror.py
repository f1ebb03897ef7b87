"""The page's copy of what a session recorded, fed by frames."""

from __future__ import annotations

from lab.engine.pictures import Pictures
from lab.engine.trace import Trace
from lab.engine.workers.messages import Frame


class Mirror:
    """A trace and pictures that grow frame by frame.

    Parameters
    ----------
    every : int
        The experiment's recording stride.
    """

    def __init__(self, every: int = 1):
        self.every = every
        self.trace, self.pictures = Trace(), Pictures(every)
        self.live: tuple[int, dict] | None = None

    def take(self, frame: Frame) -> None:
        """Adds what the frame brings."""
        trace = self.trace
        if frame.rows is not None:
            trace.extend(frame.rows)
        if frame.assessed is not None:
            if trace.assessed is None:
                trace.assessed = Trace()
            trace.assessed.extend(frame.assessed)
        trace.stages.extend(frame.stages)
        trace.events.update(frame.events)
        self.pictures.match(frame.picture_gap)
        for k, packed in frame.pictures:
            self.pictures.add(k, packed)
        if frame.live is not None:
            self.live = (frame.head, frame.live)

    def known(self) -> dict[str, int]:
        """The last step of each kind of record; -1 where there is none."""
        trace = self.trace
        return dict(
            rows=_last(trace.k),
            assessed=_last(trace.assessed.k) if trace.assessed is not None else -1,
            pictures=_last(self.pictures.ks),
            stages=trace.stages[-1][0] if trace.stages else -1,
        )

    def until(self, k: int) -> Mirror:
        """A copy up to step `k`, for a branch."""
        copy = Mirror(self.every)
        copy.trace, copy.pictures = self.trace.until(k), self.pictures.until(k)
        return copy


def _last(steps) -> int:
    return int(steps[-1]) if len(steps) else -1
