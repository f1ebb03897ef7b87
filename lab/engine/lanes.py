"""Many runs stepped as lanes of one batch, for experiments that declare their noise.

The same `step` serves: `torch.func.vmap` adds the lane axis, the engine draws each lane's noise.
Lanes differ in seed and in real-valued controls; everything else is shared. A lane that diverges,
meets the stop rule or is done is handed to a single session, which finds the exact step.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree as pytree

from lab.core.backend import Backend
from lab.core.random import BLOCK, Rng, noise_block
from lab.engine.cells import Cell, Job, cell_of, open_session
from lab.engine.controls import Controls
from lab.engine.numerics import exact_numerics
from lab.engine.prepare import Prepared, prepare, seeded
from lab.engine.registry import load_source
from lab.engine.rules import rule as as_rule
from lab.engine.schedule import next_record
from lab.engine.trace import Trace

MOST = 1024  # lanes in one batch


class NotBatchable(TypeError):
    """These runs cannot share a batch: their states or givens differ in shape or kind."""


def groups(experiment, jobs: list[Job]) -> list[list[int]]:
    """Numbers of the jobs that can share a batch, at most MOST in each."""
    real = {name for name, spec in experiment.controls().items() if spec.kind == "number"}
    found: dict[tuple, list[int]] = {}
    for i, job in enumerate(jobs):
        fixed = tuple((n, repr(v)) for n, v in sorted(job.controls.items()) if n not in real)
        found.setdefault(fixed, []).append(i)
    return [
        members[start : start + MOST]
        for members in found.values()
        for start in range(0, len(members), MOST)
    ]


def run_lanes(jobs: list[Job]) -> list[Cell]:
    """Runs the jobs of one group side by side; their results in the same order.

    Raises
    ------
    NotBatchable
    """
    start = time.perf_counter()
    batch = _Batch(jobs)
    with exact_numerics():
        batch.run()
    share = (time.perf_counter() - start) / len(jobs)
    return [batch.cell(i, share) for i in range(len(jobs))]


class _Batch:
    def __init__(self, jobs: list[Job]):
        self.jobs = jobs
        first = jobs[0]
        self.experiment: Any = load_source(first.source)
        self.backend = Backend(first.device, first.dtype or self.experiment.dtype)
        self.rule = as_rule(first.stop)
        self.rows: list[tuple[int, dict]] = []
        self.last = np.full(len(jobs), -1)  # number of the last row that belongs to a lane
        self.ended: dict[int, Cell] = {}
        names = first.controls
        self.varying = [n for n in names if any(j.controls[n] != names[n] for j in jobs)]
        self.fixed = {n: v for n, v in names.items() if n not in self.varying}
        self.floats = {
            n: self.backend.tensor(np.array([float(j.controls[n]) for j in jobs]))
            for n in self.varying
        }
        self._start()

    def _start(self) -> None:
        states, givens = [], []
        for job in self.jobs:
            given = prepare(self.experiment, job.controls, job.seed, self.backend, claim=job.claim)
            rng = Rng(job.seed, -1, self.backend)
            with seeded(rng, "init"):
                c = Controls(job.controls)
                states.append(self.experiment.init(given, c, rng, self.backend))
            givens.append(vars(given))
        self.state = _stack(states)
        self.given, self.given_axes = _share(givens)
        self.specs = self.experiment.noise(Controls(self.jobs[0].controls))
        seeds = sorted({job.seed for job in self.jobs})
        self.rngs = [Rng(seed, -1, self.backend) for seed in seeds]
        self.which = torch.tensor([seeds.index(job.seed) for job in self.jobs])

    def run(self) -> None:
        limit = self.experiment.max_steps
        if self.rule.step is not None:
            limit = min(limit, self.rule.step)
        dense = self.jobs[0].dense  # as in a single run: a rule may hold for a moment only
        every = 1 if self.jobs[0].keep == "all" else self.experiment.every
        k, before = 0, (0, self.state)
        self._look(0, before)
        while k < limit and len(self.ended) < len(self.jobs):
            stop = min(limit, next_record(k, every, dense))
            while k < stop:
                self.state = self._step(k)
                k += 1
            self._look(k, before)
            before = (k, self.state)
        self.head = k

    def _step(self, k: int) -> Any:
        noise = self._noise(k)
        fixed, experiment = self.fixed, self.experiment

        def one(state, given, floats, drawn):
            c = Controls({**fixed, **floats})
            return experiment.step(state, Prepared(given), c, k, drawn)

        axes = (0, self.given_axes, 0 if self.floats else None, 0 if noise else None)
        return torch.func.vmap(one, in_dims=axes)(self.state, self.given, self.floats, noise)

    def _noise(self, k: int) -> dict:
        if not self.specs:
            return {}
        block, row = divmod(k, BLOCK)
        if row == 0 or not hasattr(self, "_block"):
            drawn = [noise_block(rng, block, self.specs) for rng in self.rngs]
            self._block = {n: torch.stack([d[n] for d in drawn], 1) for n in self.specs}
            self._which = self.which.to(self.backend.device)
        return {name: block_[row][self._which] for name, block_ in self._block.items()}

    def _observe(self) -> dict:
        fixed, experiment = self.fixed, self.experiment

        def one(state, given, floats):
            seen = experiment.observe(state, Prepared(given), Controls({**fixed, **floats}))
            return {n: torch.as_tensor(v, dtype=torch.float64) for n, v in seen.items()}

        axes = (0, self.given_axes, 0 if self.floats else None)
        with torch.no_grad():
            seen = torch.func.vmap(one, in_dims=axes)(self.state, self.given, self.floats)
        return {name: value.cpu().numpy() for name, value in seen.items()}

    def _look(self, k: int, before: tuple[int, Any]) -> None:
        """Records a row, and hands on the lanes that end by themselves since the row before."""
        seen = self._observe()
        self.rows.append((k, seen))
        if self.jobs[0].keep == "end":
            del self.rows[:-2]
        ends = np.zeros(len(self.jobs), dtype=bool)
        for value in seen.values():
            flat = value.reshape(len(self.jobs), -1)
            ends |= ~(np.abs(flat) <= self.experiment.blowup).all(1)
        watch = self.rule.step is None and bool(self.rule.names)
        for i in range(len(self.jobs)):
            if i in self.ended:
                continue
            if not ends[i] and watch:
                ends[i] = self.rule.holds({n: v[i] for n, v in seen.items() if v.ndim == 1}, k)
            if not ends[i] and self.experiment.done is not None:
                given = Prepared(_lane(self.given, self.given_axes, i))
                c = Controls(self.jobs[i].controls)
                ends[i] = bool(self.experiment.done(_take(self.state, i), given, c))
            if ends[i]:
                self.ended[i] = self._alone(i, *before)
            else:
                self.last[i] = len(self.rows) - 1

    def _alone(self, i: int, k: int, state: Any) -> Cell:
        """Lane `i` from step `k` to its exact end, as a single session."""
        job = self.jobs[i]
        session = open_session(job)
        if k:
            trace = Trace()
            trace.add(k, {n: v[i] for n, v in self.rows[-2][1].items()})
            session.go_on(_take(state, i), k, trace)
            session.keyframes.add(k, session.state)
        session.arm(job.stop, finish=True)
        session.advance(self.experiment.max_steps - k)
        return cell_of(session, job, 0.0)

    def cell(self, i: int, seconds: float) -> Cell:
        job = self.jobs[i]
        rows = {}
        kept = self.rows[: self.last[i] + 1]
        if job.keep != "end" and kept:
            names = job.record or tuple(kept[0][1])
            rows = {"k": np.array([k for k, _ in kept])}
            rows.update({n: np.array([seen[n][i] for _, seen in kept]) for n in names})
        if i in self.ended:
            alone = self.ended[i]
            if not rows:  # it ended where it began
                rows = alone.rows
            elif alone.rows:
                later = alone.rows["k"] > rows["k"][-1]
                rows = {n: np.concatenate([rows[n], alone.rows[n][later]]) for n in rows}
            return Cell(alone.status, alone.steps, alone.end, rows, seconds, alone.sentence)
        spent = self.rule.step is not None and self.head >= self.rule.step
        status = self.rule.ends if spent else "max_steps"
        end = {name: value[i] for name, value in self.rows[-1][1].items()}
        return Cell(status, self.head, end, rows, seconds)


def _stack(trees: list) -> Any:
    """One tree whose tensors have a leading lane axis."""
    flat = [pytree.tree_flatten(tree) for tree in trees]
    spec = flat[0][1]
    if any(other[1] != spec for other in flat):
        raise NotBatchable("the states of two lanes differ in their names")
    stacked = []
    for column in zip(*(leaves for leaves, _ in flat), strict=True):
        if not all(isinstance(leaf, torch.Tensor) for leaf in column):
            raise NotBatchable("a state holds something that is not a tensor")
        if len({leaf.shape for leaf in column}) > 1:
            raise NotBatchable("the states of two lanes differ in shape")
        stacked.append(torch.stack(column))
    return pytree.tree_unflatten(stacked, spec)


def _share(givens: list[dict]) -> tuple[dict, dict]:
    """The givens of all lanes and their axes: None where every lane has the same one."""
    shared, axes = {}, {}
    for name in givens[0]:
        entries = [given[name] for given in givens]
        if all(entry is entries[0] for entry in entries):
            leaves, spec = pytree.tree_flatten(entries[0])
            shared[name] = entries[0]
            axes[name] = pytree.tree_unflatten([None] * len(leaves), spec)
        else:
            tensors = [pytree.tree_map(torch.as_tensor, entry) for entry in entries]
            shared[name] = _stack(tensors)
            leaves, spec = pytree.tree_flatten(shared[name])
            axes[name] = pytree.tree_unflatten([0] * len(leaves), spec)
    return shared, axes


def _take(tree: Any, i: int) -> Any:
    return pytree.tree_map(lambda leaf: leaf[i].clone(), tree)


def _lane(given: dict, axes: dict, i: int) -> dict:
    found = {}
    for name, entry in given.items():
        leaves, spec = pytree.tree_flatten(entry)
        where, _ = pytree.tree_flatten(axes[name], is_leaf=lambda leaf: leaf is None)
        taken = [leaf if axis is None else leaf[i] for leaf, axis in zip(leaves, where)]
        found[name] = pytree.tree_unflatten(taken, spec)
    return found
