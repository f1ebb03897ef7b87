"""What a lesson is: a list of steps in a TOML file, checked against the experiments it names."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lab.classroom.refusal import Refusal
from lab.engine import registry
from lab.engine.controls import ControlError, values
from lab.engine.suggest import UnknownName, unknown
from lab.store.home import StoreError, home, read_text

MOST_STEPS, MOST_BYTES = 60, 100_000
POINTS = 61  # of a curve, drawn or run
MOST_CELLS = 250
SHORT = 24  # letters of what is drawn, above a phone's picture
Text = Annotated[str, Field(max_length=600)]
Short = Annotated[str, Field(min_length=1, max_length=160)]


class LessonError(Refusal):
    """A lesson cannot be taught as it is written: where, and why."""


class Part(BaseModel):
    """Refuses names that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Runs(Part):
    """The run, or the runs side by side, that a step is about.

    Attributes
    ----------
    experiment : str
        A name of the registry.
    controls : dict
    seed : int
    arms : dict of dict
        Label to the controls that make the runs differ; none: one run.
    seeds : int
        Without arms: so many runs that differ by their seeds alone.
    quantity : str
        What is drawn; where it is a vector, its first number.
    steps : int
        How far it runs; the right edge of the picture.
    low, high : float
        Of the vertical axis; `log` makes it logarithmic.
    """

    experiment: Short
    controls: dict[str, Any] = {}
    seed: int = 0
    arms: dict[Short, dict[str, Any]] = Field(default={}, max_length=4)
    seeds: int = Field(1, ge=1, le=8)
    quantity: Short
    steps: int = Field(ge=1, le=1_000_000)
    low: float = 0.0
    high: float = 1.0
    log: bool = False

    @model_validator(mode="after")
    def _fits(self):
        if not self.low < self.high:
            raise ValueError(f"low {self.low:g} is to be below high {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError("a logarithmic axis needs low above 0")
        if self.arms and self.seeds > 1:
            raise ValueError("runs differ by arms or by seeds")
        try:
            entry = registry.entry(self.experiment)
            if entry.broken:
                raise ValueError(f"{self.experiment} is broken: {entry.broken}")
            if self.quantity not in entry.quantities:
                raise unknown("quantity", self.quantity, entry.quantities)
            for more in self.arms.values() or ({},):
                values(entry.controls, **{**self.controls, **more})
        except (UnknownName, ControlError) as error:
            raise ValueError(str(error.args[0])) from None
        return self

    def places(self) -> np.ndarray:
        """The steps at which a curve has a value, (POINTS,), from 0 to `steps`."""
        return np.linspace(0, self.steps, POINTS)

    def labels(self) -> list[str]:
        """Of the runs; one empty text where there is one run."""
        if self.seeds > 1:
            return [f"seed {self.seed + i}" for i in range(self.seeds)]
        return list(self.arms) or [""]

    @property
    def shown(self) -> str:
        """What is drawn, in a few words."""
        known = registry.entry(self.experiment).quantities[self.quantity]
        return known.text if len(known.text) <= SHORT else known.short or self.quantity

    def chosen(self, label: str, **more) -> dict:
        """The controls of the run `label`, with `more` over them."""
        return {**self.controls, **self.arms.get(label, {}), **more}

    def seed_of(self, label: str) -> int:
        """The seed of the run `label`."""
        return self.seed + (self.labels().index(label) if self.seeds > 1 else 0)


class Freed(Part):
    """A control that students may move on their own run."""

    name: Short
    low: float
    high: float
    log: bool = False
    text: str = Field("", max_length=80)

    @model_validator(mode="after")
    def _ordered(self):
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(f"{self.name}: low is to be below high, and above 0 if it is log")
        return self

    def inside(self, value: float) -> float:
        """The value, held within its bounds."""
        return min(max(value, self.low), self.high)


class Cells(Part):
    """A picture that the class computes: a cell of it for each student.

    Attributes
    ----------
    x, y : str
        Controls; `y` may be "arm", then `ys` are labels of the arms.
    xs, ys : list
        Their values.
    """

    x: Short
    y: Short
    xs: list[float] = Field(min_length=2, max_length=16)
    ys: list[float | Short] = Field(min_length=2, max_length=16)

    @property
    def size(self) -> int:
        """How many cells there are."""
        return len(self.xs) * len(self.ys)

    def controls(self, cell: int, runs: Runs) -> dict[str, Any]:
        """The controls of cell 0 .. size - 1, counted row by row."""
        row, column = divmod(cell, len(self.xs))
        y = self.ys[row]
        return {self.x: self.xs[column], **(runs.arms[y] if self.y == "arm" else {self.y: y})}


class Step(Part):
    """Something that the whole class does.

    Attributes
    ----------
    kind : str
        show (a text), ask (choose an answer; nothing is run), predict (about a run that nobody
        has seen), run (the run goes, live, over nothing), reveal (the run beside the predictions
        of the last predict), explore (everybody runs their own), discuss (a question to talk
        about).
    title, text : str
        What everybody reads.
    notes, ask, wrong : str
        For the teacher alone: what to do, what to ask the class, what students will answer wrongly.
    minutes : float
        That it takes; 0: not said.
    shape : str, of predict
        curve (drawn), step (where something happens), choice (of `choices`), number (between
        `low` and `high` of the runs), point (step and value).
    truth : str, of predict
        For shape "step": the rule "above 0.95" or "below 0.1" that the run is asked for. For
        shapes "number" and "choice" the run's last value and the arm with the best one.
    """

    kind: Literal["show", "ask", "predict", "run", "reveal", "explore", "discuss"]
    title: Short
    text: Text = ""
    notes: Text = ""
    ask: Text = ""
    wrong: Text = ""
    minutes: float = Field(0, ge=0, le=180)
    choices: list[Short] = Field(default=[], max_length=6)
    shape: Literal["", "curve", "step", "choice", "number", "point"] = ""
    truth: str = Field("", pattern=r"^((above|below) -?\d+(\.\d+)?)?$")
    better: Literal["less", "more"] = "less"
    runs: Runs | None = None
    free: list[Freed] = Field(default=[], max_length=3)
    cells: Cells | None = None

    @model_validator(mode="after")
    def _whole(self):
        if self.kind == "predict" and not self.shape:
            raise ValueError("a predict step says its shape")
        if self.kind != "predict" and (self.shape or self.truth):
            raise ValueError("shape and truth belong to predict")
        if self.kind in ("predict", "run", "explore") and self.runs is None:
            raise ValueError(f"{self.kind} needs [step.runs]")
        if self.kind == "ask" and len(self.choices) < 2:
            raise ValueError("ask needs two choices or more")
        if self.shape == "choice" and len(self.runs.arms) < 2:
            raise ValueError("a choice is between arms: two or more in [step.runs.arms]")
        if self.shape in ("step", "point") and not self.truth:
            raise ValueError(f'{self.shape} needs truth = "above 0.95" or "below ..."')
        if self.kind == "explore":
            self._explores()
        return self

    def _explores(self):
        entry = registry.entry(self.runs.experiment)
        for freed in self.free:
            if freed.name not in entry.controls:
                raise ValueError(str(unknown("control", freed.name, entry.controls).args[0]))
            if entry.controls[freed.name].kind not in ("number", "integer"):
                raise ValueError(f"{freed.name} is no number")
        cells = self.cells
        if cells is None:
            if not self.free:
                raise ValueError("explore frees a control or has cells")
            return
        if cells.size > MOST_CELLS:
            raise ValueError(f"a picture has {MOST_CELLS} cells at most")
        try:
            for cell in range(cells.size):
                values(entry.controls, **{**self.runs.controls, **cells.controls(cell, self.runs)})
        except (KeyError, ControlError) as error:  # an arm or a control that is not there
            raise ValueError(str(error.args[0])) from None

    @property
    def asks(self) -> bool:
        """Whether students answer it."""
        return self.kind in ("ask", "predict")


class Lesson(Part):
    """A title, how many minutes it takes, and its steps."""

    title: Short
    minutes: int = Field(20, ge=1, le=180)
    about: Text = ""
    steps: list[Step] = Field(min_length=1, max_length=MOST_STEPS)

    @model_validator(mode="after")
    def _in_time(self):
        said = sum(step.minutes for step in self.steps)
        if said > self.minutes:
            raise ValueError(f"its steps take {said:g} minutes, it has {self.minutes}")
        return self

    @model_validator(mode="after")
    def _revealed(self):
        for i, step in enumerate(self.steps):
            if step.kind == "reveal" and self.question(i) is None:
                raise ValueError(f"step {i + 1}: a reveal comes after a predict")
        return self

    def question(self, i: int) -> int | None:
        """The predict step that step `i` is about: itself, or the last before it."""
        for j in range(i, -1, -1):
            if self.steps[j].kind == "predict":
                return j
        return None

    def about_run(self, i: int) -> int | None:
        """The step whose run step `i` shows, or None."""
        if self.steps[i].kind == "reveal":
            return self.question(i)
        return i if self.steps[i].runs is not None else None


def parsed(text: str) -> Lesson:
    """A lesson from the text of a TOML file.

    Raises
    ------
    LessonError
        In one line: what is wrong, and in which step.
    """
    if len(text.encode()) > MOST_BYTES:
        raise LessonError(f"a lesson has {MOST_BYTES // 1000} kB at most")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LessonError(f"no TOML: {error}") from None
    raw["steps"] = raw.pop("step", [])
    return checked(raw)


def checked(raw: dict) -> Lesson:
    """A lesson from plain data.

    Raises
    ------
    LessonError
    """
    try:
        return Lesson.model_validate(raw)
    except ValidationError as error:
        raise LessonError(_told(error.errors()[0])) from None


def _told(error: dict) -> str:
    """The first of pydantic's complaints as a line."""
    where = list(error["loc"])
    said = error["msg"].removeprefix("Value error, ")
    place = []
    if where[:1] == ["steps"] and len(where) > 1:
        place.append(f"step {where[1] + 1}")
        where = where[2:]
    place += [".".join(map(str, where))] if where else []
    return ": ".join([*place, said])


def folders() -> list[Path]:
    """Where lessons are found: the reader's own, then the shipped ones."""
    return [home() / "lessons", Path(__file__).parent / "lessons"]


def shelf() -> dict[str, Path]:
    """Lessons by name."""
    found = {}
    for folder in folders():
        for path in sorted(folder.glob("*.toml")):
            found.setdefault(path.stem, path)
    return found


def read(name: str) -> Lesson:
    """A lesson of the shelf, or of a file named by its path.

    Raises
    ------
    LessonError
    """
    known = shelf()
    path = known.get(name) or (Path(name) if name.endswith(".toml") else None)
    if path is None:
        raise LessonError(str(unknown("lesson", name, known).args[0]))
    try:
        return parsed(read_text(path, MOST_BYTES))
    except StoreError as error:
        raise LessonError(str(error)) from None
    except LessonError as error:
        raise LessonError(f"{path.name}: {error}") from None


def for_experiment(name: str) -> Lesson:
    """A lesson of one experiment that was not written beforehand: predict, reveal, explore.

    Raises
    ------
    LessonError
        The experiment is not there, or has no number that a curve could show.
    """
    try:
        entry = registry.entry(name)
    except UnknownName as error:
        raise LessonError(str(error.args[0])) from None
    if entry.broken:
        raise LessonError(f"{name} is broken: {entry.broken}")
    quantity = next(iter(entry.quantities))
    spec = entry.quantities[quantity]
    runs = {"experiment": entry.name, "quantity": quantity, "steps": min(entry.max_steps, 1000),
            "log": spec.log, "low": 1e-8 if spec.log else 0.0, "high": 1.0}  # fmt: skip
    if len(entry.arms) > 1:
        runs["arms"] = {label: dict(more) for label, more in list(entry.arms.items())[:4]}
    free = [
        {"name": c.name, "low": c.bounds[0], "high": c.bounds[1], "log": c.log, "text": c.doc[:80]}
        for c in entry.controls.values()
        if c.kind == "number" and None not in c.bounds
    ][:1]
    steps = [
        {"kind": "predict", "title": entry.card.question[:160], "shape": "curve", "runs": runs,
         "text": f"Draw: {spec.text}, step by step."},
        {"kind": "reveal", "title": (entry.card.answer or "The run")[:160],
         "text": entry.card.why[:600]},
    ]  # fmt: skip
    if free:
        steps.append(
            {"kind": "explore", "title": "Now your own run", "runs": {**runs, "arms": {}},
             "free": free}
        )  # fmt: skip
    return checked({"title": entry.card.title, "steps": steps})
