"""Deblenders agree with counting, and steppers have the order that they declare."""

import math

import pytest
import torch

from lab.core.backend import Backend
from lab.core.flows import CACHED, Deblend, Deblender, Kutta, Midpoint, follow
from lab.core.problems import densities
from lab.core.problems.densities import Shape
from lab.core.random import Rng

BACKEND = Backend(dtype="float64")
RNG = Rng(5, backend=BACKEND)


def deblender(source="Gaussian", target="two modes", dim=1, width=0.3):
    ends = (Shape(kind, width, dim).make(RNG, BACKEND) for kind in (source, target))
    return Deblender(*ends)


def starts(d, n=400):
    if len(d.blind()) == 1:
        return densities.spread_evenly(d.source, RNG.uniform("jitter", (n,)))[:, None]
    return densities.draw(d.source, RNG, "start", n)


def pairs(d, n):
    return densities.draw(d.source, RNG, "x0", n), densities.draw(d.target, RNG, "x1", n)


@pytest.mark.parametrize("a", [0.0, 0.3, 0.8, 1.0])
@pytest.mark.parametrize("source", ["Gaussian", "two modes"])
def test_the_expected_difference_is_the_mean_over_pairs(source, a):
    """Pairs are drawn and blended; in narrow bins their mean difference is D in the mean."""
    d = deblender(source)
    x0, x1 = pairs(d, 200_000)
    x = torch.lerp(x0, x1, a)
    edges = x[:, 0].quantile(torch.linspace(0, 1, 21, dtype=torch.float64))
    bins = torch.bucketize(x[:, 0].contiguous(), edges[1:-1])
    D = d.expected(x, a)
    for i in range(20):
        wrong = (x1 - x0 - D)[bins == i]
        assert float(wrong.mean().abs()) < 4.5 * float(wrong.std()) / len(wrong) ** 0.5


@pytest.mark.parametrize("a", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("dim", [1, 2])
def test_the_blend_is_the_density_of_blends(dim, a):
    d = deblender("five modes", "moons", dim)
    x0, x1 = pairs(d, 20_000)
    x = torch.lerp(x0, x1, a)[:, -1].sort().values
    rank = (torch.arange(len(x), dtype=torch.float64) + 0.5) / len(x)
    seen = densities.cdf(densities.shadow(d.blend(a), -1), x)
    assert float((seen - rank).abs().max()) < 1.95 / len(x) ** 0.5


@pytest.mark.parametrize("a", [0.1, 0.7])
def test_random_differences_have_the_right_mean_and_variance(a):
    d, n = deblender("two modes"), 100_000
    at = float(densities.quantile(d.blend(a), torch.tensor([0.3]).double()))
    x = torch.full((n, 1), at, dtype=torch.float64)
    found = d.sampled(x, a, RNG.uniform("pick", (n,)), RNG.normal("spread", (n, 1)))
    mean, spread = float(found.mean()), float(found.std())
    assert mean == pytest.approx(float(d.expected(x[:1], a)), abs=4.5 * spread / n**0.5)
    # Beside pairs that happen to blend into a place near x.
    x0, x1 = pairs(d, 400_000)
    near = (x1 - x0)[(torch.lerp(x0, x1, a) - at).abs() < 0.02]
    assert float(near.std()) == pytest.approx(spread, rel=0.05)
    assert float(near.mean()) == pytest.approx(mean, abs=0.05)


def test_random_pairs_keep_every_blend_exactly():
    """However few steps are taken, walks along random pairs end as samples of the target."""
    d, n = deblender("Gaussian", "moons", 2, 0.1), 20_000
    state = Deblend().init(starts(d, n))
    for k, b in enumerate((0.4, 0.9, 1.0)):
        noise = RNG.uniform("pick", (n,), k), RNG.normal("spread", (n, 2), k)
        state = Deblend().step(state, lambda x, a, noise=noise: d.sampled(x, a, *noise), b)
        rank = (torch.arange(n, dtype=torch.float64) + 0.5) / n
        for axis in (0, 1):
            x = state["x"][:, axis].sort().values
            seen = densities.cdf(densities.shadow(d.blend(b), axis), x)
            assert float((seen - rank).abs().max()) < 1.95 / n**0.5


@pytest.mark.parametrize("method", [Deblend(), Midpoint(), Kutta()])
@pytest.mark.parametrize(("source", "target"), [("Gaussian", "two modes"), ("five modes", "moons")])
def test_declared_orders_are_measured(source, target, method):
    """Errors to the monotone rearrangement while steps are shorter than a mode is wide."""
    d = deblender(source, target)
    x = starts(d, 4000)
    exact = densities.rearrangement(d.source, d.target, x[:, 0])
    ns = (32, 64, 128)
    errors = [float((follow(method, d.expected, x, n)[:, 0] - exact).abs().mean()) for n in ns]
    found = math.log(errors[0] / errors[-1]) / math.log(ns[-1] / ns[0])
    assert method.order - 0.25 < found < method.order + 0.45


@pytest.mark.parametrize("target", ["two modes", "five modes", "moons"])
def test_on_a_line_nobody_overtakes(target):
    """From a Gaussian, at every number of steps: the posterior mean of x1 rises with x.

    So the mean error of the walk is its Wasserstein distance. Looking twice keeps ranks only in
    small steps.
    """
    d = deblender("Gaussian", target, width=0.1)
    for method, ns in ((Deblend(), (1, 2, 5, 20)), (Midpoint(), (64,))):
        for n in ns:
            found = follow(method, d.expected, starts(d), n)[:, 0]
            assert float(found.diff().min()) > -1e-12


def test_one_step_lands_on_the_mean():
    d = deblender(dim=2)
    found = follow(Deblend(), d.expected, starts(d), 1)
    torch.testing.assert_close(found, densities.mean(d.target).expand_as(found))


def test_before_the_width_a_typical_particle_sits_at_a_centre():
    """First order begins where steps become shorter than the narrowest mode is wide."""
    d = deblender(width=0.01)
    x = starts(d, 2000)
    exact = densities.rearrangement(d.source, d.target, x[:, 0])
    typical = {
        n: float((follow(Deblend(), d.expected, x, n)[:, 0] - exact).abs().median())
        for n in (4, 8, 16, 256, 512)
    }
    assert 0.5 < typical[16] / typical[4] <= 1.01
    assert typical[4] == pytest.approx(0.0062, rel=0.1)
    assert typical[512] / typical[256] == pytest.approx(0.5, abs=0.03)


def test_a_sample_as_target_is_memorised():
    """Deblending towards points ends on the points, each taken as often as it weighs."""
    places = RNG.normal("places", (5, 2))
    source = Shape("Gaussian").make(RNG, BACKEND)
    d = Deblender(source, densities.points(places))
    for method in (Deblend(), Midpoint()):
        found = follow(method, d.expected, starts(d, 4000), 200)
        away, nearest = torch.cdist(found, places).min(1)
        assert float(away.quantile(0.95)) < 1e-6
        assert float(nearest.bincount(minlength=5).double().std()) < 100


def test_the_same_noise_gives_the_same_sample():
    d = deblender("Gaussian", "moons", 2, 0.1)
    ends = [follow(Kutta(), d.expected, starts(d), n, crowd=1.5) for n in (48, 48, 96)]
    assert torch.equal(ends[0], ends[1])
    torch.testing.assert_close(ends[0], ends[2], atol=2e-3, rtol=0)


def test_parts_are_the_whole():
    d = deblender("five modes", "checkerboard", 2)
    n = 2 * CACHED // len(d.blend(0.5)["weights"]) + 7
    x = RNG.normal("x", (n, 2))
    one_by_one = torch.cat([d.expected(row, 0.4) for row in x[::5].split(1)])
    torch.testing.assert_close(d.expected(x, 0.4)[::5], one_by_one)


def test_the_blind_difference_is_that_of_the_means():
    d = deblender("two modes", "five modes", 2)
    x0, x1 = pairs(d, 50_000)
    torch.testing.assert_close(d.blind(), (x1 - x0).mean(0), atol=0.05, rtol=0)
