"""One call a step; the gap is the largest merit in both balls; projections end inside."""

import math
from types import SimpleNamespace

import pytest
import torch

from lab.core.backend import Backend
from lab.core.problems.operators import NormalOperator
from lab.core.random import Rng
from lab.engine import Session
from lab.experiments.games.single_call_extragradient import gap, on_walls, per_player, push

NAME = "single-call-extragradient"
BACKEND = Backend(dtype="float64")


def turning(planes, wall):
    rng = Rng(3, backend=BACKEND)
    game = NormalOperator(planes, 1.0, 0.2).make(rng, BACKEND)
    return {**game, "solution": on_walls(rng.normal("solution", (2 * planes,)), 0.4 * wall)}


@pytest.mark.parametrize("planes", [1, 4])
def test_the_gap_is_the_largest_merit(planes):
    """V is linear, so <V p, z - p> is maximised on balls; many p come close and none is above."""
    c = SimpleNamespace(wall=1.3, lean=0.0, bend=0.0)
    game, rng = turning(planes, c.wall), Rng(5, backend=BACKEND)
    z = per_player(rng.normal("z", (2 * planes,)), c.wall)
    # Ascent on the concave merit, from one start.
    p = torch.zeros_like(z, requires_grad=True)
    for _ in range(4_000):
        value = push(game, c, p) @ (z - p)
        (slope,) = torch.autograd.grad(value, p)
        p = per_player(p + 0.05 * slope, c.wall).detach().requires_grad_()
    p = p.detach()
    found = float(push(game, c, p) @ (z - p))
    assert found == pytest.approx(float(gap(game, c, z)), rel=1e-6)
    others = per_player(3 * rng.normal("p", (200, 2 * planes)), c.wall)
    assert float(((z - others) * push(game, c, others)).sum(-1).max()) <= found + 1e-12


@pytest.mark.parametrize("planes", [1, 4])
def test_the_gap_vanishes_at_the_solution_only(planes):
    c = SimpleNamespace(wall=1.3, lean=0.0, bend=0.0)
    game = turning(planes, c.wall)
    assert float(gap(game, c, game["solution"])) == pytest.approx(0, abs=1e-14)
    assert float(gap(game, c, game["solution"] + 0.1)) > 0.01


@pytest.mark.parametrize(
    ("method", "first", "later"),
    [("past", 2, 1), ("reflected", 1, 1), ("optimistic", 1, 1), ("extragradient", 2, 2)],
)
def test_calls(method, first, later):
    session = Session(NAME, {"method": method})
    session.advance(30)
    asked = session.trace["evaluations"]
    assert asked[1] == first
    assert (asked[2:] - asked[1:-1] == later).all()


def test_without_a_wall_in_reach_past_shrinks_by_its_radius():
    session = Session(NAME, {"method": "past", "wall": 4.0, "rate": 0.3, "x": 0.5, "y": 0.2})
    session.advance(200)
    from lab.core.games import Past

    error = session.trace["error"]
    assert math.sqrt(error[200] / error[150]) ** (1 / 50) == pytest.approx(
        Past(0.3).radius(1j), rel=1e-6
    )


def test_descent_ends_at_the_wall_and_past_does_not():
    ends = {}
    for method in ("descent", "past"):
        session = Session(NAME, {"method": method})
        session.advance(200)
        ends[method] = abs(session.trace["place"][150:]).max()
    assert ends["descent"] == pytest.approx(1.5)
    assert ends["past"] < 0.51
