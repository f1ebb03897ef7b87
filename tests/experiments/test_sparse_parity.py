"""Sparse parity: what is recorded and drawn is what the network in the open says."""

import numpy as np
import pytest
import torch

from lab.core.metrics import memorised, onset
from lab.engine import Grid, Session
from lab.engine.study import Study
from lab.experiments.grokking.sparse_parity import DRAWN, FEW, SOME, SparseParity, value

SMALL = SparseParity.controls_for(n=14, size=2, shown=80, width=60)
SOON = "test_acc > 0.999 or k >= 4000"


@pytest.fixture(scope="module")
def run():
    session = Session(SparseParity, SMALL, seed=1)
    session.advance(500)
    return session


def ranked(weights):
    """The neurons, strongest first."""
    into = torch.cat([weights["hidden"], weights["bias"][:, None]], 1).norm(dim=1)
    return (into * weights["votes"].abs()).argsort(descending=True)


def cut(weights, m, x):
    """Answers, +1 or -1, of the m strongest neurons."""
    kept = ranked(weights)[:m]
    active = (x @ weights["hidden"][kept].T + weights["bias"][kept]).relu()
    return torch.where(active @ weights["votes"][kept] > 0, 1.0, -1.0)


def test_accuracies_and_neurons_needed_are_those_of_the_cut_network(run):
    data, trace = run.given.data, run.trace
    for part in ("train", "test"):
        x, y = data[part]["x"], data[part]["y"]
        for name, m in ((f"{part}_acc", 60), (f"few_{part}", FEW)):
            right = (cut(run.state, m, x) == y).double().mean()
            assert trace[name][-1] == pytest.approx(float(right), abs=1e-6)
    x = data["test"]["x"][:SOME]
    whole = cut(run.state, 60, x)
    alike = [float((cut(run.state, m, x) == whole).double().mean()) for m in range(1, 61)]
    needed = int(trace["needed"][-1])
    assert 1 < needed < 60
    assert min(alike[needed - 1 :]) >= 0.95 > alike[needed - 2]


def test_shares_of_the_bits(run):
    bits, subset = run.trace["bits"][-1], run.given.data["subset"]
    power = run.state["hidden"].square().sum(0)
    np.testing.assert_allclose(bits, power / power.sum(), rtol=1e-5)
    assert run.trace["true"][-1] == pytest.approx(bits[subset.numpy()].sum(), rel=1e-5)


def test_the_picture_shows_the_strongest_neurons_first(run):
    picture, data = run.picture(), run.given.data
    chosen = ranked(run.state)[:DRAWN]
    weights = run.state["hidden"][chosen] * run.state["votes"][chosen].abs()[:, None]
    np.testing.assert_allclose(
        picture["weights"], (weights / weights.abs().max()).T.flip(0), atol=1e-6
    )
    kept = picture["kept"].astype(int)
    assert kept[0] == 1 and kept[-1] == 60 and (np.diff(kept) > 0).all()
    for name in ("train", "test"):
        x, y = data[name]["x"], data[name]["y"]
        for i in (0, 5, -1):
            right = (cut(run.state, int(kept[i]), x) == y).double().mean()
            assert picture[name][i] == pytest.approx(float(right), abs=1e-6)


def test_it_remembers_first_and_a_few_neurons_take_over():
    record = ("test_acc", "train_acc", "needed", "true")
    small = SMALL | {"n": 20, "shown": 90}
    grid = Grid(seeds=2, set=small, stop=SOON, keep="log", record=record)
    d = Study(SparseParity, grid).run()
    known, late = memorised(d.train_acc), onset(d.test_acc)
    assert bool((late < np.inf).all()) and bool((late > known).all())
    assert bool((value(d.needed, late) < d.needed.sel(k=0) / 3).all())
    assert bool((value(d.true, late) > 2 * d.true.sel(k=0)).all())
