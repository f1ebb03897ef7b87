"""torchdeq's solvers reach the same equilibria, and its implicit gradients are ours."""

import pytest
import torch
from torchdeq.grad import backward_factory
from torchdeq.solver.anderson import anderson_solver
from torchdeq.solver.broyden import broyden_solver
from torchdeq.solver.fp_iter import fixed_point_iter

from lab.core.anderson import Anderson
from lab.core.backend import Backend
from lab.core.broyden import LimitedBroyden
from lab.core.implicit import differentiable
from lab.core.orthogonal_anderson import OrthogonalAnderson
from lab.core.problems.equilibria import Equilibria
from lab.core.random import Rng
from lab.core.solve import solve

BACKEND = Backend(dtype="float64")
TOL = 1e-11  # of |z - Tz| in units of |Tz|
THEIRS = {
    "anderson": (anderson_solver, {"m": 5, "lam": 1e-14}),
    "broyden": (broyden_solver, {}),
    "fixed_point_iter": (fixed_point_iter, {}),
}


def problem(radius, symmetric=True, seed=0):
    drawn = Equilibria(n=24, rows=5, radius=radius, symmetric=symmetric)
    return drawn.make(Rng(seed, backend=BACKEND), BACKEND)


@pytest.mark.parametrize("theirs", THEIRS)
@pytest.mark.parametrize("own", [OrthogonalAnderson(2), OrthogonalAnderson(), Anderson(),
                                 LimitedBroyden(20)], ids=lambda m: type(m).__name__)  # fmt: skip
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("radius", [0.9, 0.97])
def test_the_same_equilibrium(radius, symmetric, own, theirs):
    p = problem(radius, symmetric)

    def T(z):
        return Equilibria.layer(p, z)

    solver, options = THEIRS[theirs]
    peer, _, told = solver(T, p["start"], max_iter=400, tol=TOL, stop_mode="rel", **options)
    end = solve(own, T, p["start"], TOL, 400, relative=True)
    assert float(told["rel_lowest"].max()) <= TOL
    assert float(end["residual"].max()) <= TOL
    # Two points of relative residual r lie 2 r / (1 - radius) of their size apart at most.
    apart = (end["x"] - peer).norm(dim=-1) / peer.norm(dim=-1)
    assert float(apart.max()) <= 2 * TOL / (1 - radius)


@pytest.mark.parametrize("theirs", THEIRS)
@pytest.mark.parametrize("radius", [0.9, 0.97])
def test_the_same_gradient(radius, theirs):
    p = problem(radius)
    W, x = p["matrix"].requires_grad_(), p["shift"].requires_grad_()

    def T(z):
        return Equilibria.layer({"matrix": W, "shift": x}, z)

    with torch.no_grad():
        point = solve(OrthogonalAnderson(), T, p["start"], 1e-14, 400, relative=True)["x"]
    g = Rng(1, backend=BACKEND).normal("g", point.shape)
    solver, options = THEIRS[theirs]
    stop = dict(max_iter=400, tol=TOL, stop_mode="rel")
    out = backward_factory("ift", b_solver=solver, b_solver_kwargs={**stop, **options})(
        None, T, point.clone()
    )[0]
    peer = torch.autograd.grad(out, (W, x), g)
    own = torch.autograd.grad(differentiable(T, point, tol=TOL), (W, x), g)
    for one, other in zip(own, peer):
        assert float((one - other).norm() / other.norm()) <= 4 * TOL / (1 - radius)
