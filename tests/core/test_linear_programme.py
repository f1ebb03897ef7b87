"""The map of a linear programme: nonexpansive, with the displacement it was made from."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.fixed_point import Damped
from lab.core.problems.linear_programme import KINDS, LinearProgramme
from lab.core.random import Rng

BACKEND = Backend(dtype="float64")


def make(kind, gap=0.1, seed=0, **fields):
    return LinearProgramme(kind, gap, **fields).make(Rng(seed, backend=BACKEND), BACKEND)


def last_residual(problem, steps=10_000):
    """Residual of the averaged map after `steps` damped steps."""
    method = Damped(0.5)
    state = method.init(problem["start"])
    for k in range(steps):
        state = method.step(state, lambda x: LinearProgramme.apply(problem, x), k)
    return (state["x"] - LinearProgramme.apply(problem, state["x"])) / 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_map_is_two_reflections(kind):
    problem, rng = make(kind), Rng(9, backend=BACKEND)
    A, b, c = problem["A"], problem["b"], problem["c"]
    x, y = rng.normal("x", (24,)), rng.normal("y", (24,))
    # An infeasible programme has a dependent row, so the rank is said and not guessed.
    onto = x - c - torch.linalg.pinv(A, rtol=1e-9) @ (A @ (x - c) - b)
    reflected = 2 * onto - x
    torch.testing.assert_close(
        LinearProgramme.apply(problem, x), 2 * reflected.clamp(min=0) - reflected
    )
    mapped = LinearProgramme.apply(problem, x) - LinearProgramme.apply(problem, y)
    assert mapped.norm() <= (x - y).norm() * (1 + 1e-12)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_the_residual_finds_the_displacement(kind, seed):
    problem = make(kind, seed=seed)
    found = last_residual(problem)
    torch.testing.assert_close(found, problem["displacement"] / 2, rtol=0, atol=1e-6)
    assert float(found.norm()) == pytest.approx(0.1, rel=1e-5)


def test_the_residual_is_a_proof():
    problem = make("infeasible")
    value, violation = LinearProgramme.farkas(problem, last_residual(problem))
    assert value > 0.09
    assert violation < 1e-6
    problem = make("unbounded")
    slope, violation, offset = LinearProgramme.recession(problem, last_residual(problem))
    assert slope < -0.09
    assert violation < 1e-6
    assert offset < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_gap_there_is_a_fixed_point(kind):
    assert last_residual(make(kind, gap=0.0)).norm() < 1e-6


def test_wrong_fields_are_refused():
    with pytest.raises(ValueError, match="infeasible or unbounded"):
        LinearProgramme("both")
    with pytest.raises(ValueError, match="fewer than variables"):
        LinearProgramme(variables=5, constraints=5)
