"""Lazy first, rich later: what is drawn and recorded is what it says, on few points."""

import numpy as np
import pytest

from lab.core.quadratic_network import QuadraticNetwork
from lab.engine import Session
from lab.experiments.grokking.lazy_rich import LazyRich

SMALL = {"size": 12, "shown": 60, "width": 40, "alpha": 1.0, "rate": 1.0}


@pytest.fixture(scope="module")
def run():
    session = Session(LazyRich, LazyRich.controls_for(**SMALL), seed=2)
    session.advance(400)
    return session


def test_the_closed_form_of_the_test_loss_is_that_of_drawn_inputs(run):
    """Over a fall by a factor of five at least; 600 inputs tell it to some percent."""
    exact, sampled = run.trace["test_loss"], run.trace["sampled"]
    assert exact[0] > 5 * exact[-1]
    np.testing.assert_allclose(exact, sampled, rtol=0.3)


def test_a_network_of_large_scale_ends_at_its_first_kernels_regression():
    controls = SMALL | {"alpha": 1000.0, "rate": 4.0, "bend": 1.0}
    session = Session(LazyRich, LazyRich.controls_for(**controls), seed=2)
    session.advance(3_000)
    assert session.trace["train_loss"][-1] < 1e-4
    assert session.trace["sampled"][-1] == pytest.approx(session.trace["lazy"][-1], rel=0.01)
    assert session.trace["lazy"][-1] > 0.3  # sixty points are too few for the kernel


def test_neurons_turn_into_the_hidden_direction(run):
    ratio = run.trace["along"] / run.trace["across"]
    assert ratio[0] < 3 and ratio[-1] > 10 * ratio[0]
    assert run.trace["alignment"][-1] > 3 * run.trace["alignment"][0]
    assert run.trace["alignment"].max() < 3 / (12 + 8) ** 0.5


def test_second_moments_are_those_of_the_neurons(run):
    w, u = run.state["w"].double(), run.given.points["direction"].double()
    assert run.trace["along"][-1] == pytest.approx(float(((w @ u) ** 2).mean()), rel=1e-5)
    total = float((w**2).sum(1).mean())
    found = run.trace["along"][-1] + 11 * run.trace["across"][-1]
    assert found == pytest.approx(total, rel=1e-5)


def test_picture_shows_answers_neurons_and_kernel(run):
    picture, points = run.picture(), run.given.points
    u, w = points["direction"], run.state["w"]
    network = QuadraticNetwork(1.0, LazyRich.controls_for(**SMALL)["bend"])
    start = run.given.start["mean"], run.given.start["second"]
    answers = network.output(network.since(network.moments(w), start), points["shown"])
    np.testing.assert_allclose(picture["shown"][:, 1], answers, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(picture["shown"][:, 0], points["shown"] @ u, rtol=1e-5)
    np.testing.assert_allclose(picture["neurons"][:, 0], w @ u, rtol=1e-4, atol=1e-5)
    other = points["other"]
    rows, columns = (x[(x @ u).argsort()] for x in (other[:48], other[48:96]))
    kernel = network.kernel(network.moments(w), rows, columns)
    np.testing.assert_allclose(picture["kernel"], kernel, rtol=1e-4, atol=1e-5)


def test_a_lazy_network_hardly_moves():
    far = []
    for alpha in (0.1, 30.0):
        session = Session(LazyRich, LazyRich.controls_for(**SMALL | {"alpha": alpha, "rate": 0.1}))
        before = session.state["w"].clone()
        session.advance(60)
        far.append(float((session.state["w"] - before).norm() / before.norm()))
    assert far[1] < 0.05 * far[0]
