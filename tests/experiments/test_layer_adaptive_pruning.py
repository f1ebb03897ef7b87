"""Layer-adaptive pruning: what is drawn and recorded is what the masks themselves would give."""

import numpy as np
import pytest
import torch

from lab.core.pairs import pair
from lab.engine import Session
from lab.experiments.sparsity.layer_adaptive_pruning import (
    SHARES,
    SHOWN,
    SPIRALS,
    LayerAdaptivePruning,
)

NET = pair(SPIRALS).net


@pytest.fixture(scope="module")
def run():
    controls = LayerAdaptivePruning.controls_for(net=SPIRALS, kept=0.2, cut=4, tune=3)
    session = Session(LayerAdaptivePruning, controls, seed=1)
    session.advance(4)
    return session


def test_distortion_is_that_of_the_pruned_network(run):
    x = run.given.data["train"]["x"][:SHOWN]
    lost = NET.logits(run.given.dense, x) - NET.logits(run.state["w"], x)
    assert run.trace["distortion"][-1] == pytest.approx(float((lost**2).sum(1).mean()), rel=1e-4)
    assert bool((run.state["w"] == run.given.dense * run.state["alive"]).all())


def test_the_budget_is_kept_and_the_sum_is_that_of_the_levels(run):
    masks = NET.weights(run.state["alive"])
    kept = sum(int(m.sum()) for m in masks)
    assert 0.99 * 0.2 * NET.weights_size <= kept <= round(0.2 * NET.weights_size)
    plan, table = run.given.plan["plan"], run.given.plan["table"]
    levels = plan.choose(table, round(0.2 * NET.weights_size))
    assert [int(m.sum()) for m in masks] == [c[i] for c, i in zip(plan.counts, levels)]
    total = sum(float(c[i]) for c, i in zip(plan.costs, levels))
    assert run.trace["predicted"][-1] == pytest.approx(total, rel=0.02)


def test_points_lie_on_their_curves(run):
    picture = run.picture()
    for i, name in enumerate(("first", "second", "last")):
        (x, y), *_ = picture[name]
        line = picture["lines"].reshape(3, len(SHARES) - 1, 4)[i]
        assert y == pytest.approx(np.interp(x, [*line[:, 0], 1], [*line[:, 1], 0]), abs=1e-4)
    assert picture["alive"].shape == picture["weights"].shape


def test_the_dead_stay_dead_while_the_rest_is_tuned(run):
    before = run.state["alive"].clone()
    run.advance(3)
    assert bool((run.state["w"][~before] == 0).all())
    assert not torch.equal(run.state["w"], run.given.dense * before)
    assert run.sentence.endswith("tuned for 3 steps")
