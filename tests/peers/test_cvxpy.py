"""cvxpy, a modelling language with an interior-point solver, finds the same sparse weights."""

import numpy as np
import pytest
import torch

from lab.core.net_trim import net_trim
from lab.core.random import Rng
from lab.engine.numerics import exact_numerics

cvxpy = pytest.importorskip("cvxpy")


@pytest.fixture(autouse=True)
def one_thread():
    """Small products are slower on two."""
    with exact_numerics():
        yield


def theirs(x, y, slack, free=None):
    """One output at a time, as the problem is written down."""
    x, columns = x.numpy(), []
    cost = np.ones(x.shape[1]) if free is None else 1.0 - free.numpy()
    for target in y.numpy().T:
        on, u = target > 0, cvxpy.Variable(x.shape[1])
        near = cvxpy.norm(x[on] @ u - target[on]) <= slack * np.linalg.norm(target[on])
        size = cvxpy.norm1(cvxpy.multiply(cost, u))
        cvxpy.Problem(cvxpy.Minimize(size), [near, x[~on] @ u <= 0]).solve(solver=cvxpy.CLARABEL)
        columns.append(u.value)
    return torch.tensor(np.stack(columns, 1))


@pytest.mark.parametrize("slack", [0.05, 0.2])
@pytest.mark.parametrize("n, inputs", [(120, 100), (60, 90), (150, 40)])
def test_the_same_weights(n, inputs, slack):
    rng = Rng(n)
    x = rng.normal("x", (n, inputs)).double()
    y = (x @ rng.normal("w", (inputs, 4)).double()).relu()
    own, peer = net_trim(x, y, slack), theirs(x, y, slack)
    assert ((own - peer).norm(dim=0) <= 1e-3 * peer.norm(dim=0)).all()
    torch.testing.assert_close(own.abs().sum(0), peer.abs().sum(0), rtol=1e-4, atol=0)


def test_the_same_weights_beside_free_biases():
    rng = Rng(7)
    x = torch.cat([torch.ones(90, 1), rng.normal("x", (90, 50))], 1).double()
    free = torch.arange(51) == 0
    y = (x @ rng.normal("w", (51, 3)).double()).relu()
    own, peer = net_trim(x, y, 0.1, free=free, tolerance=1e-6), theirs(x, y, 0.1, free)
    assert ((own - peer).norm(dim=0) <= 1e-3 * peer.norm(dim=0)).all()
