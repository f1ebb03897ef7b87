"""The iterations keep the rates and bounds that they declare, and their closed forms."""

import math

import pytest
import torch

from lab.core.backend import Backend
from lab.core.fixed_point import Damped, Halpern, Picard, averaged
from lab.core.problems.linear_programme import LinearProgramme
from lab.core.problems.rotations import Rotations
from lab.core.random import Rng

BACKEND = Backend(dtype="float64")
WINDOW = [round(30 * (10_000 / 30) ** (i / 40)) for i in range(41)]


def rotations(seed=0, **fields):
    return Rotations(**fields).make(Rng(seed, backend=BACKEND), BACKEND)


def states(method, T, start, steps):
    """The iterates x_0 .. x_steps, shape (steps + 1, d)."""
    state, found = method.init(start), [start]
    for k in range(steps):
        state = method.step(state, T, k)
        found.append(state["x"])
    return torch.stack(found)


def errors(method, problem, steps, weight=0.5, kind=Rotations):
    """Squared errors of the residual of the averaged map, shape (steps + 1,)."""
    T = averaged(lambda x: kind.apply(problem, x), weight)
    xs = states(method, T, problem["start"], steps)
    return torch.stack([(x - T(x) - weight * problem["displacement"]).square().sum() for x in xs])


def slope(ys, ks):
    x = torch.tensor([math.log(k) for k in ks], dtype=torch.float64)
    y = torch.tensor([math.log(y) for y in ys], dtype=torch.float64)
    x = x - x.mean()
    return float((x @ y) / (x @ x))


@pytest.mark.parametrize("weight", [1.0, 0.5, 0.2])
@pytest.mark.parametrize("method", [Picard(), Halpern()])
@pytest.mark.parametrize("planes", [1, 40])
def test_the_error_is_the_closed_form(method, weight, planes):
    problem = rotations(planes=planes, fastest=0.7)
    found = errors(method, problem, 300, weight)
    name = type(method).__name__.lower()
    exact = [Rotations.error(problem, name, k, weight) for k in range(301)]
    torch.testing.assert_close(found, torch.stack(exact), rtol=1e-8, atol=1e-26)


def test_in_one_plane_picard_turns_for_ever_or_is_geometric():
    problem = rotations(planes=1, fastest=0.3)
    turning = errors(Picard(), problem, 500, weight=1.0)
    torch.testing.assert_close(turning, turning[0].expand(501), rtol=1e-9, atol=0.0)
    settling = errors(Picard(), problem, 500, weight=0.5)
    rate = (1 + math.cos(problem["angles"][0])) / 2
    torch.testing.assert_close(settling[1:], settling[:-1] * rate, rtol=1e-8, atol=1e-26)


@pytest.mark.parametrize("method", [Picard(), Halpern()])
def test_declared_orders_are_measured(method):
    """Means over 16 instances of the slopes in the closed form, which the loop equals above."""
    name = type(method).__name__.lower()
    problems = [rotations(seed) for seed in range(16)]
    slopes = [slope([Rotations.error(p, name, k, 0.5) for k in WINDOW], WINDOW) for p in problems]
    order = method.theory.residual
    assert -order - 0.1 < sum(slopes) / 16 < -order + 0.2  # a logarithm flattens Halpern's


@pytest.mark.parametrize("method", [Picard(), Halpern(), Halpern(0.5), Damped(0.5)])
def test_the_normalised_drift_finds_the_displacement(method):
    problem = rotations(gap=0.2)
    weight = 1.0 if isinstance(method, Damped) else 0.5
    T = averaged(lambda x: Rotations.apply(problem, x), weight)
    v = problem["displacement"] * weight
    xs = states(method, T, problem["start"], 2_000)
    wrong = [
        float(((problem["start"] - xs[k]) / (method.drift * k) - v).square().sum())
        for k in (125, 250, 500, 1_000, 2_000)
    ]
    order = method.theory.normalised
    assert -order - 0.1 < slope(wrong, (125, 250, 500, 1_000, 2_000)) < -order + 0.35


@pytest.mark.parametrize("kind", ["rotations", "infeasible", "unbounded"])
@pytest.mark.parametrize("seed", range(3))
def test_bounds_hold(kind, seed):
    if kind == "rotations":
        problem, owner, nearest = rotations(seed), Rotations, None
    else:
        owner = LinearProgramme
        problem = LinearProgramme(kind, 0.3).make(Rng(seed, backend=BACKEND), BACKEND)

    def T(x):
        return owner.apply(problem, x)

    v = problem["displacement"]
    if kind == "rotations":
        nearest = torch.zeros_like(v)
    else:  # any point whose displacement is v; a late iterate is one
        nearest = states(Damped(0.5), T, problem["start"], 30_000)[-1]
        assert (nearest - T(nearest) - v).norm() < 1e-7
    unit = (problem["start"] - nearest).square().sum()
    damped, halpern = Damped(0.3), Halpern()
    xs = states(damped, T, problem["start"], 400)
    wrong = torch.stack([(x - T(x) - v).square().sum() for x in xs])
    means = wrong.cumsum(0) / torch.arange(1, 402)
    xs = states(halpern, T, problem["start"], 400)
    anchored = torch.stack([(x - T(x) - v).square().sum() for x in xs])
    for k in range(1, 401):
        assert means[k] <= damped.bound(k) * unit
        assert anchored[k] <= halpern.bound(k) * unit


def test_damped_is_picard_of_the_averaged_map_and_no_anchor_is_picard():
    problem = rotations()

    def T(x):
        return Rotations.apply(problem, x)

    damped = states(Damped(0.3), T, problem["start"], 20)
    assert torch.equal(damped, states(Picard(), averaged(T, 0.3), problem["start"], 20))
    free = states(Halpern(0.0), T, problem["start"], 20)
    assert torch.equal(free, states(Picard(), T, problem["start"], 20))


def test_steps_do_not_write_into_their_state():
    problem = rotations()
    for method in (Picard(), Damped(), Halpern()):
        state = method.init(problem["start"])
        kept = {name: value.clone() for name, value in state.items()}
        method.step(state, lambda x: Rotations.apply(problem, x), 0)
        assert all(torch.equal(state[name], kept[name]) for name in kept)
