"""Hidden structures: equal budgets for all schemes, and what is observed is what masks say."""

import pytest
import torch

from lab.core.mlp import Mlp
from lab.core.pairs import pair
from lab.core.prune import Prune
from lab.engine import Session
from lab.experiments.sparsity.hidden_structures import WORDS, HiddenStructures

NET = Mlp((144, 300, 10))


def run(steps, net="digits 300", **controls):
    found = HiddenStructures.controls_for(net=net, kept=0.05, rounds=2, cut=1, tune=4, **controls)
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
    pixels = session.picture()["inputs"]
    assert pixels.sum() == masks[0].sum()
    quiet = session.given.data["train"]["x"].var(0).argsort(stable=True)[:72].numpy()
    assert trace["quiet"][-1] == pytest.approx(pixels.reshape(-1)[quiet].mean() / pixels.mean())
    used = masks[0].any(1) & masks[1].any(0)
    assert trace["units"][-1][1] == pytest.approx(float(used.float().mean()))
    idle = sum(int(m.sum()) for m in (masks[0][~used], masks[1][:, ~used]))
    assert trace["dangling"][-1] == idle


def test_words_are_drawn_as_letters_by_places():
    session = run(20, net=WORDS, scheme="class-blinded")
    inputs = session.picture()["inputs"]
    assert inputs.shape == (7, 10)
    first = pair(WORDS).net.weights(session.state["alive"])[0]
    assert inputs[2, 4] == first[:, 4 * 7 + 2].sum()
    assert session.trace["quiet"][-1] < 1
