"""POT, the Python Optimal Transport library, finds the same distances and the same map."""

import numpy as np
import pytest
import torch

from lab.core.backend import Backend
from lab.core.distances import directions, sliced_wasserstein, wasserstein
from lab.core.flows import Deblend, Deblender, follow
from lab.core.problems import densities
from lab.core.problems.densities import Shape
from lab.core.random import Rng

ot = pytest.importorskip("ot")

BACKEND = Backend(dtype="float64")


def two_samples(kind, dim, n, seed):
    rng = Rng(seed, backend=BACKEND)
    ends = (Shape(k, dim=dim).make(rng, BACKEND) for k in ("Gaussian", kind))
    return [densities.draw(end, rng, name, n) for end, name in zip(ends, "xy")]


@pytest.mark.parametrize("seed", range(3))
def test_the_distance_on_a_line(seed):
    x, y = (s[:, 0] for s in two_samples("two modes", 1, 300, seed))
    theirs = ot.wasserstein_1d(x.numpy(), y.numpy(), p=1)
    assert float(wasserstein(x, y)) == pytest.approx(float(theirs), rel=1e-12)


@pytest.mark.parametrize("kind", ["moons", "checkerboard"])
def test_the_sliced_distance(kind):
    x, y = two_samples(kind, 2, 400, 0)
    sides = directions(2, 24)
    theirs = ot.sliced_wasserstein_distance(
        x.numpy(), y.numpy(), projections=sides.numpy().T.copy(), p=1
    )
    assert float(sliced_wasserstein(x, y, sides)) == pytest.approx(float(theirs), rel=1e-12)


def test_even_directions_stand_for_random_ones():
    x, y = two_samples("rings", 2, 400, 1)
    theirs = ot.sliced_wasserstein_distance(x.numpy(), y.numpy(), n_projections=4000, p=1, seed=0)
    assert float(sliced_wasserstein(x, y, directions(2))) == pytest.approx(float(theirs), rel=0.03)


def test_the_walk_on_a_line_is_the_optimal_plan():
    """The exact plan between the start and the end pairs each particle with itself."""
    rng = Rng(2, backend=BACKEND)
    ends = [Shape(kind, 0.2, 1).make(rng, BACKEND) for kind in ("Gaussian", "two modes")]
    deblender = Deblender(*ends)
    x = densities.spread_evenly(deblender.source, rng.uniform("jitter", (120,)))[:, None]
    end = follow(Deblend(), deblender.expected, x, 64)
    cost = ot.dist(x.numpy(), end.numpy(), metric="sqeuclidean")
    plan = ot.emd(np.full(120, 1 / 120), np.full(120, 1 / 120), cost)
    np.testing.assert_array_equal(plan.argmax(1), np.arange(120))


@pytest.mark.parametrize("steps", [8, 64])
def test_the_mean_error_on_a_line_is_the_distance_to_the_target(steps):
    rng = Rng(4, backend=BACKEND)
    ends = [Shape(kind, 0.1, 1).make(rng, BACKEND) for kind in ("Gaussian", "two modes")]
    deblender = Deblender(*ends)
    x = densities.spread_evenly(deblender.source, rng.uniform("jitter", (2000,)))[:, None]
    end = follow(Deblend(), deblender.expected, x, steps)[:, 0]
    place = densities.rearrangement(*ends, x[:, 0])
    theirs = ot.wasserstein_1d(end.numpy(), place.numpy(), p=1)
    assert float((end - place).abs().mean()) == pytest.approx(float(theirs), rel=1e-9)


def test_a_sample_of_the_target_comes_out():
    """In the plane the exact distance to fresh samples is no more than between fresh samples."""
    rng = Rng(6, backend=BACKEND)
    ends = [Shape(kind, 0.1).make(rng, BACKEND) for kind in ("Gaussian", "moons")]
    deblender, n = Deblender(*ends), 400
    x = densities.draw(deblender.source, rng, "start", n)
    walked = follow(Deblend(), deblender.expected, x, 128)
    first, second, third = (densities.draw(ends[1], rng, name, n) for name in "abc")

    def exact(x, y):
        return float(ot.emd2([], [], ot.dist(x.numpy(), y.numpy(), metric="euclidean")))

    among = np.mean([exact(first, second), exact(first, third), exact(second, third)])
    assert np.mean([exact(walked, y) for y in (first, second, third)]) < 1.5 * among
    assert torch.isfinite(walked).all()
