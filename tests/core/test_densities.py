"""Densities: what is known of them agrees with counting, summing, and itself."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.problems import densities
from lab.core.problems.densities import Shape
from lab.core.random import Rng

BACKEND = Backend(dtype="float64")
RNG = Rng(3, backend=BACKEND)
KINDS = tuple(densities.KINDS)


def shape(kind, **fields):
    return Shape(kind, **fields).make(RNG, BACKEND)


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_a_density_adds_up_to_one(kind, dim):
    density = shape(kind, width=0.15, dim=dim)
    axis = torch.linspace(-6, 6, 481, dtype=torch.float64)
    grid = axis[:, None] if dim == 1 else torch.cartesian_prod(axis, axis)
    total = densities.pdf(density, grid).sum() * (axis[1] - axis[0]) ** dim
    assert float(total) == pytest.approx(1, abs=1e-6)
    assert float(density["weights"].sum()) == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_distribution_function_is_the_integral(kind):
    density = shape(kind, width=0.2, dim=1)
    x = torch.linspace(-8, 4, 6001, dtype=torch.float64)
    summed = torch.cumulative_trapezoid(densities.pdf(density, x[:, None]), x)
    torch.testing.assert_close(densities.cdf(density, x)[1:], summed, atol=1e-5, rtol=0)


@pytest.mark.parametrize("width", [0.5, 0.1, 0.01])
@pytest.mark.parametrize("kind", KINDS)
def test_the_quantile_undoes_the_distribution_function(kind, width):
    density = shape(kind, width=width, dim=1)
    u = torch.linspace(1e-6, 1 - 1e-6, 999, dtype=torch.float64)
    torch.testing.assert_close(
        densities.cdf(density, densities.quantile(density, u)), u, atol=1e-9, rtol=0
    )


def test_the_quantile_of_points_is_a_point():
    places = torch.tensor([[-1.0], [0.5], [2.0]], dtype=torch.float64)
    found = densities.quantile(densities.points(places), torch.tensor([0.1, 0.5, 0.9]).double())
    torch.testing.assert_close(found, places[:, 0], atol=1e-12, rtol=0)


def test_gaussian_quantiles_are_known():
    found = densities.quantile(shape("Gaussian", dim=1), torch.tensor([0.025, 0.5]).double())
    torch.testing.assert_close(found, torch.tensor([-1.9599639845, 0.0]).double())


@pytest.mark.parametrize("kind", KINDS)
def test_samples_follow_the_density(kind):
    """Largest distance of the empirical from the true distribution function, along both axes."""
    density, n = shape(kind), 20_000
    x = densities.draw(density, RNG, "sample", n)
    rank = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    for axis in (0, 1):
        seen = densities.cdf(densities.shadow(density, axis), x[:, axis].sort().values)
        assert float((seen - rank).abs().max()) < 1.95 / n**0.5  # Kolmogorov: once in a thousand


def test_an_evenly_spread_sample_has_one_point_in_each_share():
    density, n = shape("two modes", dim=1), 500
    x = densities.spread_evenly(density, RNG.uniform("jitter", (n,)))
    assert torch.equal((densities.cdf(density, x) * n).floor().long(), torch.arange(n))


def test_shares_are_posterior_weights():
    """Bayes' rule, written out with torch's own normal distribution."""
    density = shape("five modes", width=0.4)
    x = RNG.normal("x", (50, 2))
    normal = torch.distributions.Normal(density["centres"][:, None], 0.4)
    parts = density["weights"][:, None] * normal.log_prob(x).sum(-1).exp()
    torch.testing.assert_close(densities.shares(density, x), parts / parts.sum(0))
    torch.testing.assert_close(densities.pdf(density, x), parts.sum(0))


def test_far_from_points_shares_pick_the_nearest():
    places = torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    found = densities.shares(
        densities.points(places), torch.tensor([[0.2, 5.0], [0.9, -3.0]]).double()
    )
    torch.testing.assert_close(found, torch.eye(2).double())


@pytest.mark.parametrize("kind", ["moons", "rings"])
def test_strings_of_components_look_smooth(kind):
    """Along a string the density hardly shows that it is made of pieces."""
    density = shape(kind, width=0.1)
    centres = density["centres"]
    between = 0.5 * (centres[3] + centres[4])
    on, off = densities.pdf(density, torch.stack([centres[3], between]))
    assert float(off / on) > 0.9


def test_the_mean_is_the_samples_mean():
    density = shape("five modes")
    x = densities.draw(density, RNG, "sample", 20_000)
    torch.testing.assert_close(x.mean(0), densities.mean(density), atol=0.04, rtol=0)


def test_modes_move_with_the_seed_and_shapes_do_not():
    other = Rng(4, backend=BACKEND)
    for kind in KINDS:
        same = torch.equal(shape(kind)["centres"], Shape(kind).make(other, BACKEND)["centres"])
        assert same == (kind not in ("two modes", "five modes"))


@pytest.mark.parametrize("wrong", [{"kind": "moon"}, {"dim": 3}])
def test_what_is_not_known_is_refused(wrong):
    with pytest.raises(ValueError, match="kind is one of|1 or 2 dimensions"):
        Shape(**wrong).make(RNG, BACKEND)
