"""Fourier pictures beside numpy's FFT and beside their definitions, written out slowly."""

import numpy as np
import pytest
import torch

from lab.core import spectra
from lab.core.backend import Backend
from lab.core.problems.modular import shown_and_hidden
from lab.core.random import Rng

DOUBLE = Backend("cpu", "float64")


def _table(p, columns, seed=0):
    return Rng(seed, backend=DOUBLE).normal("table", (p, columns))


def _wave(p, f, phase=0.0):
    return torch.cos(2 * torch.pi * f * torch.arange(p, dtype=torch.float64) / p + phase)


@pytest.mark.parametrize("p", [2, 12, 31, 59])
def test_power_is_numpys(p):
    table = _table(p, 5) + 3
    whole = np.abs(np.fft.fft(table.numpy(), axis=0)) ** 2
    for f in range(1, p // 2 + 1):
        theirs = whole[f] + (whole[p - f] if f != p - f else 0)
        np.testing.assert_allclose(spectra.power(table)[f - 1], theirs, rtol=1e-10)


@pytest.mark.parametrize("p", [2, 12, 31])
def test_power_sums_to_the_variance(p):
    table = _table(p, 4) - 2
    squares = (table - table.mean(0)).square().sum(0)
    torch.testing.assert_close(spectra.power(table).sum(0), p * squares, rtol=1e-12, atol=0)


def test_a_pure_wave_has_one_frequency():
    power = spectra.power(_wave(31, 7, 0.4)[:, None])[:, 0]
    assert int(power.argmax()) + 1 == 7
    assert spectra.top_share(power, 1) == pytest.approx(1, abs=1e-14)
    assert spectra.key_frequencies(power).tolist() == [7]


@pytest.mark.parametrize("shape", [(7, 7), (8, 7), (12, 12), (2, 5)])
def test_power_of_pairs_of_frequencies_is_numpys(shape):
    table = _table(shape[0], shape[1]) + 2
    whole = np.abs(np.fft.fft2(table.numpy())) ** 2
    found = spectra.power_2d(table)
    p, q = shape
    assert found.shape == (p // 2, q // 2)
    for f in range(1, p // 2 + 1):
        for g in range(1, q // 2 + 1):
            theirs = sum(whole[a, b] for a in {f, p - f} for b in {g, q - g})
            np.testing.assert_allclose(found[f - 1, g - 1], theirs, rtol=1e-10)
    inner = table - table.mean(0) - table.mean(1, keepdim=True) + table.mean()
    torch.testing.assert_close(found.sum(), p * q * inner.square().sum(), rtol=1e-12, atol=0)


def test_a_table_of_differences_has_its_power_on_the_diagonal():
    p, turns = 13, torch.arange(13)
    table = (_wave(p, 3) + 2 * _wave(p, 5))[(turns[:, None] - turns) % p]
    found = spectra.power_2d(table)
    torch.testing.assert_close(found, found.diagonal().diag(), rtol=0, atol=1e-9)
    share = found.diagonal() / found.sum()
    np.testing.assert_allclose(share[[2, 4]], [0.2, 0.8], rtol=1e-12)


def test_columns_stand_at_their_frequency_and_phase():
    p = 31
    columns = [_wave(p, 4, 0.1), 2 * _wave(p, 4, 0.1), _wave(p, 9, -0.1), _wave(p, 9, 3.0)]
    found = spectra.clocks(torch.stack(columns, 1), 8)
    assert found.shape == (15, 8)
    one = (p / 2) ** 2
    wanted = torch.zeros(15, 8, dtype=torch.float64)
    wanted[3, 0], wanted[8, 7], wanted[8, 3] = 5 * one, one, one
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)


def test_gini_is_half_the_mean_difference_over_the_mean():
    strength = torch.tensor([1.0, 50.0, 9.0, 40.0, 0.0], dtype=torch.float64)
    apart = (strength[:, None] - strength).abs().mean()
    assert spectra.gini(strength) == pytest.approx(float(apart / strength.mean() / 2), rel=1e-12)
    assert spectra.gini(torch.ones(7)) == 0
    assert spectra.gini(torch.eye(5)[2]) == pytest.approx(1 - 1 / 5)
    assert spectra.gini(torch.zeros(4)) == 0


def test_key_frequencies_are_the_fewest():
    strength = torch.tensor([1.0, 50.0, 9.0, 40.0])
    assert spectra.ranked(strength).tolist() == [2, 4, 3, 1]
    assert spectra.key_frequencies(strength, 0.9).tolist() == [2, 4]
    assert spectra.key_frequencies(strength, 0.91).tolist() == [2, 4, 3]
    assert spectra.key_frequencies(strength, 0.1).tolist() == [2]
    assert spectra.top_share(strength, 2) == pytest.approx(0.9)
    assert spectra.top_share(strength, 9) == 1
    assert spectra.top_share(torch.zeros(4), 2) == 0


@pytest.mark.parametrize("p", [12, 31])
def test_waves_split_a_table_and_are_projections(p):
    table = _table(p, 3)
    some = torch.tensor([1, 3, p // 2])
    others = torch.tensor([f for f in range(1, p // 2 + 1) if f not in some.tolist()])
    part = spectra.waves(table, some)
    torch.testing.assert_close(part + spectra.waves(table, others), table - table.mean(0))
    torch.testing.assert_close(spectra.waves(part, some), part)
    basis = torch.stack([_wave(p, f, turn) for f in some.tolist() for turn in (0, torch.pi / 2)], 1)
    fitted = basis @ torch.linalg.lstsq(basis, table, driver="gelsd").solution
    torch.testing.assert_close(part, fitted, rtol=1e-9, atol=1e-9)


def test_mean_by_is_the_mean():
    values, group = _table(9, 2), torch.tensor([0, 1, 2, 0, 1, 2, 0, 0, 2])
    weight = torch.arange(1.0, 10.0, dtype=torch.float64)
    for g, row in enumerate(spectra.mean_by(values, group, 3, weight)):
        mine = group == g
        np.testing.assert_allclose(row, np.average(values[mine], 0, weight[mine]), rtol=1e-13)


def test_restricted_and_excluded_loss_equal_their_definition():
    """Averages over the full p x p table, numpy's FFT, the losses one pair after the other."""
    p, frequencies = 13, torch.tensor([2, 5])
    sums = shown_and_hidden(p, 0.5, Rng(1, backend=DOUBLE))
    logits = _table(len(sums["pairs"]), p)
    by_sum = np.zeros((p, p))
    for a in range(p):
        for b in range(p):
            row = (sums["pairs"] == torch.tensor([min(a, b), max(a, b)])).all(1)
            by_sum[(a + b) % p] += logits[row][0].numpy() / p
    fourier = np.fft.fft(by_sum, axis=0)
    kept = np.zeros_like(fourier)
    for f in frequencies.tolist():
        kept[[f, p - f]] = fourier[[f, p - f]]
    part = np.fft.ifft(kept, axis=0).real

    def loss(row, answer):
        return np.log(np.exp(row).sum()) - row[answer]

    answers, n = sums["answer"].numpy(), sums["shown"]
    restricted = np.mean([loss(part[s] + by_sum.mean(0), s) for s in range(p)])
    excluded = np.mean([loss(logits[i].numpy() - part[answers[i]], answers[i]) for i in range(n)])

    ours = spectra.mean_by(logits, sums["answer"], p, sums["weight"])
    np.testing.assert_allclose(ours, by_sum, atol=1e-13)
    mine = spectra.waves(ours, frequencies)
    assert float(spectra.restricted_loss(ours, mine)) == pytest.approx(restricted, rel=1e-12)
    answer = sums["answer"][:n]
    assert float(spectra.excluded_loss(logits[:n], answer, mine)) == pytest.approx(
        excluded, rel=1e-12
    )


def test_a_perfect_clock_needs_its_waves():
    """Logits that are a wave of a + b - c: right with it alone, pure chance without it."""
    p = 17
    sums = shown_and_hidden(p, 0.5, Rng(0, backend=DOUBLE))
    clock = torch.stack([200 * _wave(p, 3, -2 * torch.pi * 3 * c / p) for c in range(p)], 1)
    logits = clock[sums["answer"]]
    by_sum = spectra.mean_by(logits, sums["answer"], p, sums["weight"])
    part = spectra.waves(by_sum, torch.tensor([3]))
    assert spectra.restricted_loss(by_sum, part) < 1e-4
    excluded = spectra.excluded_loss(logits, sums["answer"], part)
    assert float(excluded) == pytest.approx(np.log(p), rel=1e-9)


def test_on_circle_finds_the_circle():
    p, f = 31, 4
    turn = torch.stack([_wave(p, f), _wave(p, f, -torch.pi / 2)], 1)
    mixed = turn @ torch.linalg.qr(_table(8, 2)).Q.T + 5 * torch.ones(8, dtype=torch.float64)
    points = spectra.on_circle(mixed - mixed.mean(0), f)
    torch.testing.assert_close(points.norm(dim=1), torch.ones(p, dtype=torch.float64))
    angle = torch.atan2(points[:, 1], points[:, 0])
    wanted = 2 * torch.pi * f * torch.arange(p, dtype=torch.float64) / p
    torch.testing.assert_close((angle - angle[0]).cos(), wanted.cos(), atol=1e-9, rtol=0)
    assert torch.isfinite(spectra.on_circle(torch.zeros(p, 3), f)).all()


def test_columns_are_sorted_by_frequency_then_phase():
    p = 31
    table = torch.stack([_wave(p, 9), _wave(p, 2, 1.0), 1e-3 * _wave(p, 1), _wave(p, 2, 0.5)], 1)
    assert spectra.sorted_columns(table).tolist() == [3, 1, 0, 2]
