"""Wires stay wires, nothing is pulled before its time, and the map is the network's answer."""

import numpy as np
import pytest
import torch

from lab.core.pairs import pair
from lab.engine import Session
from lab.experiments.sparsity.linear_units import ACROSS, MOONS, REACH, SPIRALS


def run(steps, **controls):
    session = Session("linear-units", controls={"begin": 20, **controls}, seed=1)
    session.advance(steps)
    return session


@pytest.fixture(scope="module")
def pulled():
    return run(240, pull=0.1)


def test_a_relu_network_until_the_pull_begins():
    state = run(20).state
    assert not state["weights"]["slopes"].any() and not state["wire"].any()


def test_some_become_wires_and_stay(pulled):
    wire = pulled.state["wire"].clone()
    assert 0.1 < float(wire.double().mean()) < 1
    slopes = pulled.state["weights"]["slopes"]
    assert (slopes[wire] == 1).all() and ((slopes[~wire] - 1).abs() >= 0.05).all()
    pulled.advance(10)
    assert pulled.state["wire"][wire].all()


def test_shares_and_bends_on_a_path_agree(pulled):
    layers = pulled.trace["layers"][-1]
    assert pulled.trace["bent"][-1] == pytest.approx(layers.mean())
    assert pulled.trace["depth"][-1] == pytest.approx(layers.sum())
    assert pulled.trace["depth"][0] == 3


def test_by_lot_as_many_as_were_asked_for_straighten_evenly():
    session = run(20, choice="lot", share=0.5)
    session.advance(300)
    slopes, chosen = session.state["weights"]["slopes"], session.state["chosen"]
    assert int(chosen.sum()) == 48 and not session.state["wire"].any()
    torch.testing.assert_close(slopes[chosen], torch.full((48,), 0.5))
    assert slopes[~chosen].unique().numel() > 1


def test_without_a_pull_all_units_bend():
    session = run(100, pull=0.0)
    assert session.trace["bent"][-1] == 1
    assert session.state["weights"]["slopes"].abs().max() > 0  # but they are free


@pytest.mark.parametrize("name", [SPIRALS, MOONS])
def test_the_map_is_the_networks_answer(name):
    session = run(20, net=name)
    picture, w = session.picture(), session.state["weights"]["w"]
    middle = REACH * ((2 * np.arange(ACROSS) + 1) / ACROSS - 1)
    row, column = 5, 40
    place = torch.tensor([[middle[column], middle[row]]], dtype=torch.float32)
    share = float(pair(name).net.logits(w, place).softmax(1)[0, 1])
    assert picture["answers"][row, column] == pytest.approx(share, abs=1e-5)
    train = session.given.data["train"]
    np.testing.assert_array_equal(picture["points"][:, :2], train["x"])
    np.testing.assert_array_equal(picture["points"][:, 2], train["y"].argmax(1))
