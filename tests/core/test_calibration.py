"""Calibration against closed forms: coins, constants, and a binning done by hand."""

import math

import numpy as np
import pytest
import torch

from lab.core.calibration import calibration_error, kl_to_conditional, reliability

DOUBLE = torch.float64


def coin(p, n=3):
    return torch.tensor([[1 - p, p]] * n, dtype=DOUBLE)


def test_kl_of_coins_is_the_closed_form():
    true, told = 0.2, 0.7
    expect = true * math.log(true / told) + (1 - true) * math.log((1 - true) / (1 - told))
    assert float(kl_to_conditional(coin(true), coin(told).log())) == pytest.approx(expect)
    assert float(kl_to_conditional(coin(true), coin(true).log() + 5)) == pytest.approx(0, abs=1e-12)


def test_kl_of_a_guess_is_what_is_left_of_log_2_and_certainty_costs_its_surprise():
    entropy = -0.2 * math.log(0.2) - 0.8 * math.log(0.8)
    guess = torch.zeros(3, 2, dtype=DOUBLE)
    assert float(kl_to_conditional(coin(0.2), guess)) == pytest.approx(math.log(2) - entropy)
    assert float(kl_to_conditional(coin(1.0), coin(0.25).log())) == pytest.approx(math.log(4))


def test_a_constant_confidence_errs_by_its_distance_from_the_accuracy():
    right = torch.arange(10, dtype=DOUBLE) < 7
    assert float(calibration_error(torch.full((10,), 0.9, dtype=DOUBLE), right)) == pytest.approx(
        0.2
    )
    told = torch.linspace(0, 1, 50, dtype=DOUBLE)
    assert float(calibration_error(told, told)) == pytest.approx(0, abs=1e-12)


def test_parts_are_those_of_numpy_and_empty_ones_are_zero():
    generator = torch.Generator().manual_seed(3)
    told = torch.rand(400, dtype=DOUBLE, generator=generator) * 0.5
    right = torch.rand(400, dtype=DOUBLE, generator=generator) < told
    share, confidence, accuracy = reliability(told, right, 8)
    edges = np.linspace(0, 1, 9)
    count, _ = np.histogram(told, edges)
    sums, _ = np.histogram(told, edges, weights=right.double())
    np.testing.assert_allclose(share, count / 400)
    np.testing.assert_allclose(accuracy[:4], sums[:4] / count[:4])
    assert confidence[4:].tolist() == accuracy[4:].tolist() == [0.0] * 4
    assert float(reliability(torch.ones(4), torch.ones(4), 8)[0][-1]) == 1
    with pytest.raises(ValueError, match="at least one"):
        reliability(told, right, 0)
