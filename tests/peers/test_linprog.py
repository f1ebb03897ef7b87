"""scipy's HiGHS and the displacement of the Douglas-Rachford map agree on every programme."""

import numpy as np
import pytest
from scipy.optimize import linprog, nnls

from lab.core.backend import Backend
from lab.core.fixed_point import Damped, Halpern, averaged
from lab.core.problems.linear_programme import KINDS, LinearProgramme
from lab.core.random import Rng

BACKEND = Backend(dtype="float64")
STATUS = {"infeasible": 2, "unbounded": 3}


def peer(problem, cost=True):
    A, b, c = (problem[name].numpy() for name in ("A", "b", "c"))
    return linprog(c if cost else 0 * c, A_eq=A, b_eq=b, bounds=(0, None), method="highs")


def residual(problem, method, steps):
    """Last iterate and residual of the averaged map."""

    def T(x):
        return LinearProgramme.apply(problem, x)

    if not isinstance(method, Damped):
        T = averaged(T, 0.5)
    state = method.init(problem["start"])
    for k in range(steps):
        state = method.step(state, T, k)
    x = state["x"]
    moved = x - T(x)
    return x, moved / 2 if isinstance(method, Damped) else moved


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("method", [Damped(0.5), Halpern()])
@pytest.mark.parametrize("kind", KINDS)
def test_no_solution(kind, method, seed):
    problem = LinearProgramme(kind, 0.1).make(Rng(seed, backend=BACKEND), BACKEND)
    assert peer(problem).status == STATUS[kind]
    assert float(residual(problem, method, 3_000)[1].norm()) == pytest.approx(0.1, rel=1e-3)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("method", [Damped(0.5), Halpern()])
@pytest.mark.parametrize("kind", KINDS)
def test_a_solution(kind, method, seed):
    problem = LinearProgramme(kind, 0.0).make(Rng(seed, backend=BACKEND), BACKEND)
    assert peer(problem).status == 0
    assert float(residual(problem, method, 3_000)[1].norm()) < 3e-3


@pytest.mark.parametrize("seed", range(4))
def test_the_same_optimum(seed):
    problem = LinearProgramme("unbounded", 0.0).make(Rng(seed, backend=BACKEND), BACKEND)
    x, _ = residual(problem, Damped(0.5), 6_000)
    A, b, c = problem["A"], problem["b"], problem["c"]
    shifted = (x - c).numpy()
    onto = shifted - np.linalg.pinv(A.numpy()) @ (A.numpy() @ shifted - b.numpy())
    assert onto.min() > -1e-6
    assert float(c.numpy() @ onto) == pytest.approx(peer(problem).fun, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_the_gap_is_the_distance_between_the_two_sets(seed):
    """The nearest pair by scipy's nonnegative least squares on min |A+ (A x - b)|, x >= 0."""
    problem = LinearProgramme("infeasible", 0.1).make(Rng(seed, backend=BACKEND), BACKEND)
    A, b = problem["A"].numpy(), problem["b"].numpy()
    inverse = np.linalg.pinv(A)
    _, distance = nnls(inverse @ A, inverse @ b)
    assert distance == pytest.approx(0.1, rel=1e-8)
