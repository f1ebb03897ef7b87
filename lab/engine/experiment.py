"""The contract: what an author writes for one paper's phenomenon.

An experiment is a class that is never made into an object. Its methods are static: they get the
state, what was prepared (`given`), a snapshot of the controls, and keyed randomness, and return
new state or numbers. CONTRIBUTING tells the whole contract; here stand its declarations.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import param

from lab.engine import controls as _controls
from lab.engine.suggest import unknown

METHODS = ("init", "step", "observe", "assess", "picture", "done", "stage", "noise")
REQUIRED = ("init", "step", "observe")
NOT_INPUTS = ("c", "rng", "backend")
RESERVED = ("arm", "seed", "k", "status", "steps", "seconds")


class ContractError(TypeError):
    """An experiment's declarations do not fit together; the message says what to change."""


@dataclass(frozen=True)
class Card:
    """What the gallery, the page's head and the documentation say.

    Parameters
    ----------
    title : str
        A few words.
    question : str
        What a person sees first, as a question.
    answer : str
        One sentence under the question.
    why : str
        At most 60 words below the pictures.
    papers : tuple of str
        Slugs in lab/papers.toml.
    equations : tuple of str
        LaTeX.
    tags : tuple of str
    cost : {"seconds", "minutes"}
        Until the picture shows its point, on two cores.
    formerly : tuple of str
        Old names, so that old links go on working.
    """

    title: str
    question: str
    answer: str = ""
    why: str = ""
    papers: tuple[str, ...] = ()
    equations: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    cost: str = "seconds"
    formerly: tuple[str, ...] = ()

    def __post_init__(self):
        for name in ("papers", "equations", "tags", "formerly"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.cost not in ("seconds", "minutes"):
            raise ContractError(f"card: cost is seconds or minutes; not {self.cost!r}")
        if len(self.why.split()) > 60:
            raise ContractError(f"card: why has {len(self.why.split())} words; 60 at most")


@dataclass(frozen=True)
class Quantity:
    """An observed name.

    Parameters
    ----------
    text : str
        What it is, for titles and tables.
    log : bool
        Usually drawn on a logarithmic axis.
    better : {"less", "more"} or None
    dim : str or None
        For a vector (at most 256 long): the name of its dimension.
    unit : str
    short : str
        What it is called beside a curve when `text` is too long there.
    """

    text: str
    log: bool = False
    better: str | None = None
    dim: str | None = None
    unit: str = ""
    short: str = ""


class Preset:
    """A sentence ("Turn by a quarter, watch Picard return") and the controls that it sets."""

    def __init__(self, sentence: str, **values):
        self.sentence, self.values = sentence, values

    def __repr__(self):
        return f"Preset({self.sentence!r}, {self.values})"


@dataclass(frozen=True)
class Given:
    """Something made once, frozen, cached and shared: data, a trained network, an exact answer.

    Made by the decorator `given`, or `given(run=..., take=...)` for another experiment's run.
    """

    by: tuple[str, ...] = ()
    when: str = "run"
    make: Callable | None = None
    run: str | None = None
    controls: Any = None
    steps: int | None = None
    take: tuple[str, ...] = ()
    name: str = ""

    def __call__(self, function: Callable) -> Given:
        return Given(self.by, self.when, function, name=function.__name__)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of other givens that this one asks for."""
        if self.make is None:
            return ()
        names = inspect.signature(self.make).parameters
        return tuple(n for n in names if n not in NOT_INPUTS)


def given(
    by=(), *, when: str = "run", run: str | None = None, controls=None, steps=None, take=()
) -> Given:
    """Declares something that is made once for (controls in `by`, seed, code) and then shared.

    Used as a decorator on `name(c, rng, backend, ...)`; further parameters name other givens.
    `when="claim"` makes it only for studies and claims (a costly reference).

    `given(run="train-mlp", controls={"width": "hidden"}, steps=400, take=("weights",))` takes
    parts of the last state of another experiment's run instead; `controls` says which of that
    experiment's controls follow which of ours (text) or stay at a value (anything else), and
    those of ours become part of the key.
    """
    if when not in ("run", "claim"):
        raise ContractError(f"given: when is run or claim; not {when!r}")
    by = (by,) if isinstance(by, str) else tuple(by)
    return Given(by, when, None, run, controls, steps, tuple(take))


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).replace("_", "-").lower()


class Experiment(param.Parameterized):
    """Base of every experiment. See CONTRIBUTING for the contract.

    Class attributes that an author may set: `card`, `arms`, `presets`, `quantities`, `axes`,
    `events`, `stages`, `views`, `studies`, `claims`, `every` (recording stride in steps),
    `max_steps`, `dtype`, `blowup` (a quantity beyond it ends the run as diverged).
    """

    card: Card = None  # type: ignore[assignment]  # every experiment has its own
    arms: dict = {}
    presets: dict = {}
    quantities: dict = {}
    axes: tuple = ()
    events: dict = {}
    stages: dict = {}
    views: list = []
    studies: dict = {}
    claims: list = []
    every: int = 1
    max_steps: int = 100_000
    dtype: str = "float32"
    blowup: float = 1e12
    givens: dict[str, Given] = {}

    done = assess = stage = noise = picture = None

    def __new__(cls, *args, **keywords):
        raise TypeError(
            f"{cls.__name__} is a declaration and has no object: lab.Session({cls.__name__})"
        )

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        if any(issubclass(b, Experiment) and b is not Experiment for b in cls.__bases__):
            raise ContractError(f"{cls.__name__}: an experiment is final; share code through core")
        givens = {}
        for name, value in list(vars(cls).items()):
            if isinstance(value, FunctionType) and not name.startswith("__"):
                type.__setattr__(cls, name, staticmethod(value))
            elif isinstance(value, Given):
                givens[name] = Given(**{**vars(value), "name": name})
                type.__setattr__(cls, name, None)
        type.__setattr__(cls, "givens", givens)

    # -- names ---------------------------------------------------------------------------------

    @classmethod
    def slug(cls) -> str:
        """The name in links and on the command line."""
        parts = cls.__module__.split(".")
        if "experiments" in parts[:-1] and parts[0] == "lab":
            return _kebab(parts[-1])
        return cls.__name__

    @classmethod
    def family(cls) -> str:
        """The folder's name; "your-own" outside a folder of experiments."""
        parts = cls.__module__.split(".")
        if parts[0] == "lab" and "experiments" in parts[:-2]:
            return _kebab(parts[-2])
        return "your-own"

    # -- declarations read by the rest ---------------------------------------------------------

    @classmethod
    def controls(cls) -> dict[str, _controls.ControlSpec]:
        """The controls by name, in the order of declaration."""
        return _controls.declared(cls)

    @classmethod
    def batchable(cls) -> bool:
        """Whether many runs may be stepped as lanes of one batch: what a step draws is declared,
        and nothing is asked of single runs on the way.
        """
        return cls.noise is not None and cls.stage is None and cls.assess is None

    @classmethod
    def controls_for(cls, arm: str | None = None, preset: str | None = None, **values) -> dict:
        """Every control's value: defaults, then the preset, the arm, the values given."""
        chosen = {}
        if preset and preset != "default":
            if preset not in cls.presets:
                raise unknown("preset", preset, ["default", *cls.presets])
            chosen.update(cls.presets[preset].values)
        if arm is not None:
            if arm not in cls.arms:
                raise unknown("arm", arm, cls.arms)
            chosen.update(cls.arms[arm])
        chosen.update(values)
        return _controls.values(cls.controls(), **chosen)

    @classmethod
    def quantity(cls, name: str) -> Quantity:
        return cls.quantities.get(name) or Quantity(name)

    @classmethod
    def measure(cls) -> str:
        """The race's measure: the first quantity."""
        return next(iter(cls.quantities), "")


def problems(experiment) -> list[str]:
    """What does not fit together in an experiment's declarations; empty when all does."""
    from lab.engine.claim import Grid
    from lab.engine.rules import rule

    found = []
    name = experiment.__name__
    controls = experiment.controls()

    def tell(text):
        found.append(f"{name}: {text}")

    for method in REQUIRED:
        if not callable(getattr(experiment, method, None)):
            tell(f"{method}() is missing")
    if not isinstance(experiment.card, Card):
        tell("card = Card(...) is missing")
    for kind, entries in (("arm", experiment.arms), ("preset", experiment.presets)):
        for label, entry in entries.items():
            try:
                experiment.controls_for(**{kind: label})
            except (ValueError, KeyError, AttributeError) as error:
                tell(f"{kind} {label!r}: {error}")
            del entry
    if not experiment.quantities:
        tell("quantities is empty: every observed name is declared there")
    for axis in experiment.axes:
        if axis not in experiment.quantities:
            tell(str(unknown("quantity for the axis", axis, experiment.quantities)))
    for event, when in experiment.events.items():
        try:
            missing = set(rule(when).names) - set(experiment.quantities) - {"k"}
            if missing:
                tell(f"event {event!r} reads {', '.join(missing)}, which is no quantity")
        except ValueError as error:
            tell(f"event {event!r}: {error}")
    for taken in (*controls, *experiment.quantities):
        if taken in RESERVED:
            tell(f"{taken!r} is a name of every study's dataset; take another one")
    for g in experiment.givens.values():
        for control in g.by:
            if control in controls and controls[control].live:
                tell(f"given {g.name} depends on {control}, which is live: it is made only once")
            if control not in controls:
                tell(f"given {g.name}: {unknown('control', control, controls)}")
        for other in g.inputs:
            if other not in experiment.givens:
                tell(f"given {g.name}: {unknown('given', other, experiment.givens)}")
    for view in experiment.views:
        if view.of is not None and view.of not in experiment.studies:
            tell(f"view {view.kind}: {unknown('study', view.of, experiment.studies)}")
        if view.of is None:
            for source in view.sources:
                if not source.startswith("pic.") and source not in experiment.quantities:
                    tell(f"view {view.kind}: {unknown('quantity', source, experiment.quantities)}")
            if any(n.startswith("pic.") for n in view.names()) and experiment.picture is None:
                tell(f"view {view.kind} draws a picture, but picture() is missing")
    for claim in experiment.claims:
        grid = claim.runs
        if isinstance(grid, str):
            if grid not in experiment.studies:
                tell(f"claim {claim.id}: {unknown('study', grid, experiment.studies)}")
                continue
            grid = experiment.studies[grid]
        if not isinstance(grid, Grid):
            tell(f"claim {claim.id}: runs is a Grid or the name of a study")
            continue
        for axis in {**grid.over, **grid.set, **claim.control.set, **(claim.control.over or {})}:
            if axis != "arm" and axis not in controls:
                tell(f"claim {claim.id}: {unknown('control', axis, controls)}")
    ids = [claim.id for claim in experiment.claims]
    if len(set(ids)) != len(ids):
        tell("two claims share an id")
    return found
