"""Newton's method and its relatives keep their orders on roots that are known."""

import math

import pytest
import torch

from lab.core.backend import Backend
from lab.core.newton import (
    Newton,
    NewtonFlow,
    NewtonKrylov,
    PseudoTransient,
    jacobian,
    linearised,
    times,
)
from lab.core.problems.boundary_value import Grid, bratu_line
from lab.core.problems.equilibria import Equilibria
from lab.core.random import Rng
from lab.core.solve import solve

BACKEND = Backend(dtype="float64")
METHODS = (
    Newton(),
    Newton(0.5),
    NewtonKrylov(),
    NewtonKrylov(forcing=0.0),
    PseudoTransient(1.0),
    NewtonFlow(0.5),
)
NAMES = [f"{type(m).__name__}-{i}" for i, m in enumerate(METHODS)]


def layer(seed=0, **fields):
    fields = {"n": 6, "rows": 3, "radius": 0.9, **fields}
    return Equilibria(**fields).make(Rng(seed, backend=BACKEND), BACKEND)


def root(p):
    return lambda x: x - Equilibria.layer(p, x)


def test_the_jacobian_and_its_products():
    p = layer()
    x, v = p["shift"], p["shift"].flip(0)
    J = jacobian(root(p), x)
    slope = 1 - torch.tanh(Equilibria.affine(p, x)).square()
    exact = torch.eye(6, dtype=torch.float64) - slope[..., None] * p["matrix"]
    torch.testing.assert_close(J, exact)
    torch.testing.assert_close(times(root(p), x, v), (J @ v[..., None])[..., 0])
    value, product = linearised(root(p), x)
    torch.testing.assert_close(value, root(p)(x))
    torch.testing.assert_close(product(v), times(root(p), x, v))


@pytest.mark.parametrize("method", METHODS, ids=NAMES)
def test_the_root_is_the_fixed_point(method):
    p = layer()
    end = solve(method, root(p), p["start"], 1e-10, 300, root=True)
    assert bool((end["residual"] <= 1e-10).all())
    assert bool(((end["x"] - Equilibria.layer(p, end["x"])).norm(dim=-1) <= 2e-10).all())


@pytest.mark.parametrize("method", [Newton(), NewtonKrylov(), PseudoTransient(1.0)])
def test_the_declared_order_is_measured(method):
    """On x^2 = a the error e becomes e^2 / (2 x); the order is read off three errors."""
    F = lambda x: x * x - torch.tensor([2.0, 3.0], dtype=torch.float64)  # noqa: E731
    exact = torch.tensor([2.0, 3.0], dtype=torch.float64).sqrt()
    state, errors = method.init(torch.full((2,), 1.6, dtype=torch.float64)), []
    for k in range(9):
        state = method.step(state, F, k)
        errors.append(float((state["x"] - exact).norm()))
    small = [e for e in errors if 1e-13 < e < 0.3][-3:]
    order = math.log(small[2] / small[1]) / math.log(small[1] / small[0])
    if isinstance(method, NewtonKrylov):  # in two dimensions GMRES now and then is exact
        assert order > method.order - 0.35
    else:
        assert order == pytest.approx(method.order, abs=0.35)


def test_an_affine_problem_takes_one_step():
    p = layer(rows=4)
    F = lambda x: x - Equilibria.affine(p, x)  # noqa: E731
    for method in (Newton(), NewtonKrylov(forcing=0.0)):
        state = method.step(method.init(p["start"]), F, 0)
        torch.testing.assert_close(state["x"], Equilibria.solution(p))
    assert Newton().finite(6) == 1


def test_the_newton_flow_scales_the_residual():
    p = layer(rows=1)
    F = root(p)
    for length, tolerance in ((0.2, 1e-5), (0.05, 1e-7)):
        method = NewtonFlow(length)
        state = method.init(p["start"])
        for k in range(20):
            state = method.step(state, F, k)
        expected = F(p["start"]) * method.rate() ** 20
        torch.testing.assert_close(F(state["x"]), expected, rtol=0, atol=tolerance)
        assert float(state["t"][0]) == pytest.approx(20 * length)


def test_pseudo_transient_continuation_arrives_where_newton_runs_away():
    F = lambda x: torch.arctan(x)  # noqa: E731
    start = torch.tensor([[3.0]], dtype=torch.float64)  # Newton needs less than 1.3917
    steady = solve(PseudoTransient(1.0), F, start, 1e-10, 60, root=True)
    assert float(steady["residual"]) <= 1e-10
    state = Newton().init(start)
    for k in range(4):
        state = Newton().step(state, F, k)
    assert float(state["x"].abs()) > 100


@pytest.mark.parametrize("method", METHODS, ids=NAMES)
def test_every_row_is_a_run_of_its_own(method):
    p = layer()

    def run(x, shift):
        single = {**p, "shift": shift}
        F = lambda x: x - Equilibria.layer(single, x)  # noqa: E731
        state = method.init(x)
        for k in range(3):
            state = method.step(state, F, k)
        return state["x"]

    together = run(p["start"], p["shift"])
    rows = [run(x[None], s[None])[0] for x, s in zip(p["start"], p["shift"])]
    # A row that is done leaves GMRES alone; the others may go on, which makes it better still.
    tolerance = 1e-2 if getattr(method, "forcing", 0) else 1e-9
    torch.testing.assert_close(together, torch.stack(rows), rtol=tolerance, atol=tolerance)
    if not getattr(method, "forcing", 0):
        mapped = torch.func.vmap(lambda x, s: run(x[None], s[None])[0])(p["start"], p["shift"])
        torch.testing.assert_close(mapped, together, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("strength", [0.5, 2.0, 3.4])
def test_bratu_on_a_line_has_its_closed_form(strength):
    def error(n):
        grid = Grid(n, 1)
        sines = grid.sines(BACKEND)
        method = NewtonKrylov(precondition=lambda v: grid.invert(v, sines))
        F, start = lambda u: grid.bratu(u, strength), BACKEND.zeros(1, n)
        end = solve(method, F, start, 1e-12, 30, root=True)
        assert float(end["residual"]) <= 1e-12
        exact = bratu_line(BACKEND.linspace(grid.width, 1 - grid.width, n), strength)
        return float((end["x"][0] - exact).abs().max())

    assert error(31) / error(63) == pytest.approx(4, rel=0.1)  # second order in h


def test_beyond_the_fold_there_is_no_solution():
    with pytest.raises(ValueError, match="3.5138"):
        bratu_line(torch.zeros(1), 3.6)


@pytest.mark.parametrize("dims", [1, 2])
def test_sines_invert_the_laplacian(dims):
    grid = Grid(9, dims)
    u = Rng(0, backend=BACKEND).normal("u", (2, 9**dims))
    b = grid.minus_laplacian(u) + 0.3 * u
    torch.testing.assert_close(grid.invert(b, grid.sines(BACKEND), 0.3), u)
    matrix = jacobian(grid.minus_laplacian, u[0])
    assert torch.equal(matrix, matrix.mT)
    jacobi = torch.eye(9**dims, dtype=torch.float64) - matrix / (2 * dims)
    assert float(torch.linalg.eigvalsh(jacobi).max()) == pytest.approx(grid.jacobi)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="dims"):
        Grid(8, 3)
