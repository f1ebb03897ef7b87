"""The spectrum is the matrix's; equal starts; ranks, numbers and the cut are what they say."""

import numpy as np
import pytest
import torch

from lab.core.mlp import minibatch
from lab.core.pairs import pair
from lab.core.random import Rng
from lab.engine import Session
from lab.experiments.decomposition.low_rank_tickets import (
    BATCH,
    DIGITS,
    NETWORK,
    WORDS,
    matrix,
    values,
)

METHODS = ("K, L, S", "A B'", "dense")


def run(steps, **controls):
    session = Session("low-rank-tickets", controls=controls, seed=4)
    session.advance(steps)
    return session


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("task", [{}, {**NETWORK, "net": WORDS}])
def test_spectrum_is_that_of_the_matrix(method, task):
    for layer in run(2, **task, method=method).state["layers"]:
        expected = torch.linalg.svdvals(matrix(layer))
        found = values(layer)
        torch.testing.assert_close(found, expected[: len(found)], rtol=1e-3, atol=1e-5)


def test_low_rank_methods_start_from_the_same_matrix():
    one, other = (run(0, method=m).state["layers"][0] for m in METHODS[:2])
    torch.testing.assert_close(matrix(one), matrix(other))


def test_the_table_is_found_at_its_rank():
    session = run(40)
    assert session.trace["rank_now"][-1] == 5
    assert session.trace["error"][-1] < 1e-3
    picture = session.picture()
    np.testing.assert_allclose(picture["values"][:5], picture["table"][:5], rtol=1e-2)
    assert np.isnan(picture["values"][5:]).all()
    assert session.trace["numbers"][-1] == pytest.approx((2 * 40 * 5 + 25) / 1600)


def test_dense_training_is_descent_on_all_weights():
    session = run(0, **NETWORK, method="dense")
    before, rest = session.state["layers"][0]["w"].clone(), session.state["rest"].clone()
    data = session.given.data["train"]
    session.advance(1)
    batch = minibatch(data, Rng(4).at(0), BATCH)
    net = pair(DIGITS).net
    _, slope = net.gradient(rest, *batch)
    moved = before - NETWORK["rate"] * net.weights(slope)[0]
    torch.testing.assert_close(session.state["layers"][0]["w"], moved)
    assert session.trace["rank_now"][-1] == 64


def test_a_larger_cut_leaves_a_smaller_rank():
    ranks = [run(4, **{**NETWORK, "cut": cut}).trace["rank_now"][-1] for cut in (0.05, 0.3, 0.5)]
    assert ranks[0] > ranks[1] > ranks[2] >= 1
