"""How near a prediction came: 0 to 100 points, and what they measure, in words."""

from __future__ import annotations

import math

import numpy as np

from lab.classroom.lesson import Step

SAYS = {
    "curve": "100 less the mean distance to the run, as a share of the picture's height",
    "step": "100 when it is right, 50 when it is off by a factor of two",
    "number": "100 less the distance, as a share of the picture's height",
    "choice": "100 when it is right",
    "point": "100 less the distance, as a share of the picture",
}


def truth(step: Step, curves: dict[str, np.ndarray]):
    """What was asked for, read off the runs.

    Parameters
    ----------
    curves : dict of label to array (POINTS,)
        nan where the run did not come so far.

    Returns
    -------
    A curve (list), a step or None where it never happens, a number, the number of the best arm,
    or a point [step, value].
    """
    runs = step.runs
    first = curves[runs.labels()[0]]
    if step.shape == "curve":
        return short(first)
    if step.shape == "number":
        return _last(first)
    if step.shape == "choice":
        ends = [_last(curves[label]) for label in runs.labels()]
        sign = 1 if step.better == "more" else -1
        known = [-math.inf if end is None else sign * end for end in ends]
        return int(np.argmax(known))
    way, bound = step.truth.split()
    meets = first > float(bound) if way == "above" else first < float(bound)
    if not meets.any():
        return None
    at = float(runs.places()[int(np.argmax(meets))])
    return at if step.shape == "step" else [at, float(first[int(np.argmax(meets))])]


def score(step: Step, value, right) -> int | None:
    """Points for an answer; None where there is none, or where the run told nothing."""
    if value is None:
        return None
    runs = step.runs
    if step.shape == "choice":
        return 100 if value == right else 0
    if step.shape == "step":
        if right is None:  # it never happens: the right edge says so
            return 100 if value >= 0.99 * runs.steps else 0
        off = abs(math.log2(max(value, 1) / max(right, 1)))
        return max(0, round(100 - 50 * off))
    if right is None:
        return None
    if step.shape == "curve":
        apart = [
            abs(height(v, runs) - height(r, runs)) for v, r in zip(value, right) if r is not None
        ]
        return round(100 * (1 - sum(apart) / len(apart))) if apart else None
    if step.shape == "number":
        return round(100 * (1 - abs(height(value, runs) - height(right, runs))))
    across = (value[0] - right[0]) / runs.steps
    apart = math.hypot(across, height(value[1], runs) - height(right[1], runs))
    return max(0, round(100 * (1 - apart)))


def height(value: float, runs) -> float:
    """Where a value stands in the picture, 0 to 1."""
    value = min(max(value, runs.low), runs.high)
    if runs.log:
        return math.log(value / runs.low) / math.log(runs.high / runs.low)
    return (value - runs.low) / (runs.high - runs.low)


def _last(curve: np.ndarray) -> float | None:
    known = curve[~np.isnan(curve)]
    return float(f"{known[-1]:.6g}") if len(known) else None


def short(values: np.ndarray) -> list:
    """A curve as JSON takes it: six digits, None where nothing is known."""
    return [float(f"{v:.6g}") if np.isfinite(v) else None for v in values]
