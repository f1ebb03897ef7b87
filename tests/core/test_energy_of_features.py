"""The energy of a feature: its gradient, its closed form, its summits."""

import pytest
import torch

from lab.core import feature_energy as fe


def every_pair(size):
    pairs = torch.cartesian_prod(torch.arange(size), torch.arange(size))
    return pairs, pairs.sum(1) % size


def drawn(size, neurons, seed=0):
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(2 * size, neurons, generator=generator, dtype=torch.float64)
    return weights / weights.norm(dim=0)


def test_energy_is_the_definition_and_gradient_is_autograds():
    size = 7
    pairs, answer = every_pair(size)
    some = torch.randperm(49, generator=torch.Generator().manual_seed(2))[:30]
    pairs, answer = pairs[some], answer[some]
    weights = drawn(size, 5)
    x = torch.zeros(30, 2 * size, dtype=torch.float64)
    x[torch.arange(30), pairs[:, 0]] = 1
    x[torch.arange(30), size + pairs[:, 1]] = 1
    y = torch.nn.functional.one_hot(answer, size).double()
    y = y - y.mean(0)
    leaf = weights.clone().requires_grad_()
    expected = ((y.T @ (x @ leaf) ** 2) ** 2).sum(0) / 2
    torch.testing.assert_close(fe.energy(weights, pairs, answer), expected.detach())
    (slope,) = torch.autograd.grad(expected.sum(), leaf)
    torch.testing.assert_close(fe.gradient(weights, pairs, answer), slope)


@pytest.mark.parametrize("size", [9, 12])
def test_energy_over_all_sums_is_its_fourier_form(size):
    weights = drawn(size, 6)
    u, v = (torch.fft.fft(part, dim=0).abs().square() for part in weights.chunk(2))
    expected = 2 / size * (u * v)[1:].sum(0)
    torch.testing.assert_close(fe.energy(weights, *every_pair(size)), expected)


@pytest.mark.parametrize("size, frequency", [(9, 2), (12, 5), (12, 6)])
def test_one_frequency_is_a_summit_of_the_closed_form(size, frequency):
    turn = 2 * torch.pi * frequency * torch.arange(size, dtype=torch.float64)[:, None] / size
    wave = torch.cat([torch.cos(turn), torch.cos(turn)])
    wave = wave / wave.norm()
    pairs, answer = every_pair(size)
    top = fe.energy(wave, pairs, answer)
    assert top.item() == pytest.approx(fe.maximum(size, frequency), rel=1e-12)
    torch.testing.assert_close(fe.ascend(wave, pairs, answer, 0.3), wave)
    near = wave + 0.02 * drawn(size, 50, seed=1)
    assert (fe.energy(near / near.norm(dim=0), pairs, answer) <= top + 1e-12).all()
    assert fe.power(wave)[frequency - 1].item() == pytest.approx(1, rel=1e-12)


def test_memory_and_wave_cross_at_two_thirds():
    """The energy of a neuron that sees one number alone, on random shares of a large table."""
    assert fe.memory_over_wave(2 / 3) == pytest.approx(1)
    size, share = 101, 0.5
    pairs, answer = every_pair(size)
    some = torch.randperm(size**2, generator=torch.Generator().manual_seed(0))[: size**2 // 2]
    spike = torch.eye(2 * size, dtype=torch.float64)[:, :20]
    found = fe.energy(spike, pairs[some], answer[some]).mean() / (share**2 * size / 4)
    assert found.item() == pytest.approx(fe.memory_over_wave(share), rel=0.03)


def test_top_layer_is_least_squares_and_reads_waves():
    size = 11
    pairs, answer = every_pair(size)
    weights = drawn(size, 60)
    for _ in range(150):
        weights = fe.ascend(weights, pairs, answer, 0.5)
    assert torch.equal(fe.top_layer(weights, pairs, answer, len(pairs)), answer)
