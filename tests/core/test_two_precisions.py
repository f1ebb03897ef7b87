"""An answer in float64 that was sought in float32: as near, and nearly free."""

import torch

from lab.core.backend import Backend
from lab.core.orthogonal_anderson import OrthogonalAnderson
from lab.core.problems.equilibria import Equilibria
from lab.core.random import Rng
from lab.core.solve import solve
from lab.core.two_precisions import solve_in_two

BACKEND = Backend(dtype="float64")
METHOD = OrthogonalAnderson(memory=2)


def maps(layer, **fields):
    """A problem's map in both precisions, and its start."""
    problem = Equilibria(n=60, rows=3, **fields).make(Rng(3, backend=BACKEND), BACKEND)
    single = {name: part.float() for name, part in problem.items()}
    return problem, lambda z: layer(problem, z), lambda z: layer(single, z)


def test_one_evaluation_confirms_what_single_precision_can_tell():
    problem, T, rounded = maps(Equilibria.layer, radius=0.97)
    found = solve_in_two(METHOD, T, rounded, problem["start"], 1e-5, 200)
    alone = solve(METHOD, T, problem["start"], 1e-5, 200, relative=True)
    x = found["x"]
    assert x.dtype == torch.float64
    gap = (x - T(x)).norm(dim=-1) / T(x).norm(dim=-1)
    assert bool((gap <= 1e-5).all())
    torch.testing.assert_close(gap, found["residual"])
    assert found["evaluations"].tolist() == [1, 1, 1]
    assert bool((found["rounded"] <= alone["evaluations"] + 2).all())


def test_a_finer_tolerance_is_reached_in_the_problems_own_precision():
    problem, T, rounded = maps(Equilibria.affine, radius=0.9)
    found = solve_in_two(METHOD, T, rounded, problem["start"], 1e-13, 200)
    exact = Equilibria.solution(problem)
    assert float((found["x"] - exact).norm() / exact.norm()) < 1e-11
    alone = solve(METHOD, T, problem["start"], 1e-13, 200, relative=True)
    assert bool((found["evaluations"] < 0.8 * alone["evaluations"]).all())


def test_single_precision_alone_does_not_get_there():
    problem, _, rounded = maps(Equilibria.affine, radius=0.9)
    start = problem["start"].float()
    end = solve(METHOD, rounded, start, 1e-13, 200, relative=True)
    assert bool((end["residual"] > 1e-9).all())
