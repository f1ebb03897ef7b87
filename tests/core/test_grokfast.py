"""Grokfast's filters beside their definitions, sums written out and the gain of a wave."""

import math

import numpy as np
import pytest
import torch

from lab.core.grokfast import GrokfastEMA, GrokfastMA


def _series(steps):
    """Gradients of two weights, (steps, 3) and (steps, 2, 2)."""
    generator = torch.Generator().manual_seed(0)
    return [
        {
            "a": torch.randn(3, generator=generator, dtype=torch.float64),
            "b": torch.randn(2, 2, generator=generator, dtype=torch.float64),
        }
        for _ in range(steps)
    ]


def _run(filter_, series):
    memory, found = filter_.init(series[0]), []
    for k, gradients in enumerate(series):
        kept = {name: g.clone() for name, g in gradients.items()}
        filtered, memory = filter_(gradients, memory, k)
        assert all(torch.equal(kept[name], gradients[name]) for name in kept)
        found.append(filtered)
    return found


def test_running_mean_is_the_weighted_sum_of_the_past():
    series = _series(40)
    found = _run(GrokfastEMA(0.9, 3.0), series)
    for k in (0, 1, 7, 39):
        weight = 0.1 * 0.9 ** np.arange(k, -1.0, -1)
        weight[0] = 0.9**k  # the mean begins at the first gradient
        assert weight.sum() == pytest.approx(1)
        for name in series[0]:
            mean = sum(w * past[name] for w, past in zip(weight, series))
            torch.testing.assert_close(found[k][name], series[k][name] + 3.0 * mean)


def test_window_waits_until_it_is_full_then_adds_its_mean():
    series = _series(30)
    found = _run(GrokfastMA(8, 2.0), series)
    for name in series[0]:
        assert torch.equal(found[6][name], series[6][name])
        for k in (7, 8, 29):
            mean = torch.stack([past[name] for past in series[k - 7 : k + 1]]).mean(0)
            torch.testing.assert_close(found[k][name], series[k][name] + 2.0 * mean)


@pytest.mark.parametrize("frequency", [0.0, 0.002, 0.02, 0.5])
def test_a_wave_is_amplified_by_the_gain(frequency):
    filter_ = GrokfastEMA(0.98, 2.0)
    series = [
        {"a": torch.tensor([math.cos(t), math.sin(t)], dtype=torch.float64)}
        for t in (2 * math.pi * frequency * k for k in range(1500))
    ]
    assert _run(filter_, series)[-1]["a"].norm().item() == pytest.approx(filter_.gain(frequency))


def test_gain_is_the_slow_ones():
    filter_ = GrokfastEMA(0.98, 2.0)
    assert filter_.gain(0.0) == pytest.approx(3)
    assert filter_.gain(0.5) == pytest.approx(1 + 2 * 0.02 / 1.98)
