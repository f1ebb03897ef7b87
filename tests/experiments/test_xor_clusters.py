"""XOR clusters: what is drawn and observed is what the weights themselves would give."""

import numpy as np
import pytest
import torch

from lab.core.random import Rng
from lab.core.signed_network import SignedNetwork
from lab.engine import Session
from lab.experiments.grokking.xor_clusters import ACROSS, NEURONS, TESTS, XorClusters

SMALL = XorClusters.controls_for(n=20, p=900, signal=16.0, flips=0.1, lr=0.1, start=1e-3)


@pytest.fixture(scope="module")
def run():
    session = Session(XorClusters, SMALL, seed=1)
    session.advance(40)
    return session


@pytest.fixture(scope="module")
def weights(run):
    """The network of these products with its weights in the open: (examples, weights)."""
    products, rng = run.given.products, Rng(1)
    x = rng.normal("noise", (20 + TESTS, 900))
    x[:, :2] = products["plane"]
    start = 1e-3 * rng.normal("weights", (NEURONS, 900))
    return x, start + run.state["memory"] @ x[:20]


def test_neurons_are_drawn_where_they_point(run, weights):
    x, w = weights
    torch.testing.assert_close(w @ x.T, run.state["pre"], rtol=1e-3, atol=1e-4)
    points = run.picture()["neurons"]
    expected = (w[:, :2] / w.norm(dim=1, keepdim=True)).numpy()
    np.testing.assert_allclose(points[:, :2], expected, rtol=1e-3, atol=1e-5)
    assert set(points[:, 2].tolist()) == {0.0, 1.0}


def test_the_map_is_the_mean_answer_around_a_place(run, weights):
    x, w = weights
    length = float(run.given.products["length"])
    row, column = 3, 17
    place = torch.linspace(-1.5, 1.5, ACROSS) * length
    moved = x[20:60].clone()
    moved[:, 0], moved[:, 1] = place[column], place[ACROSS - 1 - row]
    answer = SignedNetwork(0.1).output(w @ moved.T).sign().mean()
    assert run.picture()["decision"][row, column] == pytest.approx(float(answer), abs=1e-5)


def test_linear_neurons_are_linear_and_never_leave_the_toss():
    session = Session(XorClusters, SMALL | {"slope": 1.0}, seed=1)
    session.advance(60)
    np.testing.assert_allclose(session.trace["linear"], 1.0, atol=1e-5)
    assert session.trace["train_acc"][-1] == 1.0
    assert 0.4 < session.trace["test_acc"][-1] < 0.6


def test_relu_learns_the_cross_and_keeps_wrong_labels(run):
    assert run.trace["wrong"][-1] == 1.0
    assert run.trace["test_acc"][-1] > run.trace["test_acc"][1] + 0.2
    assert run.trace["linear"][1] > 0.9 > run.trace["linear"][-1]
    wrong = run.given.labels["wrong"]
    shown, true = run.given.labels["shown"], run.given.products["label"][:20]
    assert torch.equal(shown != true, wrong) and wrong.any()
