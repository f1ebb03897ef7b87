"""Declarations of claims: what a paper says, in measurable form. `verdict.py` judges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

TIERS = {"quick": 5, "standard": 60, "slow": None}  # seconds on two cores, everything made cold
VERDICTS = ("error", "fails", "partly", "holds")  # worst first


@dataclass(frozen=True)
class Within:
    """The measured value lies in [low, high]."""

    low: float
    high: float

    def __str__(self):
        return f"{self.low:g} to {self.high:g}".replace("-", "−")


def AtMost(bound: float) -> Within:
    """The measured value is at most `bound`."""
    return Within(float("-inf"), bound)


def AtLeast(bound: float) -> Within:
    """The measured value is at least `bound`."""
    return Within(bound, float("inf"))


def Close(value: float, *, abs: float = 0.0, rel: float = 0.0) -> Within:
    """The measured value is `value` up to an absolute or a relative distance."""
    reach = max(abs, rel * (value if value >= 0 else -value))
    return Within(value - reach, value + reach)


@dataclass(frozen=True)
class Share:
    """`over=Share(.8)`: at least this share of the seeds meets `expect` (Wilson's interval)."""

    least: float


@dataclass(frozen=True)
class Grid:
    """A grid of runs.

    Parameters
    ----------
    over : dict
        Axis -> values. An axis is a control, or "arm" with names of arms or "all".
    seeds : int
        Runs of each cell, seeds 0 .. seeds-1 (plus the offset).
    set : dict
        Controls that every cell shares.
    stop : Rule, text or None
        Ends a run; every run also ends at `done`, blow-up or `max_steps`.
    keep : {"end", "log", "all"}
        End values; the recorded rows; every step without decimation.
    record : tuple of str
        With keep "log" or "all": the quantities kept (all when empty).
    """

    over: Mapping[str, Any] = field(default_factory=dict)
    seeds: int = 8
    set: Mapping[str, Any] = field(default_factory=dict)
    stop: Any = None
    keep: str = "end"
    record: tuple[str, ...] = ()

    def __post_init__(self):
        if self.keep not in ("end", "log", "all"):
            raise ValueError(f"keep is end, log or all; not {self.keep!r}")
        if self.seeds < 1:
            raise ValueError("a grid needs at least one seed")


@dataclass(frozen=True)
class Check:
    """One sentence of a claim.

    Parameters
    ----------
    id : str
    measure : callable
        Takes the study's Dataset, returns a value for each seed (over "all": any further
        dimensions too; over "pooled": one number, computed again on resampled seeds).
    expect : Within
        From AtMost, AtLeast, Within or Close.
    over : {"mean", "median", "all", "pooled"} or Share
    main : bool
        Whether this check alone can make the verdict "partly".
    label : str
        What the number is, for the ruler ("slope", "gain in points").
    """

    id: str
    measure: Callable
    expect: Within
    over: Any = "mean"
    main: bool = True
    label: str = ""


@dataclass(frozen=True)
class Control:
    """A change that must make the checks named in `breaks` miss.

    `set` is applied to every cell after its arm; `over` and `seeds` replace those of the claim's
    grid, so that the control may be smaller.
    """

    set: Mapping[str, Any]
    breaks: tuple[str, ...]
    over: Mapping[str, Any] | None = None
    seeds: int | None = None


@dataclass(frozen=True)
class Claim:
    """What a paper says, the runs that test it, and a control that must be rejected.

    Parameters
    ----------
    id, text : str
    source : str
        "Thm 3.1", "Fig 2", or "desk" where the number is ours.
    runs : Grid or str
        A grid, or the name of one of the experiment's studies.
    checks : tuple of Check
    control : Control
    tier : {"quick", "standard", "slow"}
    expected : {"holds", "partly", "fails"}
        The verdict that the author announces, with `why` when it is not "holds".
    timed : bool
        Measures wall-clock time: runs alone, inline, never in a test.
    """

    id: str
    text: str
    source: str
    runs: Grid | str
    checks: tuple[Check, ...]
    control: Control
    tier: str = "quick"
    expected: str = "holds"
    why: str = ""
    timed: bool = False

    def __post_init__(self):
        if self.tier not in TIERS:
            raise ValueError(f"claim {self.id}: tier is {', '.join(TIERS)}; not {self.tier!r}")
        if self.expected not in VERDICTS[1:]:
            raise ValueError(f"claim {self.id}: expected is holds, partly or fails")
        if self.expected != "holds" and not self.why:
            raise ValueError(f"claim {self.id}: an announced {self.expected!r} needs its why")
        ids = [check.id for check in self.checks]
        if not ids or len(set(ids)) != len(ids):
            raise ValueError(f"claim {self.id}: checks need distinct ids, at least one")
        if not self.control.breaks or not set(self.control.breaks) <= set(ids):
            raise ValueError(f"claim {self.id}: control.breaks names checks out of {ids}")
