"""Who races: arms of the experiment, and arms with other controls that a person added."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from lab.engine.controls import ControlError
from lab.engine.suggest import UnknownName, unknown
from lab.ui.lanes import MOST
from lab.views.numerals import exact

PLAIN = "as set"  # where the experiment has no arms
MOST_TEXT = 4_000  # characters of a field in a link


class FieldError(ValueError):
    """A field that cannot be read; one line that says why."""


@dataclass(frozen=True)
class Entrant:
    """One method of a race.

    Parameters
    ----------
    arm : str or None
        The arm that it starts from; None where the experiment has none.
    changes : dict
        Controls that it has to itself.
    """

    arm: str | None
    changes: dict = field(default_factory=dict)

    @property
    def name(self) -> str:
        """ "Halpern, weight 0.7"."""
        said = [self.arm] if self.arm else []
        said += [f"{n.replace('_', ' ')} {exact(v)}" for n, v in self.changes.items()]
        return ", ".join(said) or PLAIN

    def fixed(self, entry) -> dict:
        """The controls that no slider of the page moves for it."""
        return {**entry.arms.get(self.arm, {}), **self.changes}


def everyone(entry) -> list[Entrant]:
    """The field that a race opens with."""
    return [Entrant(arm) for arm in list(entry.arms)[:MOST]] or [Entrant(None)]


def entrant(entry, arm, changes) -> Entrant:
    """A method of a race, checked.

    Raises
    ------
    UnknownName, ControlError, FieldError
    """
    if arm is not None and arm not in entry.arms:
        raise unknown("arm", str(arm)[:60], entry.arms)
    if not isinstance(changes, dict):
        raise FieldError("a method's controls are written as {control: value}")
    checked = {}
    for name, value in changes.items():
        if name not in entry.controls:
            raise unknown("control", str(name)[:60], entry.controls)
        checked[name] = entry.controls[name].check(value)
    return Entrant(arm, checked)


def to_text(entrants: Sequence[Entrant], entry) -> str:
    """The field as a part of a link; "" for the one that every race opens with."""
    if list(entrants) == everyone(entry):
        return ""
    parts = [[e.arm, e.changes] if e.changes else e.arm for e in entrants]
    return json.dumps(parts, separators=(",", ":"), ensure_ascii=False)


def from_text(text: str, entry) -> list[Entrant]:
    """The field that a link names.

    Raises
    ------
    FieldError
        With one line that says what is wrong.
    """
    try:
        parts = json.loads(text) if len(text) <= MOST_TEXT else None
    except (ValueError, RecursionError):
        parts = None
    if not isinstance(parts, list) or not 1 <= len(parts) <= MOST:
        raise FieldError(f"race is a list of 1 to {MOST} methods")
    found = []
    for part in parts:
        arm, changes = part if isinstance(part, list) and len(part) == 2 else (part, {})
        try:
            one = entrant(entry, arm, changes)
        except (UnknownName, ControlError, TypeError) as error:
            raise FieldError(" ".join(str(error).split())) from None
        if one in found:
            raise FieldError(f"race names {one.name} twice")
        found.append(one)
    return found
