"""The losses are those of the definition, and the sheets show the network's own decoding."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, kl_div

from lab.engine import Session
from lab.experiments.fixed_point.consistency_tuning import (
    ConsistencyTuning,
    language,
    losses,
    network,
)

CHECK = ConsistencyTuning.controls_for(preset="check")


@pytest.fixture(scope="module")
def run():
    session = Session(ConsistencyTuning, CHECK, seed=1)
    session.advance(12)
    return session


def test_losses_are_torchs_and_the_end_teaches_only(run):
    own, c = run.given.own, run.controls
    x, early, fixed = own["x"][:5], own["guesses"][1, :5], own["guesses"][-1, :5]
    flat = run.state["w"].clone().requires_grad_()
    view = type("Controls", (), c)
    distance, follow = losses(view, flat, x, early, fixed)

    to, net = language(view), network(view)
    guess = net.logits(flat, to.before(x, early), to.longest).log_softmax(-1)
    end = net.logits(flat, to.before(x, fixed), to.longest).log_softmax(-1)
    expected = kl_div(guess, end.detach(), log_target=True, reduction="sum") / 5
    torch.testing.assert_close(distance, expected)
    torch.testing.assert_close(follow, cross_entropy(end.flatten(0, 1), fixed.flatten()))
    (ours,) = torch.autograd.grad(distance, flat, retain_graph=True)
    (theirs,) = torch.autograd.grad(expected, flat)
    torch.testing.assert_close(ours, theirs)


def test_the_end_of_a_trajectory_is_a_fixed_point_of_the_network_it_comes_from(run):
    own = run.given.own
    calls = own["calls"]
    rows = torch.arange(len(calls))
    assert torch.equal(own["guesses"][calls, rows], own["guesses"][-1])
    before = (own["guesses"][calls - 1, rows] == own["guesses"][-1]).all(1)
    # Only a decoding that took a call for each token may end with a change.
    assert (before | (calls == own["guesses"].shape[2])).all()


def test_without_both_losses_nothing_is_learned():
    session = Session(ConsistencyTuning, CHECK | {"consistency": 0.0, "anchor": 0.0}, seed=1)
    session.advance(12)
    assert torch.equal(session.state["w"], session.given.net)
    assert session.trace.assessed["fewer"][-1] == 1


def test_the_sheets_have_a_row_for_each_call(run):
    before = run.picture(0)
    for name in ("before", "now"):
        np.testing.assert_array_equal(before[name], before["before"])
    filled = np.isfinite(run.picture()["before"]).all(1).sum()
    assert filled == 1 + run.given.test["calls"].max()
