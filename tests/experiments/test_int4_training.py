"""Training on gradients of few bits: the pass, the rules, and the picture of the gradients."""

import numpy as np
import pytest
import torch

from lab.core.pairs import pair
from lab.core.random import Rng
from lab.engine import Session
from lab.experiments.sparsity.int4_training import (
    ALL,
    BINS,
    FEEDBACK,
    FULL,
    LARGE,
    WHOLE,
    Int4Training,
    backward,
)

NET = pair("digits 64-64").net
ONES = torch.ones(3)


class Controls:
    def __init__(self, **values):
        defaults = Int4Training.controls_for() | values
        self.__dict__.update(defaults)


def examples():
    rng = Rng(0)
    return NET.init(rng), rng.normal("x", (32, 144)), rng.integers("y", 0, 10, (32,))


def run(steps, **controls):
    session = Session(Int4Training, Int4Training.controls_for(**controls), seed=1)
    session.advance(steps)
    return session


def test_without_rounding_the_pass_is_the_exact_one():
    flat, x, y = examples()
    loss, gradient, shares, errors, shown = backward(
        Controls(rule=FULL, weight_bits=16), flat, x, y, ONES
    )
    expected_loss, expected = NET.gradient(flat, x, y)
    torch.testing.assert_close(loss, expected_loss)
    torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-6)
    assert torch.equal(shares, ONES) and errors.abs().max() == 0
    assert shown.shape == (32, 64)


@pytest.mark.parametrize("rule", [WHOLE, ALL, LARGE, FEEDBACK])
def test_more_bits_come_closer_to_the_exact_gradient(rule):
    flat, x, y = examples()
    _, exact = NET.gradient(flat, x, y)
    apart = []
    for bits in (2, 4, 8):
        controls = Controls(rule=rule, bits=bits, weight_bits=16)
        gradient, errors = (backward(controls, flat, x, y, ONES)[i] for i in (1, 3))
        apart.append(float((gradient - exact).norm() / exact.norm()))
        assert (errors > 0).all()
    assert apart[0] > 2 * apart[1] > 4 * apart[2]


def test_the_last_layer_has_few_values_and_the_feedback_moves_the_interval():
    flat, x, y = examples()
    controls = Controls(rule=FEEDBACK, bits=4, rate=0.05, large=0.1)
    _, gradient, shares, _, _ = backward(controls, flat, x, y, ONES)
    assert ((shares - 0.95).abs() < 1e-6).all()
    biases = NET.layers(gradient)[-1][1]
    assert biases.unique().numel() > 1


def test_it_learns_and_draws_the_gradients_that_it_rounded():
    session = run(60, rule=LARGE)
    assert session.trace["accuracy"][-1] > 0.6 > 0.2 > session.trace["accuracy"][0]
    assert session.trace["large_mean"][-1] < session.trace["all_mean"][-1]
    picture, shown = session.picture(), session.state["shown"].abs().numpy()
    counts, edges = np.histogram(shown / shown.max(), BINS, (0, 1))
    assert picture["gradients"].sum() == shown.size
    assert abs(picture["gradients"] - counts).sum() <= 2  # on an edge, by rounding
    np.testing.assert_allclose(picture["size"], (edges[1:] + edges[:-1]) / 2, rtol=1e-6)
    assert picture["interval"].tolist() == [float(session.state["shares"][1])]


def test_two_bits_over_the_whole_range_do_not_learn_but_by_lot_they_do():
    assert run(100, rule=WHOLE, bits=2).trace["accuracy"][-1] < 0.5
    assert run(100, rule=WHOLE, bits=2, lot=True).trace["accuracy"][-1] > 0.7
