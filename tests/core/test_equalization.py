"""Equalisation keeps the answers; corrected biases make the mean answer right."""

import pytest
import torch

from lab.core.equalization import (
    answers,
    clipped_mean,
    corrected_by_data,
    corrected_by_moments,
    equalised,
    mismatch,
    moments,
    ranges,
    rescaled,
)
from lab.core.quantize import Uniform
from lab.core.random import Rng

WIDTHS = (7, 12, 9, 4)


def network(seed=0):
    rng = Rng(seed)
    layers = []
    for i, (into, out) in enumerate(zip(WIDTHS, WIDTHS[1:])):
        w = rng.normal("w", (out, into), i).double() / into**0.5
        layers.append((w, 0.3 * rng.normal("b", (out,), i).double()))
    return layers, rng.normal("x", (400, WIDTHS[0])).double() + 0.5


def unbalanced(layers):
    layers = list(layers)
    for i in range(2):
        factor = Rng(i).normal("factor", (WIDTHS[i + 1],)).double().exp()
        layers[i : i + 2] = rescaled(layers[i], layers[i + 1], factor)
    return layers


def test_any_factors_leave_the_answers():
    layers, x = network()
    torch.testing.assert_close(answers(unbalanced(layers), x), answers(layers, x))
    other = answers(unbalanced(layers), x, torch.tanh)
    assert (other - answers(layers, x, torch.tanh)).abs().max() > 0.01


@pytest.mark.parametrize("share", [1.0, 0.4])
def test_ranges_meet_in_the_geometric_mean(share):
    layers, _ = network()
    into, out = ranges(layers[0], layers[1])
    after = ranges(*equalised(layers[0], layers[1], share))
    torch.testing.assert_close(after[0] * after[1], into * out)
    torch.testing.assert_close((after[0] / after[1]).log(), (1 - share) * (into / out).log())


def test_rounds_of_pairs_end_in_one_network_whatever_the_scales_were():
    ends = []
    for layers in (network()[0], unbalanced(network()[0])):
        for _ in range(60):
            for i in range(2):
                layers[i : i + 2] = equalised(layers[i], layers[i + 1])
        assert mismatch(layers) < 1e-9
        ends.append(layers)
    for (w, b), (v, a) in zip(*ends):
        torch.testing.assert_close(w, v, rtol=1e-6, atol=1e-9)
        torch.testing.assert_close(b, a, rtol=1e-6, atol=1e-9)


def test_a_dead_neuron_stays_as_it_is():
    layers, x = network()
    layers[0][0][3] = 0
    layers[1][0][:, 5] = 0
    before = answers(layers, x)
    new = [*equalised(layers[0], layers[1]), layers[2]]
    torch.testing.assert_close(answers(new, x), before)
    torch.testing.assert_close(new[0][1][[3, 5]], layers[0][1][[3, 5]])
    assert mismatch(new).isfinite()


def test_the_mean_of_a_clipped_normal_number_is_that_of_many():
    mean = torch.tensor([-2.0, -0.3, 0.0, 0.7, 3.0]).double()
    spread = torch.tensor([1.0, 0.5, 2.0, 0.1, 1.5]).double()
    n = 200_000
    drawn = (mean + spread * Rng(0).normal("z", (n, 5)).double()).relu()
    assert ((clipped_mean(mean, spread) - drawn.mean(0)).abs() < 5 * drawn.std(0) / n**0.5).all()
    sure = clipped_mean(torch.tensor([-1.0, 2.0]), torch.zeros(2))
    torch.testing.assert_close(sure, torch.tensor([0.0, 2.0]))


def test_the_mean_answer_is_right_after_correction():
    layers, x = network()
    rounded = [(Uniform(4)(w), b) for w, b in layers]

    def wrong(found):
        return (answers(found, x) - answers(layers, x)).mean(0).norm()

    by_data = corrected_by_data(layers, rounded, x)
    by_moments = corrected_by_moments(layers, rounded, x.mean(0), moments(layers, x))
    assert wrong(by_data) < 1e-9 < wrong(by_moments) < 0.6 * wrong(rounded)
    assert torch.equal(by_data[0][0], rounded[0][0])
    torch.testing.assert_close(by_data[0][1], by_moments[0][1])


def test_moments_are_those_of_the_sums():
    layers, x = network()
    found = moments(layers, x)
    hidden = (x @ layers[0][0].T + layers[0][1]).relu()
    sums = hidden @ layers[1][0].T + layers[1][1]
    torch.testing.assert_close(found[1], (sums.mean(0), sums.std(0)))
