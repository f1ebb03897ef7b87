"""Margins: the largest one for addition is attained, and no neuron brings more."""

import math

import pytest
import torch

from lab.core import margins
from lab.core.groups import group
from lab.core.table_network import TableNetwork


def task(p):
    pairs = torch.cartesian_prod(torch.arange(p), torch.arange(p))
    return pairs, pairs.sum(1) % p


@pytest.mark.parametrize("p", [3, 5, 7, 11, 13])
def test_the_optimum_is_attained(p):
    weights = margins.addition_network(p)
    assert weights["out"].shape == (p, 8 * (p - 1))
    pairs, answer = task(p)
    logits = TableNetwork(p, 8 * (p - 1), "square").logits(weights, pairs)
    found = margins.margin(logits, answer) / margins.cubed_norm(weights)
    assert float(found) == pytest.approx(margins.addition_optimum(p), rel=1e-12)


@pytest.mark.parametrize("p", [5, 7])
def test_no_neuron_has_a_larger_mean_margin(p):
    """Ascent from 60 random neurons of length 1 ends at the optimum and never above it."""
    pairs, answer = task(p)
    drawn = torch.Generator().manual_seed(p)
    x = torch.randn(60, 3, p, generator=drawn, dtype=torch.float64)
    for _ in range(200):
        x = (x / x.norm(dim=(1, 2), keepdim=True)).requires_grad_()
        u, v, w = x.unbind(1)
        active = (u[:, pairs[:, 0]] + v[:, pairs[:, 1]]).square()
        above = (w[:, answer] * p - w.sum(1, keepdim=True)) / (p - 1)
        mean = (active * above).mean(1)
        (gradient,) = torch.autograd.grad(mean.sum(), x)
        x = (x + gradient / gradient.norm(dim=(1, 2), keepdim=True)).detach()
    optimum = margins.addition_optimum(p)
    assert float(mean.detach().max()) == pytest.approx(optimum, rel=1e-6)
    assert (mean < optimum * (1 + 1e-9)).all()


def test_margin_and_norm_are_their_formulas():
    logits = torch.tensor([[3.0, 1.0, 0.0], [0.0, 2.0, 1.5]])
    assert margins.margin(logits, torch.tensor([0, 1])) == 0.5
    assert margins.margin(logits, torch.tensor([1, 1])) == -2.0
    weights = {"left": torch.tensor([[3.0, 0.0]]), "out": torch.tensor([[4.0, 2.0]])}
    assert margins.lengths(weights).tolist() == [5, 2]
    assert margins.cubed_norm(weights) == 133
    assert math.isclose(margins.addition_optimum(7), math.sqrt(2 / 27) / (math.sqrt(7) * 6))


@pytest.mark.parametrize("p", [3, 5, 7, 13])
def test_a_clock_is_a_group(p):
    value, shares = margins.group_optimum(group(f"Z{p}"))
    assert value == pytest.approx(margins.addition_optimum(p), rel=1e-9)
    torch.testing.assert_close(shares[1:], torch.full_like(shares[1:], 2 / (p - 1)))


def test_optimum_of_s3_by_hand():
    """Swaps and turns as wrong factors: 2 s sqrt 6 + t sqrt 3 = 1.5 t sqrt 3, with s + t = 1."""
    value, shares = margins.group_optimum(group("S3"))
    t = 1 / (1 + 0.25 / math.sqrt(2))
    assert shares.tolist() == pytest.approx([0, 1 - t, t], abs=1e-9)
    assert value == pytest.approx(1.5 * t * math.sqrt(3 / 27) / 18, rel=1e-9)
