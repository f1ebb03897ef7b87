"""Equalisation of a network out of balance: what is shown is what the networks themselves give."""

import numpy as np
import pytest
import torch

from lab.core.equalization import answers, ranges
from lab.core.pairs import pair
from lab.core.quantize import Uniform
from lab.engine import Session
from lab.experiments.sparsity.weight_equalization import WORDS, WeightEqualization

NET = pair(WORDS).net


def run(steps, **controls):
    controls = WeightEqualization.controls_for(net=WORDS, **controls)
    session = Session(WeightEqualization, controls, seed=1)
    session.advance(steps)
    return session


@pytest.fixture(scope="module")
def whole():
    return run(40, share=1.0, rounds=20)


def test_out_of_balance_it_is_still_the_network_that_was_trained(whole):
    test = whole.given.data["test"]
    trained = NET.logits(whole.given.trained, test["x"])
    torch.testing.assert_close(whole.given.network["answers"], trained)
    torch.testing.assert_close(answers(whole.state["layers"], test["x"]), trained)
    assert whole.trace["changed"][-1] < 1e-9
    assert whole.trace["exact"][-1] == pytest.approx(
        float(NET.accuracy(whole.given.trained, **test))
    )


def test_accuracy_before_and_now_is_that_of_rounded_weights(whole):
    test = whole.given.data["test"]
    for name, layers in (
        ("before", whole.given.network["layers"]),
        ("equal", whole.state["layers"]),
    ):
        rough = [(Uniform(8)(w), b) for w, b in layers]
        right = (answers(rough, test["x"]).argmax(1) == test["y"]).double().mean()
        assert whole.trace[name][-1] == pytest.approx(float(right))
    assert whole.trace["before"][-1] < 0.55 < 0.85 < whole.trace["equal"][-1]
    assert whole.trace["equal"][0] == whole.trace["before"][0]


def test_ranges_are_drawn_widest_first_and_meet(whole):
    picture = whole.picture()
    np.testing.assert_allclose(picture["into"], picture["out"], rtol=1e-3)
    into, out = ranges(*whole.given.network["layers"][:2])
    first = run(0).picture()
    np.testing.assert_allclose(first["into"], into.sort(descending=True).values, rtol=1e-6)
    assert np.abs(np.log(first["into"] / first["out"])).max() > 3
    assert (first["codes"] == 0).mean() > 0.5 > (picture["codes"] == 0).mean()


def test_the_histogram_counts_the_first_layer_by_code(whole):
    picture = whole.picture()
    w = whole.state["layers"][0][0]
    assert picture["weights"].sum() == w.numel()
    low, high = picture["interval"]
    assert picture["place"][0] < low < high < picture["place"][-1]


def test_part_of_the_way_comes_to_the_same_end(whole):
    slow = run(60, share=0.6, rounds=30)
    for (w, b), (v, a) in zip(slow.state["layers"], whole.state["layers"]):
        torch.testing.assert_close(w, v, rtol=1e-3, atol=1e-6)
        torch.testing.assert_close(b, a, rtol=1e-3, atol=1e-6)
