"""Gradients are those of autograd; shares and angles those of figures that are known."""

import math

import pytest
import torch

from lab.core import superposition as sp


def polygon(n, length=1.0):
    angle = 2 * math.pi * torch.arange(n, dtype=torch.float64) / n
    return length * torch.stack([angle.cos(), angle.sin()], 1)


def example(*leading):
    made = torch.Generator().manual_seed(0)
    shapes = ((*leading, 5, 2), (*leading, 5), (30, 5))
    return [torch.randn(s, generator=made, dtype=torch.float64) for s in shapes]


@pytest.mark.parametrize("relu", [True, False])
def test_gradient(relu):
    w, b, x = example(3)
    w.requires_grad_(), b.requires_grad_()
    importance = 0.9 ** torch.arange(5, dtype=torch.float64)
    loss, by_w, by_b = sp.loss_and_gradient(w, b, x, importance, relu=relu)
    expected = torch.autograd.grad(loss.sum(), (w, b))
    torch.testing.assert_close((by_w, by_b), expected)


def test_restarts_are_networks_of_their_own():
    w, b, x = example(3)
    importance = torch.ones(5, dtype=torch.float64)
    together = sp.loss_and_gradient(w, b, x, importance)
    for i in range(3):
        alone = sp.loss_and_gradient(w[i], b[i], x, importance)
        torch.testing.assert_close(tuple(part[i] for part in together), alone)


def test_loss_of_the_answer_zero():
    chance, value = torch.rand((2, 20_000, 5), generator=torch.Generator().manual_seed(1))
    x = sp.features(chance, value, 0.8)
    assert float((x == 0).double().mean()) == pytest.approx(0.8, abs=0.01)
    loss, _, _ = sp.loss_and_gradient(torch.zeros(5, 2), torch.zeros(5), x, torch.ones(5))
    assert float(loss) == pytest.approx(5 * 0.2 / 3, rel=0.02)


@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_a_polygon_shares_two_dimensions_evenly(n):
    share = sp.dimensionality(polygon(n, 0.8))
    expected = 0.5 if n == 2 else 2 / n  # two opposite ones fill one dimension
    torch.testing.assert_close(share, torch.full((n,), expected, dtype=torch.float64))


def test_what_is_not_stored_has_no_share():
    w = torch.cat([torch.eye(2, dtype=torch.float64), torch.zeros(3, 2, dtype=torch.float64)])
    assert sp.dimensionality(w).tolist() == [1, 1, 0, 0, 0]
    assert [float(g) for g in sp.gaps(w)] == pytest.approx([90, 270])


def test_gaps():
    assert [float(g) for g in sp.gaps(polygon(5))] == pytest.approx([72, 72])
    turned = polygon(5)[[0, 1, 3]] * torch.tensor([[2.0], [3.0], [1.0]])
    assert [float(g) for g in sp.gaps(turned)] == pytest.approx([72, 144])
    assert [float(g) for g in sp.gaps(polygon(5)[:1])] == [360, 360]
    assert [float(g) for g in sp.gaps(polygon(5, 0.1))] == [360, 0]


def test_a_polygon_is_read_out_better_with_relu():
    """One feature at a time: the ReLU swallows the three that point away."""
    x, importance = torch.eye(5, dtype=torch.float64), torch.ones(5, dtype=torch.float64)
    bias = torch.full((5,), -math.cos(math.radians(72)), dtype=torch.float64)
    length = math.sqrt(1 - bias[0].item())  # the feature itself then comes back whole
    w = polygon(5, length)
    loss, _, _ = sp.loss_and_gradient(w, bias * length**2, x, importance)
    own = length**2 * (1 - math.cos(math.radians(72)))
    assert float(loss) == pytest.approx((own - 1) ** 2)
