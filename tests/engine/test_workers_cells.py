"""Cells of studies in workers: the same results, whatever happens to the workers."""

import signal
import threading

import numpy as np
import pytest
from experiments_for_tests import Troublesome
from specimens import Counting, Descent, Spin

from lab.engine import Grid, steps
from lab.engine.registry import source_of
from lab.engine.study import Study
from lab.engine.workers.cells import run_cells
from lab.engine.workers.crew import Crew, WorkerLost
from lab.engine.workers.messages import WorkerError

LONG = 60  # seconds after which something that is waited for is given up


@pytest.fixture(scope="module")
def crew():
    with Crew(2) as crew:
        yield crew


def datasets(experiment, grid, crew):
    """The same study made in workers and here."""
    there = Study(experiment, grid, run=lambda jobs: run_cells(jobs, crew)).run()
    return there.drop_vars("seconds"), Study(experiment, grid).run().drop_vars("seconds")


@pytest.mark.parametrize(
    "experiment, grid",
    [
        (Spin, Grid({"arm": "all"}, seeds=2, stop=steps(60), keep="log")),
        (Counting, Grid({"raises": (-1, 5)}, stop=steps(20))),
        (Descent, Grid({"lr": (0.1, 3.0)}, seeds=4, set={"noisy": 0.1}, stop=steps(50))),
    ],
)
def test_a_study_in_workers_gives_the_same_numbers(crew, experiment, grid):
    there, here = datasets(experiment, grid, crew)
    assert there.identical(here)


def test_cells_whose_worker_dies_are_failed_and_the_rest_is_made(crew):
    grid = Grid({"die_at": (-1, 3)}, seeds=1, stop=steps(10))
    found = Study(Troublesome, grid, run=lambda jobs: run_cells(jobs, crew)).run()
    assert found.status.sel(die_at=-1).item() == "budget"
    assert found.status.sel(die_at=3).item() == "failed"
    assert np.isnan(found.x.sel(die_at=3).item())


def test_a_call_whose_worker_is_lost_is_made_once_more(crew):
    lost = crew.submit(signal.raise_signal, signal.SIGKILL)
    with pytest.raises(WorkerLost, match="SIGKILL"):
        lost.result(LONG)
    assert crew.submit(max, 1, 2).result(LONG) == 2


def test_an_error_in_a_call_is_told(crew):
    with pytest.raises(WorkerError, match="ValueError: invalid literal"):
        crew.submit(int, "seven").result(LONG)


def test_who_stops_listening_stops_the_runs():
    from lab.engine.cells import Job

    with Crew(1) as crew:
        jobs = [Job(source_of(Counting), {"raises": -1, "mend": False}, seed) for seed in range(3)]
        endless = Job(source_of(Troublesome), {}, 0, stop="x > 1e30")
        cells = run_cells([*jobs, endless, endless], crew)
        done = [next(cells)[0] for _ in jobs]
        assert sorted(done) == [0, 1, 2]
        cells.close()


def test_a_crew_that_went_home_takes_no_calls():
    crew = Crew(1)
    crew.shutdown()
    with pytest.raises(RuntimeError, match="gone home"):
        crew.submit(max, 1, 2)


def test_calls_that_have_not_begun_can_be_cancelled():
    with Crew(1) as crew:
        begun = threading.Event()
        first = crew.submit(max, 1, 2)
        first.add_done_callback(lambda _: begun.set())
        waiting = crew.submit(max, 3, 4)
        assert waiting.cancel() or waiting.result(LONG) == 4
        assert begun.wait(LONG)
