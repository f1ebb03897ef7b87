"""COMQ: what is recorded is what the codes themselves give."""

import numpy as np
import pytest
import torch

from lab.core.pairs import pair
from lab.core.quantize import CoordinateDescent, reconstruction_error
from lab.engine import Session
from lab.experiments.sparsity.coordinate_quantization import (
    COMMON,
    INPUTS,
    WORDS,
    CoordinateQuantization,
)


def run(steps=None, **controls):
    session = Session(CoordinateQuantization, CoordinateQuantization.controls_for(**controls), 1)
    session.advance(steps or 10_000)
    return session


@pytest.mark.parametrize("inputs", ["neighbours", COMMON])
def test_inputs_are_as_correlated_as_was_asked(inputs):
    rho, grams = 0.8, []
    for seed in range(4):
        controls = CoordinateQuantization.controls_for(inputs=inputs, rho=rho)
        made = Session(CoordinateQuantization, controls, seed).given.layers[0]
        size = made["gram"].diagonal().sqrt()
        grams.append(made["gram"] / size / size[:, None])
    mean = torch.stack(grams).mean(0)
    assert float(mean.diagonal(1).mean()) == pytest.approx(rho, abs=0.05)
    far = rho**4 if inputs == "neighbours" else rho
    assert float(mean.diagonal(4).mean()) == pytest.approx(far, abs=0.07)


def test_the_recorded_error_is_that_of_the_codes_and_only_falls():
    session = run(2 * INPUTS, sweeps=2)
    layer, made = session.state["layers"][0], session.given.layers[0]
    apart = made["w"] - CoordinateDescent.values(layer)
    assert session.trace["error"][-1] == pytest.approx(
        float(reconstruction_error(made["gram"], apart))
    )
    assert (np.diff(session.trace["error"]) <= 1e-12).all()
    assert session.trace["error"][0] == pytest.approx(session.trace["nearest"][0])
    assert float(session.trace["rise"][-1]) == 0
    shift = session.picture()["shift"]
    assert session.trace["moved"][-1] == pytest.approx((shift != 0).mean())


def test_unrounded_codes_start_without_error_and_have_to_rise():
    session = run(INPUTS, start="exact", sweeps=1)
    assert abs(session.trace["error"][0]) < 1e-12 < session.trace["rise"][-1]
    codes = session.state["layers"][0]["codes"]
    assert torch.equal(codes, codes.round())


def test_shuffled_inputs_are_no_longer_correlated():
    made = run(1, shuffled=True).given.layers[0]
    size = made["gram"].diagonal().sqrt()
    assert float((made["gram"] / size / size[:, None]).diagonal(1).mean()) < 0.1


def test_a_network_answers_with_the_values_of_its_codes():
    net = pair(WORDS).net
    session = run(inputs=WORDS, bits=2, per="tensor", sweeps=1)
    flat = session.given.dense.clone()
    for slot, layer in zip(net.weights(flat), session.state["layers"]):
        assert len(layer["codes"].unique()) <= 4
        slot.copy_(CoordinateDescent.values(layer).T)
    right = float(net.accuracy(flat, **session.given.data["test"]))
    assert session.trace["accuracy"][-1] == pytest.approx(right)
    assert right > session.trace["accuracy_nearest"][-1]
    picture = session.picture()
    width = picture["place"][1] - picture["place"][0]
    assert picture["taken"].sum() * width == pytest.approx(1, abs=0.01)
