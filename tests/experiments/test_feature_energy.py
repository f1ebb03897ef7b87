"""Summits: neurons end where the closed form says, or in a memory."""

import numpy as np
import pytest
import torch

from lab.engine import Session
from lab.experiments.grokking.feature_energy import FeatureEnergy


def run(seed=0, k=150, **controls):
    session = Session(FeatureEnergy, FeatureEnergy.controls_for(rate=0.5, **controls), seed=seed)
    session.advance(k)
    return session


def test_all_sums_shown_each_neuron_ends_in_one_frequency():
    session = run(M=13, neurons=40)
    assert session.trace["single"][-1] == 1.0
    assert session.trace["gap"][-1] < 1e-3
    weights = session.state["weights"].double().numpy()
    power = (np.abs(np.fft.rfft(weights.reshape(2, 13, 40), axis=1)) ** 2).sum(0)
    power = 2 * power[1:] / 13
    order = power.argmax(0).argsort(kind="stable")
    np.testing.assert_allclose(session.picture()["power"], power[:, order], atol=1e-5)
    assert session.trace["hidden"][-1] == session.trace["known"][-1] == 1.0


def test_half_of_an_even_clock_is_twice_as_high():
    session = run(M=8, neurons=60)
    assert session.trace["highest"][-1] == pytest.approx(2, rel=1e-3)
    assert session.trace["lowest"][-1] == pytest.approx(1, rel=1e-2)


def test_with_half_the_sums_hidden_neurons_learn_by_heart():
    session = run(M=31, neurons=30, share=0.5)
    assert session.trace["spike"][-1] > 0.4
    assert session.trace["waves"][-1] < 0.3
    assert session.trace["middle"][-1] > 1.2
    few = run(M=31, neurons=30, share=0.8)
    assert few.trace["waves"][-1] > 0.9


def test_start_as_a_wave_and_a_shuffled_table():
    wave = run(M=31, neurons=12, begin="wave", k=0)
    assert wave.trace["single"][0] == 1.0
    shuffled, plain = run(M=9, k=5, table="random"), run(M=9, k=5)
    assert not torch.equal(shuffled.given.pairs["answer"], plain.given.pairs["answer"])
    assert torch.equal(
        shuffled.given.pairs["answer"].sort().values, plain.given.pairs["answer"].sort().values
    )
