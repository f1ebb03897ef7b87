"""scipy's Anderson and Broyden reach the same points after the same numbers of evaluations."""

import numpy as np
import pytest
import torch
from scipy import optimize

from lab.core.anderson import Anderson
from lab.core.backend import Backend
from lab.core.broyden import Broyden
from lab.core.problems.equilibria import Equilibria
from lab.core.random import Rng
from lab.core.solve import solve

BACKEND = Backend(dtype="float64")


def counted(method, p, T, tol=1e-8, **options):
    """The point that a method of scipy finds, and its evaluations."""
    calls = []

    def g(x):
        calls.append(1)
        x = torch.from_numpy(np.asarray(x, dtype=np.float64).reshape(1, -1))
        return (x - T(x))[0].numpy()

    start = dict(alpha=-1.0, line_search=None)  # from Picard's step, as ours
    point = method(g, p["start"][0].numpy(), f_tol=tol, tol_norm=np.linalg.norm, **start, **options)
    return point, len(calls)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("radius", [0.5, 0.9, 0.97])
@pytest.mark.parametrize("kind", ["affine", "layer"])
@pytest.mark.parametrize("pair", ["anderson", "broyden"])
def test_the_same_point_after_as_many_evaluations(pair, kind, radius, seed):
    p = Equilibria(n=40, radius=radius).make(Rng(seed, backend=BACKEND), BACKEND)

    def T(x):
        return getattr(Equilibria, kind)(p, x)

    if pair == "anderson":
        own, peer, options = Anderson(memory=5), optimize.anderson, {"M": 5}
    else:
        own, peer, options = Broyden(), optimize.broyden1, {}
    end = solve(own, T, p["start"], 1e-8, 500)
    point, evaluations = counted(peer, p, T, **options)
    assert float(end["residual"]) <= 1e-8
    distance = 1e-8 / (1 - radius) * 2
    np.testing.assert_allclose(end["x"][0].numpy(), point, rtol=0, atol=distance)
    assert abs(int(end["evaluations"]) - evaluations) <= 2
