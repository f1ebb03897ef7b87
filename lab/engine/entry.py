"""An experiment as plain data: everything that lists, pages and links need, without the class.

An `Entry` is made from a class once, in a process that may import torch, and read from JSON
everywhere else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from lab.engine import views as _views
from lab.engine.claim import Claim, Grid, Share
from lab.engine.controls import ControlSpec, values
from lab.engine.experiment import Card, Preset, Quantity
from lab.engine.rules import rule
from lab.engine.suggest import unknown
from lab.engine.typed import source_text


@dataclass(frozen=True)
class GridSpec:
    """A grid of runs; `arm: "all"` is written out, `stop` is the rule's text."""

    over: dict[str, list] = field(default_factory=dict)
    seeds: int = 1
    set: dict[str, Any] = field(default_factory=dict)
    stop: str = "finished"
    keep: str = "end"

    @property
    def runs(self) -> int:
        """How many runs it asks for."""
        return self.seeds * math.prod(len(axis) for axis in self.over.values())


@dataclass(frozen=True)
class CheckSpec:
    """One sentence of a claim; `low` or `high` is None where the range is open.

    Of a share of the seeds they bound the share, and `each` is what a seed must meet.
    """

    id: str
    label: str
    low: float | None
    high: float | None
    over: str = "mean"
    main: bool = True
    each: tuple[float | None, float | None] | None = None


@dataclass(frozen=True)
class ClaimSpec:
    """A claim without its functions."""

    id: str
    text: str
    source: str
    tier: str
    expected: str
    why: str
    timed: bool
    runs: GridSpec
    checks: tuple[CheckSpec, ...]
    control: dict[str, Any]
    breaks: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """An experiment of the registry.

    Attributes
    ----------
    name, family : str
    card : Card
    controls : dict of ControlSpec
    arms : dict
        Label -> {control: value}.
    presets : dict of Preset
    quantities : dict of Quantity
    axes : tuple of str
    events, stages : dict of str
        Rule texts; captions.
    views : tuple of View
    studies : dict of GridSpec
    claims : tuple of ClaimSpec
    every, max_steps : int
    dtype : str
    batchable : bool
    code : str
        The source text of the class.
    path : str
        Its file; empty for a class typed in a notebook.
    source : str
        "module:Class" or "path.py:Class"; empty for a class that only this process knows.
    hash : str
        Of the code (12 hexadecimal digits).
    broken : str
        Why the file does not import ("file.py, line 12: NameError: ..."); empty when it does.
    """

    name: str
    family: str
    card: Card
    controls: dict[str, ControlSpec] = field(default_factory=dict)
    arms: dict[str, dict] = field(default_factory=dict)
    presets: dict[str, Preset] = field(default_factory=dict)
    quantities: dict[str, Quantity] = field(default_factory=dict)
    axes: tuple[str, ...] = ()
    events: dict[str, str] = field(default_factory=dict)
    stages: dict[str, str] = field(default_factory=dict)
    views: tuple[_views.View, ...] = ()
    studies: dict[str, GridSpec] = field(default_factory=dict)
    claims: tuple[ClaimSpec, ...] = ()
    every: int = 1
    max_steps: int = 0
    dtype: str = "float32"
    batchable: bool = False
    code: str = ""
    path: str = ""
    source: str = ""
    hash: str = ""
    broken: str = ""

    @property
    def measure(self) -> str:
        """The race's measure: the first quantity."""
        return next(iter(self.quantities), "")

    def claim(self, id: str) -> ClaimSpec:
        """The claim of that id.

        Raises
        ------
        UnknownName
        """
        for claim in self.claims:
            if claim.id == id:
                return claim
        raise unknown(f"claim of {self.name}", id, [claim.id for claim in self.claims])

    def controls_for(self, arm: str | None = None, preset: str | None = None, **chosen) -> dict:
        """Every control's value: defaults, then the preset, the arm, the values given.

        Raises
        ------
        UnknownName, ControlError
        """
        found = {}
        if preset and preset != "default":
            if preset not in self.presets:
                raise unknown("preset", preset, ["default", *self.presets])
            found.update(self.presets[preset].values)
        if arm is not None:
            if arm not in self.arms:
                raise unknown("arm", arm, self.arms)
            found.update(self.arms[arm])
        return values(self.controls, **{**found, **chosen})

    # -- JSON ----------------------------------------------------------------------------------

    def plain(self) -> dict:
        """The entry as JSON's own types."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        found["card"] = asdict(self.card)
        found["controls"] = [asdict(spec) for spec in self.controls.values()]
        found["presets"] = {
            label: {"sentence": preset.sentence, "values": preset.values}
            for label, preset in self.presets.items()
        }
        for name in ("quantities", "studies"):
            found[name] = {label: asdict(value) for label, value in found[name].items()}
        found["views"] = [
            {"kind": type(view).__name__, **{f.name: getattr(view, f.name) for f in fields(view)}}
            for view in self.views
        ]
        found["claims"] = [asdict(claim) for claim in self.claims]
        return plain(found)

    @classmethod
    def from_plain(cls, data: dict) -> Entry:
        """The entry that `plain` wrote."""
        data = dict(data)
        data["card"] = Card(**data["card"])
        data["controls"] = {spec["name"]: _control(spec) for spec in data["controls"]}
        data["presets"] = {
            label: Preset(preset["sentence"], **preset["values"])
            for label, preset in data["presets"].items()
        }
        data["quantities"] = {n: Quantity(**q) for n, q in data["quantities"].items()}
        data["studies"] = {n: GridSpec(**grid) for n, grid in data["studies"].items()}
        data["views"] = tuple(_view(view) for view in data["views"])
        data["claims"] = tuple(_claim(claim) for claim in data["claims"])
        data["axes"] = tuple(data["axes"])
        return cls(**data)


def describe(experiment, *, path: str = "", source: str = "", hash: str = "") -> Entry:
    """The entry of an experiment class."""
    code = source_text(experiment)
    return Entry(
        name=experiment.slug(),
        family=experiment.family(),
        card=experiment.card,
        controls=experiment.controls(),
        arms={label: dict(arm) for label, arm in experiment.arms.items()},
        presets=dict(experiment.presets),
        quantities=dict(experiment.quantities),
        axes=tuple(experiment.axes),
        events={name: rule(when).text for name, when in experiment.events.items()},
        stages=dict(experiment.stages),
        views=tuple(experiment.views),
        studies={name: _grid_spec(experiment, g) for name, g in experiment.studies.items()},
        claims=tuple(_claim_spec(experiment, claim) for claim in experiment.claims),
        every=experiment.every,
        max_steps=experiment.max_steps,
        dtype=experiment.dtype,
        batchable=experiment.batchable(),
        code=code,
        path=path,
        source=source,
        hash=hash,
    )


def broken_entry(name: str, family: str, path: str, told: str) -> Entry:
    """The entry of a file that does not import."""
    card = Card(title=name, question="This file does not import.", answer=told)
    return Entry(name=name, family=family, card=card, path=path, broken=told)


def plain(value):
    """`value` with tuples and arrays as lists, numpy's numbers as Python's."""
    if isinstance(value, Mapping):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple, range, set, frozenset)):
        return [plain(entry) for entry in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    return value


def _grid_spec(experiment, grid: Grid) -> GridSpec:
    over = {name: plain(axis) for name, axis in grid.over.items()}
    if over.get("arm") == "all":
        over["arm"] = list(experiment.arms)
    return GridSpec(over, grid.seeds, plain(grid.set), rule(grid.stop).text, grid.keep)


def _claim_spec(experiment, claim: Claim) -> ClaimSpec:
    runs = experiment.studies[claim.runs] if isinstance(claim.runs, str) else claim.runs
    return ClaimSpec(
        id=claim.id,
        text=claim.text,
        source=claim.source,
        tier=claim.tier,
        expected=claim.expected,
        why=claim.why,
        timed=claim.timed,
        runs=_grid_spec(experiment, runs),
        checks=tuple(_check_spec(check) for check in claim.checks),
        control=plain(claim.control.set),
        breaks=tuple(claim.control.breaks),
    )


def _check_spec(check) -> CheckSpec:
    low, high = (
        float(v) if math.isfinite(v) else None for v in (check.expect.low, check.expect.high)
    )
    label = check.label or check.id
    if isinstance(check.over, Share):
        return CheckSpec(check.id, label, check.over.least, None, "share", check.main, (low, high))
    return CheckSpec(check.id, label, low, high, check.over, check.main)


def _control(data: dict) -> ControlSpec:
    return ControlSpec(
        **{**data, "bounds": tuple(data["bounds"]), "objects": tuple(data["objects"])}
    )


def _claim(data: dict) -> ClaimSpec:
    data = {**data, "runs": GridSpec(**data["runs"]), "breaks": tuple(data["breaks"])}
    data["checks"] = tuple(
        CheckSpec(**{**check, "each": check["each"] and tuple(check["each"])})
        for check in data["checks"]
    )
    return ClaimSpec(**data)


def _view(data: dict) -> _views.View:
    kinds = {kind.__name__: kind for kind in _views.KINDS}
    options = {name: value for name, value in data.items() if name not in ("kind", "sources")}
    return kinds[data["kind"]](*data["sources"], **options)
