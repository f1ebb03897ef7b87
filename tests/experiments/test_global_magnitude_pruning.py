"""Global magnitude pruning: what is recorded is what the masks say, by every allocation."""

import pytest

from lab.core.mlp import Mlp
from lab.core.prune import erdos_renyi_kernel, reachable
from lab.engine import Session
from lab.experiments.sparsity.global_magnitude_pruning import UNEVEN, GlobalMagnitudePruning

NET = Mlp((144, 40, 256, 40, 10))


@pytest.mark.parametrize("arm", ["Global", "Minimum", "ERK", "Random"])
def test_counts_and_reach_are_those_of_the_masks(arm):
    controls = {"net": UNEVEN, "kept": 0.01, "cut": 2, "tune": 1, "least": 32}
    controls |= GlobalMagnitudePruning.arms.get(arm, {"allocation": "erk"})
    found = GlobalMagnitudePruning.controls_for(**controls)
    session = Session(GlobalMagnitudePruning, found, seed=3)
    session.advance(3)
    masks, trace = NET.weights(session.state["alive"]), session.trace
    counts = [int(m.sum()) for m in masks]
    assert trace["layers"][-1].tolist() == counts
    assert trace["compression"][-1] == pytest.approx(NET.weights_size / sum(counts))
    assert trace["outputs"][-1] == pytest.approx(float(reachable(masks).float().mean()))
    assert bool((session.state["w"][~session.state["alive"]] == 0).all())
    if arm == "ERK":
        assert counts == erdos_renyi_kernel(NET.shapes, 0.01)
    if arm == "Minimum":
        assert min(counts) >= 32
    picture = session.picture()
    assert len(picture["places"]) == len(trace["units"][-1]) == 5


def test_several_cuts_get_as_many_steps_as_one():
    heads = []
    for rounds in (1, 5):
        controls = GlobalMagnitudePruning.controls_for(rounds=rounds, cut=1, tune=10)
        session = Session(GlobalMagnitudePruning, controls, seed=3)
        session.advance(50)
        heads.append((session.head - rounds, session.state["tuned"]))
        assert session.trace["layers"][-1].sum() == 1270
    assert heads == [(10, 10), (10, 10)]
