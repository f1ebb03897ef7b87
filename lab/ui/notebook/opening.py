"""What a cell opens on: an experiment by name or class, or a run that is there already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.engine import registry
from lab.engine.entry import Entry
from lab.engine.recipe import Edit, Recipe
from lab.engine.suggest import unknown
from lab.ui.address import Opening


@dataclass(frozen=True)
class Subject:
    """An experiment as a cell needs it.

    Attributes
    ----------
    entry : Entry
    made_from : str, Entry or class
        What a session is opened with; a class keeps its own version when a cell defines another.
    """

    entry: Entry
    made_from: Any


def subject(experiment) -> Subject:
    """The subject of a name, a class, "file.py", an Entry, a session or a race.

    Raises
    ------
    UnknownName, ExperimentError
    """
    if isinstance(experiment, Entry):
        found = Subject(experiment, experiment)
    elif isinstance(getattr(experiment, "entry", None), Entry):  # a session in a worker
        source = experiment.source
        made_from = source if isinstance(source, type) else experiment.entry
        found = Subject(experiment.entry, made_from)
    elif isinstance(getattr(experiment, "experiment", None), type):  # a session, a race
        found = subject(experiment.experiment)
    else:
        entry = registry.entry(experiment)
        if not isinstance(experiment, type) and not entry.source and not entry.broken:
            experiment = registry.load(entry.name)  # typed in a cell
        found = Subject(entry, experiment if isinstance(experiment, type) else entry)
    if found.entry.broken:
        raise registry.ExperimentError(f"{found.entry.name} does not import: {found.entry.broken}")
    return found


def opening(
    entry: Entry,
    experiment=None,
    *,
    controls=None,
    seed=None,
    arm=None,
    preset=None,
    k=None,
    axis="k",
    device=None,
    dtype=None,
    edits=None,
) -> Opening:
    """How a cell opens; a session given as `experiment` says what is not said otherwise.

    Raises
    ------
    UnknownName, ControlError, RecipeError
    """
    lanes = list(getattr(experiment, "lanes", {}).values())
    run = lanes[0] if lanes else experiment
    told = getattr(run, "recipe", None)
    if lanes:
        arm = arm or "all"
        k = max(lane.head for lane in lanes) if k is None else k
    elif told is not None:
        k = run.k if k is None else k
        arm = arm or _arm_of(entry, told.controls)
    if arm is not None and arm not in (*entry.arms, "all"):
        raise unknown("arm", arm, [*entry.arms, "all"])
    if axis not in ("k", "seconds", *entry.axes):
        raise unknown("axis", axis, ["k", "seconds", *entry.axes])
    known = dict(told.controls) if told is not None else {}
    recipe = Recipe(
        experiment=entry.name,
        controls=entry.controls_for(preset=preset, **{**known, **(controls or {})}),
        seed=int(seed if seed is not None else told.seed if told else 0),
        device=device or (told.device if told else "cpu"),
        dtype=dtype or (told.dtype if told else entry.dtype),
        edits=tuple(Edit(*e) for e in (edits or (told.edits if told else ()))),
    )
    recipe.json()  # refuses what cannot travel
    return Opening(recipe, min(int(k or 0), entry.max_steps), arm, axis, preset)


def _arm_of(entry: Entry, controls: dict) -> str | None:
    """The arm whose values a run has: the page then shows that one alone."""
    for arm, fixed in entry.arms.items():
        if all(controls.get(name) == value for name, value in fixed.items()):
            return arm
    return None
