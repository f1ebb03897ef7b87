"""scipy's GMRES finds the same vectors, its Newton-Krylov the same solution of Bratu's problem."""

import numpy as np
import torch
from scipy import optimize
from scipy.sparse import linalg

from lab.core.backend import Backend
from lab.core.gmres import gmres
from lab.core.newton import NewtonKrylov
from lab.core.problems.boundary_value import Grid
from lab.core.random import Rng
from lab.core.solve import solve

BACKEND = Backend(dtype="float64")


def test_gmres():
    rng = Rng(0, backend=BACKEND)
    A = torch.eye(40, dtype=torch.float64) + rng.normal("A", (40, 40)) / 40**0.5
    b = rng.normal("b", (1, 40))
    for steps in (5, 15, 30):
        own = gmres(lambda v: v @ A.mT, b, steps=steps)
        peer, _ = linalg.gmres(A.numpy(), b[0].numpy(), restart=steps, maxiter=1, rtol=0.0)
        np.testing.assert_allclose(own.x[0].numpy(), peer, rtol=1e-6, atol=1e-8)


def test_newton_krylov_on_bratu():
    grid, calls = Grid(24), []
    sines = grid.sines(BACKEND)

    def F(u):
        return grid.bratu(u, 6.0)

    def peer_F(u):
        calls.append(1)
        return F(torch.from_numpy(u)).numpy()

    method = NewtonKrylov(precondition=lambda v: grid.invert(v, sines))
    end = solve(method, F, BACKEND.zeros(1, 24**2), 1e-9, 30, root=True)
    assert float(end["residual"]) <= 1e-9
    plain = optimize.newton_krylov(peer_F, np.zeros(24**2), f_tol=1e-9, tol_norm=np.linalg.norm)
    np.testing.assert_allclose(end["x"][0].numpy(), plain, rtol=0, atol=1e-6)
    assert int(end["evaluations"] + end["products"]) < len(calls)
