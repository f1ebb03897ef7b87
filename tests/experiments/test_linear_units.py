"""Wires stay wires, nothing is pulled before its time, and the map is the network's answer."""

import numpy as np
import pytest
import torch

from lab.engine import Session
from lab.experiments.sparsity.linear_units import ACROSS, NET, REACH


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


def test_without_a_pull_all_units_bend():
    session = run(100, pull=0.0)
    assert session.trace["bent"][-1] == 1
    assert session.state["weights"]["slopes"].abs().max() > 0  # but they are free


def test_the_map_is_the_networks_answer():
    session = run(20)
    picture, w = session.picture(), session.state["weights"]["w"]
    side = np.linspace(-REACH, REACH, ACROSS)
    row, column = 5, 40
    place = torch.tensor([[side[column], -side[row]]], dtype=torch.float32)
    first, second = NET.logits(w, place).softmax(1)[0].tolist()
    assert picture["answers"][row, column] == pytest.approx(second - first, abs=1e-5)
