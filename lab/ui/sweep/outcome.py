"""What came out of each cell of a map: a number, or why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lab.ui.sweep.choice import REACH, Choice
from lab.views.numerals import count, number

NOT_YET, VALUE, SLOW, DIVERGED, FAILED = range(5)


@dataclass(frozen=True)
class Outcome:
    """One cell.

    Attributes
    ----------
    kind : int
        VALUE, SLOW (the rule was not reached), DIVERGED or FAILED.
    value : float
        nan where there is none.
    steps : int
        How many it took.
    status, sentence : str
        How the run ended.
    """

    kind: int
    value: float
    steps: int
    status: str
    sentence: str = ""


def outcome(choice: Choice, cell: dict) -> Outcome:
    """A finished run as a cell of this map."""
    status, steps, sentence = cell["status"], int(cell["steps"]), cell.get("sentence", "")
    kind, value = VALUE, math.nan
    if status == "diverged":
        kind = DIVERGED
    elif status == "failed":
        kind = FAILED
    elif choice.show == REACH:
        if status == "rule" and steps <= choice.steps:
            value = float(steps)
        else:
            kind = SLOW
    else:
        found = cell["end"].get(choice.show)
        value = math.nan if found is None else float(found)
        kind = VALUE if math.isfinite(value) else FAILED
    return Outcome(kind, value, steps, status, sentence)


def words(choice: Choice, found: Outcome | None) -> str:
    """A cell in a few words: "0.0123 after 300 steps", "diverged at 212"."""
    if found is None:
        return "not computed yet"
    if found.kind == DIVERGED:
        return f"diverged at {count(found.steps)}"
    if found.kind == FAILED:
        return found.sentence or "no number"
    if found.kind == SLOW:
        return f"not by {count(choice.steps)} steps"
    if choice.show == REACH:
        return f"{count(found.steps)} steps"
    return f"{number(found.value)} after {count(found.steps)} steps"


def short(found: Outcome | None) -> str:
    """A cell of the table of numbers."""
    if found is None:
        return "–"
    return {VALUE: number(found.value), SLOW: "slow", DIVERGED: "diverged"}.get(
        found.kind, "failed"
    )
