"""A room as a fold of its events: what was said in it, in order, and nothing else.

`decide` turns a message into events or refuses it, `apply` changes the room by one event. The
journal keeps the events, so a room is the same after the program was killed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from lab.classroom import messages as m
from lab.classroom.lesson import POINTS, Lesson, checked
from lab.classroom.names import friendly, hashed, is_friendly, tidy
from lab.classroom.refusal import Refusal

SEATS = 250
TEACHER = "teacher"


class Refused(Refusal):
    """A message that may not be, here and now."""


@dataclass
class Member:
    """A student.

    Attributes
    ----------
    id : str
        Counts from 1; also the number of the student's tile.
    name : str
    hand : bool
    answers : dict
        Step to value.
    own : dict
        Step to {"controls", "curve", "value"} of the student's last own run.
    here : bool
        Whether a browser is connected; no event, and not kept.
    """

    id: str
    name: str
    hand: bool = False
    pinned: bool = False
    removed: bool = False
    answers: dict[int, Any] = field(default_factory=dict)
    own: dict[int, dict] = field(default_factory=dict)
    here: bool = False


@dataclass
class Room:
    """One lesson in one class."""

    id: str
    code: str = ""
    lesson: Lesson | None = None
    opened: float = 0.0
    ended: float = 0.0
    step: int = 0
    paused: bool = False
    locked: set[int] = field(default_factory=set)
    revealed: set[int] = field(default_factory=set)
    names: bool = False
    door: bool = True
    spotlight: list[str] = field(default_factory=list)
    members: dict[str, Member] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)  # hash to member's id, or TEACHER
    teacher_code: str = ""  # hashed
    running: bool = False
    cells: dict[int, dict[int, float]] = field(default_factory=dict)

    # -- what there is ---------------------------------------------------------------------------

    @property
    def now(self):
        """The step that the class is at."""
        return self.lesson.steps[self.step]

    @property
    def asked(self) -> int:
        """The step whose answers count now: in a reveal those of its question."""
        return self.lesson.question(self.step) if self.now.kind == "reveal" else self.step

    @property
    def students(self) -> list[Member]:
        """Those who are in the room, by number."""
        return [one for one in self.members.values() if not one.removed]

    def cell(self, member: str, step: int) -> int | None:
        """The cell of the class's picture that a student owns."""
        cells = self.lesson.steps[step].cells
        return None if cells is None else (int(member) - 1) % cells.size

    # -- messages --------------------------------------------------------------------------------

    def decide(self, who: str, message: m.Message) -> list[dict]:
        """The events that a message asks for.

        Parameters
        ----------
        who : str
            A student's id, or TEACHER.

        Raises
        ------
        Refused
        """
        if self.ended:
            raise Refused("This lesson is over.")
        if isinstance(message, m.STUDENT):
            if who == TEACHER:
                raise Refused("Only students answer.")
            return self._student(self.members[who], message)
        if not isinstance(message, m.TEACHER):
            raise Refused("You are in already.")
        if who != TEACHER:
            raise Refused("Only the teacher can do that.")
        return self._teacher(message)

    def joins(self, name: str, token: str) -> list[dict]:
        """The events of a student who comes in.

        Raises
        ------
        Refused
        """
        if self.ended:
            raise Refused("This lesson is over.")
        if not self.door:
            raise Refused("The door of this room is closed. Ask your teacher.")
        if len(self.students) >= SEATS:
            raise Refused(f"This room is full: it has {SEATS} seats.")
        taken = {one.name for one in self.students}
        name = tidy(name)
        if not name or (name in taken and is_friendly(name)):
            name = friendly(taken)
        return [{"did": "joined", "member": str(len(self.members) + 1), "name": name,
                 "token": hashed(token)}]  # fmt: skip

    def _student(self, one: Member, message) -> list[dict]:
        if one.removed:
            raise Refused("The teacher has sent you out of this room.")
        if isinstance(message, m.Hand):
            return [{"did": "hand", "member": one.id, "up": message.up}]
        if self.paused:
            raise Refused("Paused: eyes up.")
        if message.step != self.step:
            raise Refused("The class is at another question now.")
        if isinstance(message, m.Answer):
            if not self.now.asks:
                raise Refused("There is no question here.")
            if self.step in self.locked:
                raise Refused("Answers are closed.")
            value = fitting(self.now, message.value)
            return [{"did": "answered", "member": one.id, "step": self.step, "value": value}]
        if self.now.kind != "explore" or self.step in self.locked:
            raise Refused("Own runs are not free now.")
        return []  # the run itself is made by the hub

    def _teacher(self, message) -> list[dict]:
        if isinstance(message, m.Go):
            if not 0 <= message.step < len(self.lesson.steps):
                raise Refused(f"This lesson has {len(self.lesson.steps)} steps.")
            return [{"did": "went", "step": message.step}]
        if isinstance(message, m.Pause):
            return [{"did": "paused", "on": message.on}]
        if isinstance(message, m.Lock):
            return [{"did": "locked", "step": self.step, "on": message.on}]
        if isinstance(message, m.Run):
            if self.lesson.about_run(self.step) is None:
                raise Refused("Nothing runs in this step.")
            if message.do in ("slower", "faster", "end"):
                return []
            return [{"did": "ran", "on": message.do != "stop"}]
        if isinstance(message, m.Names):
            return [{"did": "names", "on": message.on}]
        if isinstance(message, m.Door):
            return [{"did": "door", "open": message.open}]
        if isinstance(message, m.Complete) and self.now.cells is None:
            raise Refused("There is no picture to complete here.")
        if isinstance(message, (m.Complete, m.Export, m.Notes)):
            return []
        if isinstance(message, m.End):
            return [{"did": "ended", "at": time.time()}]
        named = message.members if isinstance(message, m.Spotlight) else [message.member]
        for member in named:
            if member not in self.members:
                raise Refused("There is no such student.")
        if isinstance(message, m.Spotlight):
            return [{"did": "spotlight", "members": message.members}]
        if isinstance(message, m.Rename):
            taken = {one.name for one in self.students}
            name = tidy(message.name) or friendly(taken)
            return [{"did": "renamed", "member": message.member, "name": name}]
        if isinstance(message, m.Pin):
            return [{"did": "pinned", "member": message.member, "on": message.on}]
        return [{"did": "removed", "member": message.member}]

    # -- events ----------------------------------------------------------------------------------

    def apply(self, event: dict) -> None:
        """Changes the room as the event says."""
        getattr(self, f"_{event['did']}")(event)

    def _opened(self, event) -> None:
        self.code, self.opened = event["code"], event["at"]
        self.lesson = checked(event["lesson"])
        self.teacher_code = event["teacher_code"]
        self.tokens[event["token"]] = TEACHER

    def _taught(self, event) -> None:
        self.tokens[event["token"]] = TEACHER

    def _joined(self, event) -> None:
        self.members[event["member"]] = Member(event["member"], event["name"])
        self.tokens[event["token"]] = event["member"]

    def _answered(self, event) -> None:
        self.members[event["member"]].answers[event["step"]] = event["value"]

    def _tried(self, event) -> None:
        self.members[event["member"]].own[event["step"]] = event["run"]
        if event.get("cell") is not None:
            self._filled({**event, "value": event["run"]["value"]})

    def _filled(self, event) -> None:
        self.cells.setdefault(event["step"], {})[event["cell"]] = event["value"]

    def _hand(self, event) -> None:
        self.members[event["member"]].hand = event["up"]

    def _went(self, event) -> None:
        self.step, self.paused, self.spotlight = event["step"], False, []
        self.running = self.now.kind == "reveal"
        if self.now.kind == "reveal":
            self.locked.add(self.asked)
            self.revealed.add(self.asked)

    def _paused(self, event) -> None:
        self.paused = event["on"]

    def _locked(self, event) -> None:
        (self.locked.add if event["on"] else self.locked.discard)(event["step"])

    def _ran(self, event) -> None:
        self.running = event["on"]

    def _names(self, event) -> None:
        self.names = event["on"]

    def _door(self, event) -> None:
        self.door = event["open"]

    def _renamed(self, event) -> None:
        self.members[event["member"]].name = event["name"]

    def _removed(self, event) -> None:
        one = self.members[event["member"]]
        one.removed, one.here = True, False
        self.spotlight = [s for s in self.spotlight if s != one.id]

    def _pinned(self, event) -> None:
        self.members[event["member"]].pinned = event["on"]

    def _spotlight(self, event) -> None:
        self.spotlight = event["members"]

    def _ended(self, event) -> None:
        self.ended, self.running = event["at"], False


def fitting(step, value) -> Any:
    """An answer as its question takes it.

    Raises
    ------
    Refused
    """
    if step.kind == "ask" or step.shape == "choice":
        choices = len(step.choices) if step.kind == "ask" else len(step.runs.arms)
        if not isinstance(value, float) or value != int(value) or not 0 <= value < choices:
            raise Refused("Choose one of the answers.")
        return int(value)
    runs = step.runs
    if step.shape == "curve":
        if not isinstance(value, list) or len(value) != POINTS:
            raise Refused(f"A curve has {POINTS} values.")
        return [_within(v, runs.low, runs.high) for v in value]
    if step.shape == "point":
        if not isinstance(value, list) or len(value) != 2:
            raise Refused("A point has two numbers.")
        return [_within(value[0], 0, runs.steps), _within(value[1], runs.low, runs.high)]
    if isinstance(value, list):
        raise Refused("One number is asked for.")
    return _within(value, 0 if step.shape == "step" else runs.low,
                   runs.steps if step.shape == "step" else runs.high)  # fmt: skip


def _within(value: float, low: float, high: float) -> float:
    return float(f"{min(max(value, low), high):.6g}")  # small ones count on a logarithmic axis
