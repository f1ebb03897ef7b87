"""Projections find the nearest point, proximal maps the least value, and splitting uses them."""

import pytest
import torch

from lab.core import proximal
from lab.core.anderson import Anderson
from lab.core.backend import Backend
from lab.core.fixed_point import Picard
from lab.core.random import Rng
from lab.core.solve import solve
from lab.core.splitting import admm, douglas_rachford

RNG = Rng(0, backend=Backend(dtype="float64"))
A, B = RNG.normal("A", (2, 5)), RNG.normal("b", (2,))
SETS = {
    "simplex": (proximal.simplex, lambda u: torch.softmax(3 * u, -1)),
    "box": (proximal.box, lambda u: torch.sigmoid(u)),
    "ball": (proximal.ball, lambda u: u / (1 + u.norm(dim=-1, keepdim=True))),
    "affine": (proximal.affine(A, B), lambda u: u - torch.linalg.lstsq(A, (u @ A.mT - B).mT)[0].mT),
}


@pytest.mark.parametrize("name", SETS)
def test_no_point_of_the_set_is_nearer(name):
    """Exactly if <x - Px, p - Px> <= 0 for every p in the set."""
    project, inside = SETS[name]
    x = 2 * RNG.normal("x", (30, 5))
    points = inside(RNG.normal("points", (200, 5)))
    torch.testing.assert_close(project(points), points, rtol=1e-9, atol=1e-9)
    nearest = project(x)
    torch.testing.assert_close(project(nearest), nearest, rtol=1e-9, atol=1e-9)
    away = (x - nearest)[:, None]
    assert float((away * (points - nearest[:, None])).sum(-1).max()) < 1e-9


def test_a_simplex_of_another_size():
    x = RNG.normal("y", (4, 7))
    found = proximal.simplex(x, 3.0)
    torch.testing.assert_close(found.sum(-1), torch.full((4,), 3.0, dtype=torch.float64))
    assert bool((found >= 0).all())


def test_soft_and_mirror_find_the_least_value():
    x, others = RNG.normal("x", (6,)), RNG.normal("others", (500, 6))
    cost = lambda y: 0.7 * y.abs().sum(-1) + (y - x).square().sum(-1) / 2  # noqa: E731
    assert bool((cost(proximal.soft(x, 0.7)) <= cost(x + 0.3 * others)).all())
    p, g = torch.softmax(x, -1), others[0]
    value = lambda q: (g * q).sum(-1) + (q * (q / p).log()).sum(-1)  # noqa: E731
    assert bool((value(proximal.mirror(p, g)) <= value(torch.softmax(others, -1))).all())


def lasso(x, t=0.5):
    """Least |M x - c|^2 / 2 + |x|_1 / 5: the proximal maps of both, and the gradient."""
    M, c = RNG.normal("M", (8, 5)), RNG.normal("c", (8,))
    inverse = torch.linalg.inv(torch.eye(5, dtype=torch.float64) + t * M.mT @ M)
    smooth = lambda v: (v + t * (c @ M)) @ inverse  # noqa: E731
    return smooth, lambda v: proximal.soft(v, 0.2 * t), lambda x: (x @ M.mT - c) @ M


@pytest.mark.parametrize("method", [Picard(), Anderson(safeguard=2.0)])
@pytest.mark.parametrize("swapped", [False, True])
def test_splitting_finds_the_minimiser(method, swapped):
    first, second, gradient = lasso(None)
    if swapped:
        first, second = second, first
    start = torch.zeros(2, 5, dtype=torch.float64)
    z = solve(method, douglas_rachford(first, second), start, 1e-11, 3_000)["x"]
    x = first(z)
    slope = gradient(x)
    at = x.abs() > 1e-8
    torch.testing.assert_close(slope[at], -0.2 * x.sign()[at], rtol=1e-7, atol=1e-7)
    assert bool((slope[~at].abs() <= 0.2 + 1e-7).all())
    pair = solve(method, admm(first, second), start.repeat(1, 2), 1e-11, 3_000)["x"]
    torch.testing.assert_close(pair[:, :5], x, rtol=1e-7, atol=1e-7)


def test_admm_is_douglas_rachford_in_another_variable():
    first, second, _ = lasso(None)
    z, pair = RNG.normal("z", (5,)), None
    T, S = douglas_rachford(second, first), admm(first, second)
    start = second(z)
    pair = torch.cat([start, z - start])
    for _ in range(5):
        z, pair = T(z), S(pair)
        x, u = pair.chunk(2)
        torch.testing.assert_close(x + u, z)
