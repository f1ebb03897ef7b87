"""Sketches add what they say, rank as they say, and end when nothing is left to keep."""

import numpy as np
import pytest
import torch

from lab.engine import Session


def run(steps, **controls):
    session = Session("sketching-at-init", controls=controls, seed=2)
    session.advance(steps)
    return session


def test_a_sketch_is_the_rescaled_sum_of_its_draws():
    session = run(25)
    layer, state = session.given.layer, session.state
    scaled = state["drawn"] * layer["w"] / (25 * layer["chances"])
    torch.testing.assert_close(state["sums"] / 25, scaled @ layer["x"].T)
    assert (state["drawn"].sum(1) == 25).all()
    assert session.trace["kept"][-1] == pytest.approx((state["drawn"] > 0).sum(1).double().mean())


def test_the_largest_are_kept_in_order_until_all_are():
    session = run(30, pick="largest")
    layer = session.given.layer
    alive = session.picture()["alive"]
    assert alive[:, :30].all() and not alive[:, 30:].any()
    score = layer["w"].abs() * layer["x"].norm(dim=0)
    kept = session.state["drawn"][0] > 0
    assert score[kept].min() >= score[~kept].max()
    session.advance(1_000)
    assert session.k == 400 and session.trace["error"][-1] < 1e-12


def test_chances_look_at_what_the_score_says():
    blind, seeing, lot = (
        run(1, score=score).given.layer["chances"]
        for score in ("weight", "weight and data", "none")
    )
    w = run(1).given.layer["w"].abs()
    torch.testing.assert_close(blind, w / w.sum())
    assert not torch.allclose(blind, seeing)
    np.testing.assert_allclose(lot, 1 / 400)


def test_weights_of_one_size_are_ranked_by_lot_and_not_by_place():
    order = run(1, weights="signs", score="weight", pick="largest").given.layer["order"]
    assert sorted(order.tolist()) == list(range(400)) and order.tolist() != list(range(400))


def test_the_first_layer_of_a_network_that_looks_at_digits():
    session = run(30, net="digits 100-100", pick="largest")
    layer = session.given.layer
    assert layer["x"].shape == (100, 144) and layer["w"].shape == (144,)
    assert layer["w"].std() == pytest.approx((2 / 144) ** 0.5, rel=0.2)
    session.advance(1_000)
    assert session.k == 144 and session.trace["error"][-1] < 1e-12
