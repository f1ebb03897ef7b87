"""What a session's page has already, and what it gets next."""

from __future__ import annotations

import math
import time
from typing import Any

from lab.engine.sentence import sentence
from lab.engine.session import Session
from lab.engine.workers.messages import FRAMES_HZ, Frame

RATE_S = 0.5  # the time over which the speed is measured
EARLY = 0.25  # a beat that comes sooner than this share of a period is left out
NEVER = float("inf")
NOTHING = dict(rows=-1, assessed=-1, pictures=-1, stages=-1)


class Framer:
    """Cuts one session's news into frames, one under way at a time, the latest wins.

    Attributes
    ----------
    known : dict of str to int
        The last step that the page has of rows, assessed rows, pictures and stages.
    notice : str
        Why the picture of the head could not be drawn; else "".
    """

    def __init__(self):
        self.known = dict(NOTHING)
        self.notice = ""
        self._period, self._due, self._under_way = 1 / FRAMES_HZ, 0.0, False
        self._shown: tuple | None = None
        self._drawn: int | None = None  # the step whose picture the page has
        self._edits: tuple = ()
        self._rate, self._rate_head, self._rate_since = 0.0, 0, time.monotonic()

    def begin(self, session: Session | None, known: dict | None) -> None:
        """The page has the session up to `known`, and its edits."""
        self.known = dict(known or NOTHING)
        self.notice, self._drawn = "", None
        self._edits = tuple(session.edits) if session is not None else ()
        self._rate, self._rate_head = 0.0, session.head if session is not None else 0
        self._rate_since = time.monotonic()

    def pace(self, hz: float) -> None:
        """Frames a second from now on; 0 for none but those that tell a change of status."""
        self._period = 1 / hz if hz > 0 else NEVER
        self._due = 0.0

    def seen(self) -> None:
        """The page has taken the last frame."""
        self._under_way = False

    def due(self, session: Session | None) -> float:
        """When the next frame is due, in `time.monotonic()`; infinite when none is."""
        if self._under_way or self._period == NEVER or self._shown == progress(session):
            return NEVER
        return self._due

    def frame(
        self, session: Session, /, *, forced: bool, running: bool, live: bool, **fields: Any
    ) -> Frame:
        """The next frame.

        Parameters
        ----------
        session : Session
        forced : bool
            Not waited for, and no reason to hold back the next one.
        running : bool
        live : bool
            With the picture of the head.
        fields
            Those fields of the frame that the session does not know itself.
        """
        now = time.monotonic()
        self._shown = progress(session)
        if not forced:
            self._under_way = True
        edits = tuple(session.edits)
        changed, self._edits = edits != self._edits, edits
        frame = Frame(
            ended=session.ended,
            sentence=session.sentence,
            stage=session.stage,
            live=self._live(session) if live else None,
            rate=self._speed(session.head, now) if running else 0.0,
            edits=edits if changed else None,
            **self._news(session.drain()),
            **fields,
        )
        if not forced:
            self._due = beat(now, self._period)
        return frame

    def _news(self, drained: dict) -> dict:
        """Of what was recorded, that which the page does not have."""
        known = self.known
        news = dict(
            rows=_after(drained["rows"], known["rows"]),
            assessed=_after(drained["assessed"], known["assessed"]),
            stages=[(k, name) for k, name in drained["stages"] if k > known["stages"]],
            pictures=[(k, packed) for k, packed in drained["pictures"] if k > known["pictures"]],
            picture_gap=drained["picture_gap"],
            events=drained["events"],
        )
        for name in ("rows", "assessed"):
            if news[name] is not None:
                known[name] = int(news[name]["k"][-1])
        for name in ("stages", "pictures"):
            if news[name]:
                known[name] = news[name][-1][0]
        return news

    def _live(self, session: Session) -> dict | None:
        """The picture of the head, unless the page has it."""
        if session.head == self._drawn:
            return None
        try:
            c = session.controls_at(session.head, before=True)
            picture = session.draw(session.state, c)
            self._drawn = session.head
            return picture
        except Exception as error:
            self.notice = f"no picture: {sentence(error)}"
            return None

    def _speed(self, head: int, now: float) -> float:
        """Steps a second, over the last half second or since the start."""
        elapsed = now - self._rate_since
        speed = (head - self._rate_head) / elapsed if elapsed > 0 else 0.0
        if elapsed > RATE_S:
            self._rate, self._rate_head, self._rate_since = speed, head, now
        return self._rate or speed

    def rest(self, head: int) -> None:
        """It stands: the speed is measured anew from `head`."""
        self._rate, self._rate_head, self._rate_since = 0.0, head, time.monotonic()


def beat(now: float, period: float) -> float:
    """The next of the moments at which every worker makes its frames.

    Runs side by side are drawn in one picture: their frames come together, whoever makes them.
    """
    return period * math.ceil(now / period + EARLY) if period < NEVER else 0.0


def progress(session: Session | None) -> tuple | None:
    """What differs once there is something new to tell, or to keep safe."""
    if session is None:
        return None
    return session.head, session.status, len(session.edits)


def _after(rows: dict | None, k: int) -> dict | None:
    """The rows after step `k`, or None when there are none."""
    if rows is None or not len(rows["k"]):
        return None
    new = rows["k"] > k
    if not new.any():
        return None
    return rows if new.all() else {name: column[new] for name, column in rows.items()}
