"""Clipped gradients: the grid, the errors, and where the feedback comes to rest."""

import pytest
import torch

from lab.core.clipping_interval import ClippingInterval
from lab.core.quantize import Uniform
from lab.core.random import Rng

ONE = torch.tensor(1.0)


def gradients(seed=0, n=4_000):
    """Heavy-tailed, as those of a network are."""
    rng = Rng(seed)
    return (rng.normal("g", (n,)) * torch.exp(rng.normal("size", (n,)))).view(40, -1)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_the_whole_interval_is_the_symmetric_grid(bits):
    g = gradients()
    found = ClippingInterval(bits).quantised(g, ONE)
    torch.testing.assert_close(found, Uniform(bits, symmetric=True)(g))
    assert len(found.unique()) <= 2 * ClippingInterval(bits).levels + 1


def test_what_is_outside_is_clipped_and_zero_stays():
    g = torch.tensor([-4.0, -1.2, 0.0, 0.4, 4.0])
    found = ClippingInterval(3).quantised(g, torch.tensor(0.5))
    torch.testing.assert_close(found, torch.tensor([-2.0, -4 / 3, 0.0, 2 / 3, 2.0]))
    zero = torch.zeros(3, 3)
    assert torch.equal(ClippingInterval(4).quantised(zero, ONE), zero)
    assert ClippingInterval(4).errors(zero, zero) == (0, 0)


def test_rounding_by_lot_is_right_on_average_inside():
    g, n = gradients()[0, :20], 20_000
    lot = Rng(1).uniform("lot", (n, 20))
    mean = ClippingInterval(4).quantised(g.expand(n, 20), ONE, lot).mean(0)
    step = g.abs().max() / 7
    assert ((mean - g).abs() < 5 * step / 2 / n**0.5).all()


def test_the_large_are_the_share_asked_for():
    g = gradients()
    large = ClippingInterval(4, large=0.05).is_large(g)
    assert large.sum() == 200
    assert g.abs()[large].min() > g.abs()[~large].max()


def test_errors_are_relative_and_of_the_large_alone():
    g = gradients()
    interval = ClippingInterval(4)
    q = interval.quantised(g, torch.tensor(0.6))
    large = interval.is_large(g)
    expected = (q - g)[large].norm() / g[large].norm(), (q - g).norm() / g.norm()
    torch.testing.assert_close(torch.stack(interval.errors(g, q)), torch.stack(expected))


@pytest.mark.parametrize("bits", [2, 4])
def test_the_bound_holds_and_feedback_rests_at_its_least(bits):
    g, interval = gradients(), ClippingInterval(bits, large=0.05, rate=0.005)
    shares = torch.linspace(0.02, 1, 197)
    bounds = torch.stack([interval.bound(g, share) for share in shares])
    for share in shares[::20]:
        apart = (interval.quantised(g, share) - g).abs()[interval.is_large(g)].sum()
        assert apart <= interval.bound(g, share) * 1.0001
    share = ONE
    for _ in range(400):
        share = interval.moved(g, share)
    assert interval.bound(g, share) < bounds.min() * 1.02 < bounds[-1]


def test_the_best_share_of_the_large_is_not_that_of_all():
    g, interval = gradients(), ClippingInterval(4)

    def errors(share):
        return interval.errors(g, interval.quantised(g, share))

    for_large, for_all = errors(interval.best(g)), errors(interval.best(g, "all"))
    assert for_large[0] < for_all[0] and for_all[1] < for_large[1]
    assert for_large[0] <= errors(ONE)[0] and for_all[1] < errors(ONE)[1]
