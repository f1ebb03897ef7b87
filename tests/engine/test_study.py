"""Studies: grids of runs, alone and as lanes of a batch."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from specimens import Counting, Descent, Spin, Training

from lab.engine import Experiment, Grid, Number, Quantity, below, steps
from lab.engine.cells import run_cell
from lab.engine.lanes import groups, run_lanes
from lab.engine.race import Race
from lab.engine.study import Study
from lab.engine.suggest import UnknownName
from lab.engine.sweep import coarse_to_fine, sweep


def test_a_study_gives_a_dataset_over_its_axes_and_seeds():
    grid = Grid({"arm": "all", "angle": (0.1, 0.5, 1.0)}, seeds=2, stop=steps(30), keep="log")
    data = Study(Spin, grid).run()
    assert dict(data.sizes) == {"arm": 2, "angle": 3, "seed": 2, "k": 31, "axis": 2}
    assert data.residual.dims == ("arm", "angle", "seed", "k")
    assert (data.status == "budget").all()
    assert (data.steps == 30).all()


def test_lanes_agree_with_single_runs_exact_ends_included():
    grid = Grid({"lr": (0.1, 0.5, 1.3, 1.9, 2.1, 3.0)}, seeds=4, stop=below("gap", 1e-3))
    study = Study(Descent, grid)
    lanes = run_lanes(study.jobs)
    alone = [run_cell(job) for job in study.jobs]
    assert [c.steps for c in lanes] == [c.steps for c in alone]
    assert [c.status for c in lanes] == [c.status for c in alone]
    assert {"rule", "diverged"} == {c.status for c in lanes}
    for one, other in zip(lanes, alone, strict=True):
        assert one.end["gap"] == pytest.approx(other.end["gap"], rel=1e-4)


def test_a_lanes_noise_is_that_of_the_single_run_whatever_the_number_of_lanes():
    grid = Grid(seeds=6, set={"noisy": 0.5}, stop=steps(130), keep="log")
    jobs = Study(Descent, grid).jobs
    six, two = run_lanes(jobs), run_lanes(jobs[4:])
    single = run_cell(jobs[4])
    assert np.array_equal(six[4].rows["gap"], two[0].rows["gap"])
    assert np.allclose(six[4].rows["gap"], single.rows["gap"], rtol=1e-5)


def test_lanes_share_what_is_structural():
    grid = Grid({"n": (2, 3), "lr": (0.1, 0.2)}, seeds=5, stop=steps(3))
    jobs = Study(Descent, grid).jobs
    assert sorted(map(len, groups(Descent, jobs))) == [10, 10]


def test_runs_that_end_early_leave_nan_behind_not_padding():
    grid = Grid({"lr": (0.5, 1.9)}, seeds=1, stop=below("gap", 1e-2), keep="log")
    data = Study(Descent, grid).run()
    short = data.gap.sel(lr=0.5).isel(seed=0)
    assert np.isnan(short.values[-1])
    assert short.dropna("k").k[-1] == data.steps.sel(lr=0.5).isel(seed=0)


def test_keep_all_records_every_step():
    data = Study(Counting, Grid(seeds=1, stop=steps(2_000), keep="all")).run()
    assert data.sizes["k"] == 2_001


def test_costly_numbers_are_there_at_the_end():
    data = Study(Training, Grid(seeds=2)).run()
    assert (data.status == "done").all()
    assert np.isfinite(data.costly).all()


def test_a_failed_run_is_a_status_not_an_exception():
    data = Study(Counting, Grid({"raises": (-1, 5)}, seeds=1, stop=steps(20))).run()
    assert data.status.values.ravel().tolist() == ["budget", "failed"]


def test_an_unknown_axis_is_named():
    with pytest.raises(UnknownName, match="no control 'angel'; did you mean 'angle'"):
        Study(Spin, Grid({"angel": (1,)}))


def test_a_study_is_live():
    study = Study(Counting, Grid(seeds=3, stop=steps(2)))
    seen = []
    for i, _ in study:
        seen.append(i)
        assert int((study.dataset().status != "").sum()) == len(seen)
    assert sorted(seen) == [0, 1, 2]


def test_a_sweep_goes_from_coarse_to_fine():
    order = coarse_to_fine([5, 5])
    assert order[:4] == [(0, 0), (0, 4), (4, 0), (4, 4)]
    assert len(set(order)) == 25
    study = sweep(Descent, "lr", "noisy", points=3, stop="gap < 1e-3 or k >= 200")
    data = study.run()
    assert dict(data.sizes) == {"lr": 3, "noisy": 3, "seed": 1}


class Sized(Experiment):
    """A control sets how long a recorded vector is."""

    card = Spin.card
    share = Number(0.5, bounds=(0.1, 1.0))
    quantities = {"x": Quantity("x", dim="entry"), "size": Quantity("size")}

    def init(given, c, rng, backend):
        return {"x": torch.arange(round(10 * c.share), dtype=torch.float32)}

    def step(state, given, c, k, rng):
        return {"x": state["x"] + 1}

    def observe(state, given, c):
        return {"x": state["x"], "size": float(len(state["x"]))}


@pytest.mark.parametrize("keep", ["end", "all"])
def test_vectors_of_several_lengths_end_in_nan(keep):
    d = Study(Sized, Grid({"share": (0.2, 0.4)}, 1, stop=steps(3), keep=keep)).run()
    x = d.x.sel(share=0.2).isel(seed=0)
    if keep == "all":
        assert d.x.sel(share=0.4).isel(seed=0, k=1).values.tolist() == [1, 2, 3, 4]
        x = x.isel(k=-1)
    assert x.values[:2].tolist() == [3, 4]
    assert np.isnan(x.values[2:]).all()


def test_a_race_shares_start_and_noise():
    race = Race(Spin, seed=2)
    race.advance(50)
    one, other = race.lanes.values()
    assert np.array_equal(one.trace["x"][0], other.trace["x"][0])
    assert race.order() == ["Halpern", "Picard"]
    assert race.to_dataset().residual.dims == ("arm", "k")


class Flash(Experiment):
    """Falls below one half at every 501st step, for that step alone."""

    card = Counting.card
    start = Number(0.0, bounds=(0, 1000))
    quantities = {"x": Quantity("x")}
    dtype, max_steps = "float64", 2000

    def noise(c):
        return {}

    def init(given, c, rng, backend):
        return {"n": backend.zeros() + c.start}

    def step(state, given, c, k, rng):
        return {"n": state["n"] + 1}

    def observe(state, given, c):
        return {"x": (torch.remainder(state["n"], 501) > 0).to(state["n"])}


@pytest.mark.parametrize("keep", ["end", "log"])
def test_a_lane_sees_what_a_single_run_sees_for_a_moment(keep):
    over = {"start": tuple(map(float, range(9)))}
    study = Study(Flash, Grid(over, seeds=1, stop=below("x", 0.5), keep=keep))
    for lane, alone in zip(run_lanes(study.jobs), map(run_cell, study.jobs), strict=True):
        assert (lane.status, lane.steps) == (alone.status, alone.steps)
        assert lane.rows.keys() == alone.rows.keys()
        assert all(np.array_equal(lane.rows[name], alone.rows[name]) for name in lane.rows)


def test_costly_numbers_among_kept_rows_are_end_values():
    study = Study(Training, Grid(seeds=2, stop=steps(20), keep="log", record=("error", "costly")))
    data = study.run()
    assert data.error.dims == ("seed", "k")
    assert data.costly.dims == ("seed",)


def test_a_kept_name_that_is_recorded_nowhere_is_named():
    with pytest.raises(UnknownName, match="error"):
        Study(Training, Grid(seeds=1, stop=steps(20), keep="log", record=("eror",))).run()


@pytest.mark.parametrize(
    "module",
    ["engine.cells", "engine.study", "engine.sweep", "engine.workers.cells", "store.cells"],
)
def test_jobs_and_cells_are_held_without_torch(module):
    code = f"import lab.{module}, sys; print({{'torch', 'xarray'}} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
