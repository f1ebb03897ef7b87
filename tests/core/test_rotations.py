"""The rotations are an isometry with the displacement that they say they have."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.problems.rotations import Rotations
from lab.core.random import Rng

BACKEND = Backend(dtype="float64")


def make(seed=0, **fields):
    return Rotations(**fields).make(Rng(seed, backend=BACKEND), BACKEND)


def test_distances_are_kept():
    problem, rng = make(), Rng(5, backend=BACKEND)
    x, y = rng.normal("x", (81,)), rng.normal("y", (81,))
    mapped = Rotations.apply(problem, x) - Rotations.apply(problem, y)
    torch.testing.assert_close(mapped.norm(), (x - y).norm())


def test_no_point_moves_less_than_the_displacement():
    problem, rng = make(gap=0.3), Rng(5, backend=BACKEND)
    still = torch.zeros(81, dtype=torch.float64)
    v = problem["displacement"]
    torch.testing.assert_close(still - Rotations.apply(problem, still), v)
    assert float(v.norm()) == pytest.approx(0.6)
    for index in range(20):
        x = rng.normal("x", (81,), index=index)
        assert (x - Rotations.apply(problem, x)).norm() > v.norm()


def test_a_seed_varies_angles_and_start_and_equal_angles_stay_near_each_other():
    assert not torch.equal(make(0)["angles"], make(1)["angles"])
    assert not torch.equal(make(0)["start"], make(1)["start"])
    equal = make(fastest=0.2, slowest=0.2, jitter=0.0)["angles"]
    torch.testing.assert_close(equal, torch.full((40,), 0.2, dtype=torch.float64))
    assert make(planes=1, fastest=0.3, jitter=0.0)["angles"].tolist() == pytest.approx([0.3])


def test_the_shadow_adds_the_planes_up():
    problem = make(planes=3)
    x = torch.arange(7, dtype=torch.float64)
    assert (problem["shadow"] @ x).tolist() == [0 + 1 + 2 + 6, 3 + 4 + 5]
