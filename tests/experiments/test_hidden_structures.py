"""Hidden structures: equal budgets for all schemes, and what is observed is what masks say."""

import pytest
import torch

from lab.core.mlp import Mlp
from lab.core.prune import Prune
from lab.engine import Session
from lab.experiments.sparsity.hidden_structures import RIM, HiddenStructures

NET = Mlp((144, 300, 10))


def run(steps, **controls):
    found = HiddenStructures.controls_for(
        net="144-300-10", kept=0.05, rounds=2, cut=1, tune=4, **controls
    )
    session = Session(HiddenStructures, found, seed=2)
    session.advance(steps)
    return session


@pytest.mark.parametrize(
    ("scheme", "allocation"), [("class-blinded", "global"), ("class-uniform", "uniform")]
)
def test_the_first_cut_is_that_of_the_rule(scheme, allocation):
    session = run(1, scheme=scheme)
    scores = [w.abs() for w in NET.weights(session.given.dense)]
    expected = NET.alive(Prune(allocation).masks(scores, 0.05**0.5))
    assert torch.equal(session.state["alive"], expected)
    assert torch.equal(session.state["w"], session.given.dense * expected)


def test_the_dense_network_is_trained_for_as_many_steps():
    dense, pruned = run(20, scheme="dense"), run(20, scheme="random")
    assert dense.state["tuned"] == pruned.state["tuned"] == 4
    assert dense.head == pruned.head == 6
    assert bool(dense.state["alive"].all())
    assert not torch.equal(dense.state["w"], dense.given.dense)
    masks = NET.weights(pruned.state["alive"])
    assert [int(m.sum()) for m in masks] == [2160, 150]
    assert bool((pruned.state["w"][~pruned.state["alive"]] == 0).all())


def test_measures_are_those_of_the_mask():
    session = run(20, scheme="class-uniform")
    masks, trace = NET.weights(session.state["alive"]), session.trace
    pixels = session.picture()["pixels"]
    assert pixels.sum() == masks[0].sum()
    assert trace["rim"][-1] == pytest.approx(pixels[RIM.numpy()].mean() / pixels.mean())
    used = masks[0].any(1) & masks[1].any(0)
    assert trace["units"][-1][1] == pytest.approx(float(used.float().mean()))
    idle = sum(int(m.sum()) for m in (masks[0][~used], masks[1][:, ~used]))
    assert trace["dangling"][-1] == idle
