"""Net-Trim on layers: shares, answers and rivals are those of the weights that are drawn."""

import numpy as np
import pytest
import torch

from lab.engine import Session
from lab.experiments.sparsity.net_trim import PLANTED, RIVALS, SECOND, NetTrim, thinned

SMALL = {"layer": PLANTED, "inputs": 40, "each": 3}


def run(steps, **controls):
    session = Session(NetTrim, NetTrim.controls_for(**controls), seed=2)
    session.advance(steps)
    return session


def test_a_planted_layer_is_recovered_from_enough_samples_only():
    enough = run(400, **SMALL, samples=60, slack=0.01)
    assert enough.trace["recovered"][-1] == 1
    assert enough.trace["kept"][-1] == pytest.approx(3 / 40, abs=0.01)
    assert run(200, **SMALL, samples=10, slack=0.01).trace["recovered"][-1] < 0.3


def test_the_planted_layer_has_as_many_weights_as_was_asked():
    session = run(0, **SMALL)
    w = session.given.layer_of["w"]
    assert ((w != 0).sum(0) == 3).all() and set(w.unique().tolist()) == {-1, 0, 1}
    assert np.array_equal(session.picture()["planted"], (w != 0).numpy())


def test_without_relu_all_answers_count():
    made = run(0, **SMALL, relu=False).given.layer_of
    assert made["problem"]["on"].all() and (made["y"] < 0).any()


@pytest.fixture(scope="module")
def digits():
    return run(100, layer=SECOND, slack=0.3, samples=100)


def test_the_layer_starts_whole_and_its_bias_is_not_counted(digits):
    assert digits.trace["kept"][0] == pytest.approx(1, abs=0.01)
    assert digits.trace["deviation"][0] == pytest.approx(0, abs=1e-6)
    after = digits.picture()["alive"]
    assert after.shape == (100, 40)
    assert digits.trace["kept"][-1] == pytest.approx(after.mean(), abs=1e-6) and after.mean() < 0.5


@pytest.mark.parametrize("rival", RIVALS)
def test_a_rival_moves_the_answers_no_further_with_what_it_keeps(digits, rival):
    made, distance = digits.given.layer_of, float(digits.trace["deviation"][-1])
    share, free = float(digits.trace[f"by_{rival}"][-1]), made["free"]
    for kept, nearer in ((share, True), (share - 0.03, False)):
        left = thinned(made, rival, torch.tensor(kept))
        assert torch.equal(left[free], made["w"][free])
        assert (left[~free] != 0).double().mean() == pytest.approx(kept, abs=0.011)
        moved = ((made["x"] @ left).relu() - made["y"]).norm() / made["y"].norm()
        assert (float(moved) <= distance + 1e-6) == nearer


def test_evenly_is_as_many_in_each_column(digits):
    left = (thinned(digits.given.layer_of, "even", torch.tensor(0.3))[1:] != 0).sum(0)
    assert (left == left[0]).all() and 0.29 <= left[0] / 100 <= 0.31


def test_with_all_weights_accuracy_is_that_of_the_network(digits):
    assert digits.trace["accuracy"][0] > 0.8
    for rival in RIVALS:
        rivals = digits.trace[f"accuracy_by_{rival}"]
        assert digits.trace["accuracy"][0] == pytest.approx(rivals[0])
