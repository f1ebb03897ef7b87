"""Rounds cut to their share, what survives begins again, twins say how far apart they end."""

import pytest
import torch

from lab.core.pairs import pair
from lab.engine import Session

NET = pair("clusters 32").net
SHORT = {"generations": 10, "rounds": 2}


def run(steps, **controls):
    session = Session("evolutionary-tickets", controls={**SHORT, **controls}, seed=1)
    session.advance(steps)
    return session


def weights(flat):
    return torch.cat([w.reshape(-1) for w in NET.weights(flat)])


@pytest.fixture(scope="module")
def cut():
    """After the first cut, before anything has evolved."""
    return run(10)


def test_the_least_sure_weights_go_and_the_rest_begins_again_at_the_old_start(cut):
    dense, alive = cut.given.dense, cut.state["alive"]
    sure = weights(dense["mean"]).abs() / weights(dense["log_spread"].exp())
    lives = weights(alive)
    assert lives.sum() == round(0.36 * NET.weights_size)
    assert sure[lives].min() >= sure[~lives].max()
    torch.testing.assert_close(cut.state["mean"], cut.given.start["old"] * alive)
    assert cut.state["log_spread"].unique().numel() == 1


def test_the_dead_stay_dead_and_rounds_go_down_to_their_share():
    session = run(100)
    assert session.k == 40 and session.status == "finished"
    alive = session.state["alive"]
    assert weights(alive).sum() == round(0.36**2 * NET.weights_size)
    assert (session.state["mean"][~alive] == 0).all()


@pytest.mark.parametrize("score", ["lot", "magnitude", "magnitude, each layer"])
def test_other_rules_choose_otherwise(cut, score):
    other = run(10, score=score)
    assert (other.state["alive"] != cut.state["alive"]).any()
    assert weights(other.state["alive"]).sum() == weights(cut.state["alive"]).sum()


def test_each_layer_may_keep_the_same_share():
    alive = NET.weights(run(10, score="magnitude, each layer").state["alive"])
    assert [int(layer.sum()) for layer in alive] == [184, 46]


def test_a_new_start_keeps_the_mask_and_changes_the_weights(cut):
    other = run(10, again="new start")
    assert (other.state["alive"] == cut.state["alive"]).all()
    torch.testing.assert_close(other.state["mean"], cut.given.start["new"] * cut.state["alive"])


def test_the_line_between_twins_ends_at_the_networks_themselves(cut):
    test = cut.given.data["test"]
    loss = NET.loss(cut.given.dense["mean"], test["x"], test["y"])
    torch.testing.assert_close(cut.given.twins["lines"][0, 0], loss)
    assert (cut.given.twins["apart"] > 0).all()
