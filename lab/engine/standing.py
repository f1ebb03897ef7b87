"""Who leads, and at what cost: what a race says, from the traces alone.

A cost is the step ("k"), a declared axis, or seconds. Runs are compared at equal cost: each is
read at the last row whose cost has not passed the one asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

POINTS = 400  # costs at which the leader is asked for


@dataclass(frozen=True)
class Racer:
    """A run as a race reads it: rows of cost and measure.

    Parameters
    ----------
    name : str
    k : array (n,)
        The recorded steps.
    cost : array (n,)
        What had been spent at each; it never falls.
    value : array (n,)
        The measure; nan where it is not known.
    ended : bool
        Whether it goes no further.
    """

    name: str
    k: np.ndarray
    cost: np.ndarray
    value: np.ndarray
    ended: bool = False

    def at(self, cost: float) -> int | None:
        """The number of the last row within a cost; None before the first."""
        n = int(np.searchsorted(self.cost, cost * (1 + 1e-12), side="right"))
        return n - 1 if n else None


@dataclass(frozen=True)
class Place:
    """One line of the order.

    Attributes
    ----------
    index : int
        Which racer.
    rank : int
        From 1; equals share a place.
    k : int
        Its step at that cost.
    value : float
    each : float
        Cost per step up to there; nan at step 0.
    """

    index: int
    rank: int
    k: int
    value: float
    each: float


def racer(
    name: str,
    trace,
    measure: str,
    cost: Callable[[np.ndarray], np.ndarray] | str = "k",
    ended: bool = False,
) -> Racer:
    """A run as a race reads it.

    Parameters
    ----------
    trace : Trace
    measure : str
        A recorded scalar; costly ones are read at their own steps.
    cost : str or callable
        "k", a recorded axis, or a function of steps.
    ended : bool
        Whether it goes no further.
    """
    found = trace
    if measure not in trace and trace.assessed is not None and measure in trace.assessed:
        found = trace.assessed
    if measure not in found:
        return Racer(name, *(np.empty(0),) * 3, ended)
    ks, values = found.k, np.asarray(found[measure], dtype=float)
    n = min(len(ks), len(values))  # rows may be added while this reads
    ks, values = np.array(ks[:n]), values[:n] if values.ndim == 1 else values[:n, 0]
    if callable(cost):
        spent = np.asarray(cost(ks), dtype=float)
    elif cost == "k":
        spent = ks.astype(float)
    else:
        spent = np.interp(ks, trace.k, np.asarray(trace[cost], dtype=float))
    return Racer(name, ks, np.maximum.accumulate(spent) if n else spent, np.array(values), ended)


def cost_at(racers: Sequence[Racer], k: int) -> float:
    """The cost at which runs are compared when the cursor stands at step `k`.

    It is the least that any run had spent there, or has spent at all: every run has come so far.
    A run that ended before `k` counts no more, as long as another goes on.
    """
    some = [r for r in racers if len(r.k)]
    going = [r for r in some if not r.ended or r.k[-1] >= k] or some
    if not going:
        return 0.0
    return float(min(np.interp(k, r.k, r.cost) for r in going))


def step_at(r: Racer, cost: float, k: int) -> int:
    """The step of a run at a cost, for a cursor at step `k`: its last row within that cost, or
    `k` where it had spent no more by then."""
    if not len(r.k) or np.interp(k, r.k, r.cost) <= cost * (1 + 1e-12):
        return k
    row = r.at(cost)
    return 0 if row is None else int(r.k[row])


def standing(racers: Sequence[Racer], cost: float, more: bool = False) -> list[Place]:
    """The order at a cost, best first; runs without a number come last.

    Parameters
    ----------
    more : bool
        Whether more of the measure is better.
    """
    found = []
    for i, r in enumerate(racers):
        row = r.at(cost)
        if row is None:
            continue
        k = int(r.k[row])
        each = float(r.cost[row] / k) if k else math.nan
        found.append((i, k, float(r.value[row]), each))
    found.sort(key=lambda f: _worth(f[2], more))
    places: list[Place] = []
    for n, (i, k, value, each) in enumerate(found):
        same = n > 0 and (value == places[-1].value)
        places.append(Place(i, places[-1].rank if same else n + 1, k, value, each))
    return places


def leaders(
    racers: Sequence[Racer], costs: np.ndarray, more: bool = False
) -> list[tuple[float, float, int | None]]:
    """Who leads at every cost, as stretches (from, to, index); None where several do.

    Parameters
    ----------
    costs : array (m,)
        Rising. From one to the next the run leads that leads at the first of them.
    """
    if len(costs) < 2:
        return []
    values = np.array([_read(r, costs[:-1]) for r in racers]).reshape(len(racers), -1)
    worth = np.where(np.isfinite(values), -values if more else values, np.inf)
    best = worth.min(axis=0, initial=np.inf)
    alone = np.isfinite(best) & ((worth == best).sum(axis=0) == 1)
    first = np.where(alone, worth.argmin(axis=0), -1) if len(racers) else np.full(len(best), -1)
    edges = np.flatnonzero(np.diff(first)) + 1
    starts, ends = [0, *edges], [*edges, len(first)]
    return [
        (float(costs[i]), float(costs[j]), int(first[i]) if first[i] >= 0 else None)
        for i, j in zip(starts, ends)
    ]


def _read(r: Racer, costs: np.ndarray) -> np.ndarray:
    """The measure of a run at each cost; nan before its first row."""
    if not len(r.k):
        return np.full(len(costs), np.nan)
    rows = np.searchsorted(r.cost, costs * (1 + 1e-12), side="right") - 1
    return np.where(rows >= 0, r.value[np.maximum(rows, 0)], np.nan)


def even_costs(racers: Sequence[Racer], log: bool = False, least: float = 1.0) -> np.ndarray:
    """Costs over which the strip is drawn: from the start to where every run has come.

    Parameters
    ----------
    log : bool
        Even in the logarithm of cost + `least`, where the axis is logarithmic.
    """
    end = cost_at(racers, max((int(r.k[-1]) for r in racers if len(r.k)), default=0))
    if end <= 0:
        return np.empty(0)
    if log:
        return np.geomspace(least, end + least, POINTS) - least
    return np.linspace(0.0, end, POINTS)


def reach(r: Racer, target: float, more: bool = False) -> tuple[int, float] | None:
    """(step, cost) of the first recorded row at which a run has reached `target`; else None."""
    hit = np.flatnonzero(r.value >= target if more else r.value <= target)
    return (int(r.k[hit[0]]), float(r.cost[hit[0]])) if len(hit) else None


def target(racers: Sequence[Racer], log: bool = False, more: bool = False) -> float | None:
    """A round number that the best run has reached and, if possible, others too.

    On a logarithmic measure a power of ten; else one digit. None before anything was reached.
    """
    found = [_best(r.value, more) for r in racers if len(r.k)]
    best = [b for b in found if b is not None]
    if not best:
        return None
    leader, last = (max(best), min(best)) if more else (min(best), max(best))
    starts = [float(r.value[0]) for r in racers if len(r.k) and math.isfinite(r.value[0])]
    for wanted in (last, leader):
        number = _round(wanted, log, more)
        if number is not None and not any(_reached(s, number, more) for s in starts):
            return number
    return None


def _worth(value: float, more: bool) -> tuple[bool, float]:
    return (not math.isfinite(value), -value if more else value)


def _reached(value: float, wanted: float, more: bool) -> bool:
    return value >= wanted if more else value <= wanted


def _best(values: np.ndarray, more: bool) -> float | None:
    """The best value that has a round number beside it: zero, the exact answer, has none."""
    values = values[np.isfinite(values) & (values != 0)]
    if not len(values):
        return None
    return float(values.max() if more else values.min())


def _round(value: float, log: bool, more: bool) -> float | None:
    """The next round number on the side that has been reached."""
    if value == 0 or not math.isfinite(value):
        return None
    size = abs(value)
    exponent = math.floor(math.log10(size))
    down = more == (value > 0)  # towards zero
    if log:
        power = exponent if down else math.ceil(math.log10(size) - 1e-9)
        return math.copysign(10.0**power, value)
    unit = 10.0 ** (exponent - 1)
    steps = math.floor(size / unit + 1e-9) if down else math.ceil(size / unit - 1e-9)
    return math.copysign(steps * unit, value)
