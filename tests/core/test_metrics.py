"""Measures on recorded data, against closed forms."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from lab.core.metrics import (
    at,
    best,
    first,
    halved,
    memorised,
    onset,
    seconds_to,
    slope,
    which_law,
)


def test_slope_of_a_power_law_and_what_is_not_a_number():
    k = np.arange(1.0, 100)
    y = xr.DataArray(np.stack([k**-1.5, k**2]), dims=("arm", "k"), coords={"k": k})
    y[0, 50:] = np.nan
    assert np.allclose(slope(y, y.k, "k"), [-1.5, 2])
    assert slope(y + 100 * (y.k < 5), y.k, "k", window=(5, 40)).values == pytest.approx([-1.5, 2])


def test_first_and_at():
    y = xr.DataArray([3.0, 2, 1, 0.5], dims="k", coords={"k": [0, 2, 4, 8]})
    assert first(y, below=1.5) == 4
    assert first(y, below=0.1) == np.inf
    assert at(y, 5) == 1


def test_halved_counts_from_each_rows_own_start():
    y = xr.DataArray(
        [[9.0, 8.0, 5.0, 3.9, 9.0], [1.0, 8.0, 6.0, 5.0, 4.5], [1.0, 1.0, 1.0, 1.0, 0.0]],
        dims=("seed", "k"),
        coords={"k": [0, 10, 20, 30, 40]},
    )
    since = xr.DataArray([10, 10, np.inf], dims="seed")
    assert halved(y, since).values.tolist() == [30, np.inf, np.inf]
    assert halved(y, xr.zeros_like(since)).values.tolist() == [30, np.inf, 40]


def accuracy(*rows):
    """Accuracies of some seeds at steps 0, 10, 20, ..."""
    k = 10 * np.arange(len(rows[0]))
    return xr.DataArray(list(rows), dims=("seed", "k"), coords={"k": k})


def test_memorised_is_the_first_step_with_that_share_right():
    shown = accuracy([0.5, 0.99, 1.0, 0.9], [0.5, 0.6, 0.98, np.nan])
    assert memorised(shown).values.tolist() == [10, np.inf]
    assert memorised(shown, level=0.98).values.tolist() == [10, 20]


def test_onset_is_above_the_level_and_near_the_best_of_the_run():
    hidden = accuracy(
        [0.5, 0.96, 0.97, 0.985, 0.99],  # passes 95 % at 10, but rises further
        [0.5, 0.995, 0.9, 1.0, 1.0],  # a dip later on does not matter
        [0.5, 0.9, 0.95, 0.95, 0.94],  # its best is not above the level
        [0.5, 0.96, np.nan, np.nan, np.nan],  # stopped there
    )
    assert onset(hidden).values.tolist() == [30, 10, np.inf, 10]
    assert onset(hidden, near=0.05).values.tolist() == [10, 10, np.inf, 10]
    assert onset(hidden, level=0.9).values.tolist() == [30, 10, 20, 10]


def test_seconds_to_a_step_are_that_share_of_the_runs():
    times = {"seconds": ("seed", [4.0, 3.0, 2.0]), "steps": ("seed", [40.0, 30.0, 40.0])}
    d = xr.Dataset(times)
    found = seconds_to(d, xr.DataArray([10.0, 30.0, np.inf], dims="seed"))
    assert found.values.tolist() == [1.0, 3.0, np.inf]


def test_a_step_over_k_needs_rows_over_k():
    for measure in (memorised, onset):
        with pytest.raises(ValueError, match="no dimension 'k'"):
            measure(xr.DataArray([0.5], dims="seed"))


def test_best_is_one_value_for_all_seeds_and_refuses_the_edge():
    lr = [0.1, 0.2, 0.4]
    gap = xr.DataArray([[3.0, 1, 2], [3.0, 1, np.nan]], dims=("seed", "lr"), coords={"lr": lr})
    d = xr.Dataset({"gap": gap})
    assert float(best(d, over="lr", by="gap").best_lr) == 0.2
    with pytest.raises(ValueError, match="edge of its grid"):
        best(d.isel(lr=[1, 2]), over="lr", by="gap")


@pytest.mark.parametrize(
    ("law", "y"), [("flat", lambda x: 3 + 0 * x), ("log", np.log), ("power", lambda x: x**0.5)]
)
def test_which_law(law, y):
    x = np.geomspace(4, 4096, 8)
    noise = 1 + 0.01 * np.random.default_rng(0).standard_normal(8)
    values = xr.DataArray(y(x) * noise, dims="n", coords={"n": x})
    assert which_law(values, values.n, "n") == law


def test_one_more_parameter_must_describe_the_points_clearly_better():
    x = np.geomspace(4, 4096, 8)
    values = xr.DataArray(1 + 0.01 * np.random.default_rng(1).standard_normal(8), dims="n")
    fitted = np.polyfit(np.log(x), values, 1)
    assert np.var(values - np.polyval(fitted, np.log(x))) < np.var(values)
    assert which_law(values, x, "n") == "flat"


def test_importing_the_measures_does_not_import_xarray():
    code = "import lab.core.metrics, sys; print('xarray' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
