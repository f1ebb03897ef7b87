"""What a browser may say to the classroom. Everything else is refused with a sentence.

`docs/classroom-protocol.md` describes each message and what comes back.
"""

from __future__ import annotations

from typing import Annotated, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from lab.classroom.limits import MOST_BYTES
from lab.classroom.refusal import Refusal

NAME, CODE = 40, 6

Token = Annotated[str, Field(min_length=20, max_length=80)]
Code = Annotated[str, Field(min_length=CODE, max_length=CODE)]
Real = Annotated[float, Field(allow_inf_nan=False)]
Member = Annotated[str, Field(min_length=1, max_length=16)]


class MessageError(Refusal):
    """A message that cannot be read."""


class Message(BaseModel):
    """Refuses names that it does not know, and guesses no types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Open(Message):
    """A teacher opens a room: `lesson` of the shelf, or a lesson about one `experiment`."""

    type: Literal["open"]
    lesson: str = Field("", max_length=200)
    experiment: str = Field("", max_length=120)


class Join(Message):
    """A student comes in."""

    type: Literal["join"]
    code: Code
    name: str = Field("", max_length=NAME)


class Rejoin(Message):
    """Whoever has a token comes back to their place, student or teacher."""

    type: Literal["rejoin"]
    token: Token


class Teach(Message):
    """A second teacher comes in, by the second code."""

    type: Literal["teach"]
    code: Code
    teacher_code: str = Field(min_length=8, max_length=12)


class Watch(Message):
    """A projector, with a teacher's token: it shows and cannot act."""

    type: Literal["watch"]
    token: Token


class Answer(Message):
    """An answer to the question of `step`; `id` comes back in the receipt.

    `value` is a list of numbers (curve), a number (step, number), a whole number (choice), or two
    numbers (point).
    """

    type: Literal["answer"]
    id: int
    step: int
    value: Real | Annotated[list[Real], Field(max_length=100)]


class Try(Message):
    """A student's own run: `controls` that are free, or nothing for the own cell."""

    type: Literal["try"]
    step: int
    controls: dict[Annotated[str, Field(max_length=60)], Real] = Field(default={}, max_length=3)


class Hand(Message):
    """A hand goes up or down."""

    type: Literal["hand"]
    up: bool


class Go(Message):
    """To another step."""

    type: Literal["go"]
    step: int


class Pause(Message):
    """Eyes up: all screens rest."""

    type: Literal["pause"]
    on: bool


class Lock(Message):
    """Answers close or open again."""

    type: Literal["lock"]
    on: bool


class Run(Message):
    """The class's run starts, stops, starts again, is shown at another pace or to its end."""

    type: Literal["run"]
    do: Literal["start", "stop", "again", "slower", "faster", "end"]


class Names(Message):
    """Whether the projector shows names."""

    type: Literal["names"]
    on: bool


class Door(Message):
    """Whether others may join."""

    type: Literal["door"]
    open: bool


class Rename(Message):
    """A student gets another name; "" gives a friendly one."""

    type: Literal["rename"]
    member: Member
    name: str = Field("", max_length=NAME)


class Remove(Message):
    """A student is sent out."""

    type: Literal["remove"]
    member: Member


class Spotlight(Message):
    """At most two students' answers or runs, large, side by side; none ends it."""

    type: Literal["spotlight"]
    members: list[Member] = Field(max_length=2)


class Pin(Message):
    """A student's tile comes first, or no longer."""

    type: Literal["pin"]
    member: Member
    on: bool


class Complete(Message):
    """The cells that no student has made are made."""

    type: Literal["complete"]


class Export(Message):
    """What the class did, as a file; anonymous unless `names`."""

    type: Literal["export"]
    format: Literal["csv", "json", "notebook", "html"]
    names: bool = False


class Notes(Message):
    """The lesson's notes for teachers, as a page to print."""

    type: Literal["notes"]


class End(Message):
    """The lesson is over; its codes die. `delete` also deletes all that was said in it."""

    type: Literal["end"]
    delete: bool = False


FIRST = (Open, Join, Rejoin, Teach, Watch)
STUDENT = (Answer, Try, Hand)
TEACHER = (
    Go, Pause, Lock, Run, Names, Door, Rename, Remove, Spotlight, Pin, Complete, Export, Notes, End,
)  # fmt: skip

_ALL = TypeAdapter(
    Annotated[Union[(*FIRST, *STUDENT, *TEACHER)], Field(discriminator="type")]  # noqa: UP007
)


def read(text: str | bytes) -> Message:
    """The message that a browser sent.

    Raises
    ------
    MessageError
    """
    if len(text) > MOST_BYTES:
        raise MessageError(f"a message has {MOST_BYTES} bytes at most")
    try:
        return _ALL.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise MessageError(f"{where}: {first['msg']}" if where else first["msg"]) from None
