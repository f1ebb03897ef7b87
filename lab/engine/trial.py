"""One experiment on trial: a short reference run, and how other runs are compared with it."""

from __future__ import annotations

import time

import numpy as np
import torch

from lab.engine.session import Session
from lab.engine.tree import digest

BUDGET_S = 3.0
MOST_STEPS = 96
LEAST_STEPS = 4


class Broken(AssertionError):
    """A promise that does not hold; the message says what to change."""


class Trial:
    """One reference run, and how many steps of it a few seconds allow."""

    def __init__(self, experiment):
        self.experiment = experiment
        preset = "check" if "check" in experiment.presets else None
        self.controls = experiment.controls_for(preset=preset)
        before = torch.random.get_rng_state(), np.random.get_state()[1].copy()
        start = time.perf_counter()
        self.run = self.fresh()
        self.run.advance(LEAST_STEPS)
        cost = (time.perf_counter() - start) / LEAST_STEPS
        start = time.perf_counter()
        self.run.advance(LEAST_STEPS)
        cost = min(cost, (time.perf_counter() - start) / LEAST_STEPS)
        self.steps = int(min(MOST_STEPS, max(2 * LEAST_STEPS, BUDGET_S / 18 / max(cost, 1e-6))))
        self.middle = self.steps // 2 | 1  # odd, since what is done every few steps is at even ones
        self.run.advance(self.steps - self.run.head)
        self.globals_kept = torch.equal(before[0], torch.random.get_rng_state()) and np.array_equal(
            before[1], np.random.get_state()[1]
        )
        self.end = digest(self.run.state)

    def fresh(self, **options) -> Session:
        return Session(self.experiment, self.controls, 0, **options)

    def to_the_end(self, session: Session) -> Session:
        session.advance(self.steps - session.head)
        return session

    def agrees(self, session: Session, what: str) -> None:
        if digest(session.state) != self.end:
            raise Broken(what)
        same_rows(self.run, session, what)


def same_rows(one: Session, other: Session, what: str) -> None:
    pairs: list = [(one.trace, other.trace)]
    if one.trace.assessed is not None:
        pairs.append((one.trace.assessed, other.trace.assessed))
    for a, b in pairs:
        for name in ("k", *a.names):
            if not np.array_equal(a[name], b[name], equal_nan=True):
                raise Broken(f"{what} (the trace of {name} differs)")
    if one.trace.stages != other.trace.stages:
        raise Broken(f"{what} (the stages differ)")


def same_picture(one: dict, other: dict, what: str) -> None:
    for name in one:
        if isinstance(one[name], tuple):
            same = one[name] == other[name]
        else:
            same = np.array_equal(one[name], other[name], equal_nan=one[name].dtype.kind == "f")
        if not same:
            raise Broken(f"{what} ({name})")


def another(spec, value):
    if spec.kind in ("number", "integer"):
        low, high = spec.bounds
        for other in (value * 0.9, value + 1, (low or 0.0), (high or 1.0)):
            other = int(other) if spec.kind == "integer" else float(other)
            inside = (low is None or other >= low) and (high is None or other <= high)
            if other != value and inside:
                return other
    if spec.kind == "boolean":
        return not value
    return next((o for o in spec.objects if o != value), None)
