"""Runs of studies are kept by recipe and code, and a broken cache costs only time."""

import numpy as np
import pytest
from specimens import Spin

from lab.engine.claim import Grid
from lab.engine.rules import steps
from lab.engine.study import Study, run_here
from lab.store import cells
from lab.store.cells import cached


@pytest.fixture
def counted(tmp_path, monkeypatch):
    """Runs in this process, and how many were asked for."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    asked = []

    def run(jobs):
        asked.append(len(jobs))
        yield from run_here(jobs)

    return cached(run), asked


def grid(n=30, **more):
    return Grid({"angle": (0.1, 0.2), "arm": "all"}, seeds=2, stop=steps(n), **more)


def test_what_was_made_is_not_made_again(counted):
    run, asked = counted
    first = Study(Spin, grid(keep="log"), run=run).run()
    again = Study(Spin, grid(keep="log"), run=run).run()
    assert asked == [8]
    assert again.identical(first)


def test_another_recipe_or_code_is_made(counted, monkeypatch):
    run, asked = counted
    Study(Spin, grid(), run=run).run()
    Study(Spin, grid(31), run=run).run()
    Study(Spin, grid(), run=run, seed_offset=1).run()
    assert asked == [8, 8, 4]
    monkeypatch.setattr(cells, "code_hash", lambda cls: "another")
    Study(Spin, grid(), run=run).run()
    assert asked == [8, 8, 4, 8]


def test_a_study_stopped_half_way_keeps_what_it_made(counted):
    run, asked = counted
    half = iter(Study(Spin, Grid({"angle": (0.1, 0.2)}, seeds=1, stop=steps(5)), run=run))
    next(half)
    half.close()
    Study(Spin, Grid({"angle": (0.1, 0.2)}, seeds=1, stop=steps(5)), run=run).run()
    assert asked == [2, 1]


def test_numbers_come_back_as_they_were():
    end = {"x": np.nan, "v": np.array([1.0, -np.inf])}
    rows = {"k": np.arange(3), "x": np.array([0.1, 0.2, 1e-300])}
    cell = cells.Cell("done", 7, end, rows, 0.5, "it is small")
    again = cells._unpacked(cells._packed(cell))
    assert (again.status, again.steps, again.seconds, again.sentence) == (
        "done", 7, 0.5, "it is small",
    )  # fmt: skip
    assert np.isnan(again.end["x"])
    assert isinstance(again.end["x"], float)
    assert again.end["v"].tolist() == [1.0, -np.inf]
    assert all(again.rows[name].tobytes() == rows[name].tobytes() for name in rows)


def test_a_broken_cache_costs_only_time(counted):
    run, asked = counted
    Study(Spin, grid(), run=run).run()
    cells._path().write_bytes(b"x" * 4_096)
    Study(Spin, grid(), run=run).run()
    assert asked == [8, 8]


def test_the_oldest_go_first(counted, monkeypatch):
    run, asked = counted
    monkeypatch.setattr(cells, "MAX_CELLS", 4)
    Study(Spin, grid(), run=run).run()
    Study(Spin, grid(), run=run).run()
    assert asked == [8, 4]
