"""A grid of runs: a sweep, a race's seeds, the runs that a claim speaks about."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from lab.engine import controls as _controls
from lab.engine.cells import Cell, Job, run_cell
from lab.engine.claim import Grid
from lab.engine.registry import load, source_of
from lab.engine.rules import rule as as_rule
from lab.engine.suggest import unknown

LEAST_LANES = 6  # fewer runs are made one by one


class Study:
    """The runs of a grid, each a cell; a cell finished is a step of the study.

    Parameters
    ----------
    experiment : str or class
    grid : Grid or str
        A grid, or the name of one of the experiment's studies.
    force : dict
        Controls set in every cell after its arm (a claim's control).
    seed_offset : int
        Moves every seed.
    run : callable
        Takes a list of jobs, yields (number, Cell) in any order: a pool of workers. One by one in
        this process by default; lanes of a batch where the experiment declares its noise.

    Raises
    ------
    UnknownName, ControlError
    """

    def __init__(
        self,
        experiment,
        grid: Grid | str,
        *,
        force: Mapping[str, Any] | None = None,
        seed_offset: int = 0,
        device: str = "cpu",
        dtype: str | None = None,
        run: Callable[[list[Job]], Iterator[tuple[int, Cell]]] | None = None,
    ):
        self.experiment = load(experiment)
        if isinstance(grid, str):
            if grid not in self.experiment.studies:
                raise unknown("study", grid, self.experiment.studies)
            grid = self.experiment.studies[grid]
        self.grid, self.force = grid, dict(force or {})
        self.seeds = tuple(range(seed_offset, seed_offset + grid.seeds))
        self.axes = {axis: self._values(axis, values) for axis, values in grid.over.items()}
        self._device, self._dtype = device, dtype
        self._run = run or run_here
        self.indices = list(itertools.product(*map(range, map(len, self.axes.values()))))
        self.jobs = [self._job(index, seed) for index in self.indices for seed in self.seeds]
        self.cells: dict[int, Cell] = {}
        self._order = list(range(len(self.jobs)))

    def sort_jobs(self, indices: list[tuple[int, ...]]) -> None:
        """The order in which the cells are made, as indices into the axes."""
        place = {tuple(index): i for i, index in enumerate(indices)}
        n = len(self.seeds)
        self._order.sort(key=lambda i: (place[self.indices[i // n]], i))

    def __len__(self):
        return len(self.jobs)

    def __repr__(self):
        shape = " x ".join(f"{len(v)} {a}" for a, v in self.axes.items()) or "1 cell"
        return (
            f"Study({self.experiment.slug()!r}: {shape} x {len(self.seeds)} seeds, "
            f"{len(self.cells)} of {len(self)} runs done)"
        )

    def _repr_html_(self):
        from lab.engine.display import still

        return still("study", self)

    def __iter__(self) -> Iterator[tuple[int, Cell]]:
        """Makes the runs; yields each as it is done."""
        todo = [i for i in self._order if i not in self.cells]
        for i, cell in self._run([self.jobs[i] for i in todo]):
            self.cells[todo[i]] = cell
            yield todo[i], cell

    def run(self, progress: Callable[[int, int], None] | None = None):
        """Makes all runs and returns their Dataset; `progress(done, of)` hears of each."""
        for _ in self:
            if progress is not None:
                progress(len(self.cells), len(self))
        return self.dataset()

    def dataset(self):
        """What there is so far, as an xarray Dataset.

        Dimensions are the axes and "seed" (and "k" when rows are kept); variables are what was
        kept, and `status`, `steps`, `seconds`. Runs that are not done yet are nan, with status "".
        """
        import xarray as xr

        shape = (*map(len, self.axes.values()), len(self.seeds))
        dims = (*self.axes, "seed")
        coords: dict[str, Any] = {axis: list(values) for axis, values in self.axes.items()}
        coords["seed"] = list(self.seeds)
        cells = [self.cells.get(i) for i in range(len(self.jobs))]
        data = {
            "status": (dims, np.array([c.status if c else "" for c in cells]).reshape(shape)),
            "steps": (dims, _numbers([c and c.steps for c in cells]).reshape(shape)),
            "seconds": (dims, _numbers([c and c.seconds for c in cells]).reshape(shape)),
        }
        if self.grid.keep != "end":
            ks = sorted(set().union(*(c.rows["k"].tolist() for c in cells if c and c.rows)))
            coords["k"] = ks
        for name in self._names(cells):
            ends = [None if c is None else c.end.get(name) for c in cells]
            kept = [c.rows if c and name in c.rows else None for c in cells]
            if any(kept):
                values = _aligned([r and (r["k"], r[name]) for r in kept], ks)
                where = (*dims, "k")
            else:
                values, where = _padded(ends), dims
            if values.ndim > 1 + ("k" in where):
                where = (*where, self.experiment.quantity(name).dim or f"{name}_index")
            data[name] = (where, values.reshape(*shape, *values.shape[1:]))
        return xr.Dataset(data, coords)

    def _names(self, cells) -> list[str]:
        return list(dict.fromkeys(name for c in cells if c for name in c.end))

    def _values(self, axis: str, values) -> tuple:
        if axis == "arm":
            arms = self.experiment.arms
            chosen = tuple(arms) if isinstance(values, str) and values == "all" else tuple(values)
            for arm in chosen:
                if arm not in arms:
                    raise unknown("arm", arm, arms)
            return chosen
        if axis not in self.experiment.controls():
            raise unknown("control", axis, self.experiment.controls())
        return tuple(values)

    def _job(self, index: tuple[int, ...], seed: int) -> Job:
        chosen = dict(self.grid.set)
        point = {axis: values[i] for (axis, values), i in zip(self.axes.items(), index)}
        if "arm" in point:
            chosen.update(self.experiment.arms[point.pop("arm")])
        chosen.update(point)
        chosen.update(self.force)
        return Job(
            source=source_of(self.experiment),
            controls=_controls.values(self.experiment.controls(), **chosen),
            seed=seed,
            device=self._device,
            dtype=self._dtype,
            stop=as_rule(self.grid.stop).text,
            keep=self.grid.keep,
            record=tuple(self.grid.record),
        )


def run_here(jobs: list[Job]) -> Iterator[tuple[int, Cell]]:
    """Makes runs in this process: as lanes of a batch where that is possible, else one by one."""
    for members in batches(jobs):
        chosen = [jobs[i] for i in members]
        yield from zip(members, run_batch(chosen))


def batches(jobs: list[Job]) -> list[list[int]]:
    """Numbers of the jobs that are best made together: lanes of a batch, else single runs."""
    from lab.engine.lanes import groups
    from lab.engine.registry import load_source

    if not jobs:
        return []
    experiment = load_source(jobs[0].source)
    if not experiment.batchable():
        return [[i] for i in range(len(jobs))]
    found = []
    for members in groups(experiment, jobs):
        found += [members] if len(members) >= LEAST_LANES else [[i] for i in members]
    return found


def run_batch(jobs: list[Job]) -> list[Cell]:
    """Makes the runs of one batch."""
    from lab.engine.lanes import NotBatchable, run_lanes

    if len(jobs) > 1:
        try:
            return run_lanes(jobs)
        except (NotBatchable, RuntimeError):
            pass  # RuntimeError: vmap met an `if` on a control that varies; alone it is fine
    return [run_cell(job) for job in jobs]


def _numbers(values: list) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def _padded(values: list) -> np.ndarray:
    """Scalars or vectors as an array; nan for runs that are not done and after a shorter vector."""
    out = np.full((len(values), *_longest(values)), np.nan)
    for i, value in enumerate(values):
        if value is not None:
            out[(i, *_filled(value))] = value
    return out


def _longest(values) -> tuple[int, ...]:
    """The shape that holds every value; a control may set how long a vector is."""
    return tuple(map(max, zip(*(np.shape(v) for v in values if v is not None))))


def _filled(value) -> tuple[slice, ...]:
    """Where a value stands in a row that is long enough."""
    return tuple(slice(n) for n in np.shape(value))


def _aligned(kept: list, ks: list[int]) -> np.ndarray:
    """Rows of runs put on one axis of steps; nan where a run has no row."""
    tail = _longest([rows[0] for _, rows in filter(None, kept)])
    out = np.full((len(kept), len(ks), *tail), np.nan)
    for i, entry in enumerate(kept):
        if entry:
            steps, rows = entry
            out[(i, np.searchsorted(ks, steps), *_filled(rows[0]))] = rows
    return out
