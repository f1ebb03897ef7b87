"""The proximal map against scipy, the free energy against a sum over all states."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import optimize, special

from lab.core.mean_field import ProximalSweep, Sweep, entropy_prox, free_energy, logits


def model(n=4, K=3, low=0.1, seed=0):
    """A model whose I - Phi has no eigenvalue below `low`, and a start."""
    generator = torch.Generator().manual_seed(seed)
    draw = dict(dtype=torch.float64, generator=generator)
    A = torch.randn(n, 5, K, **draw)
    A = A / torch.linalg.matrix_norm(A, 2)[:, None, None] * (1 - low) ** 0.5
    wide = A.permute(1, 0, 2).reshape(5, n * K)
    coupling = torch.block_diag(*(a.mT @ a for a in A)) - wide.mT @ wide
    return coupling, torch.randn(n, K, **draw), torch.softmax(torch.randn(n, K, **draw), -1)


@pytest.mark.parametrize("alpha", [0.02, 0.1, 0.5, 0.9, 0.99])
def test_the_proximal_map_is_what_lambert_and_brent_find(alpha):
    y = 2 * torch.randn(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = entropy_prox(y, alpha)
    for row, own in zip(y.numpy(), found.numpy()):

        def z(nu, row=row):
            exponent = (row - nu) / alpha + math.log((1 - alpha) / alpha)
            return special.wrightomega(exponent) * alpha / (1 - alpha)

        nu = optimize.brentq(lambda nu: z(nu).sum() - 1, row.max() - 1, row.max() + 3, xtol=1e-15)
        np.testing.assert_allclose(own, z(nu), atol=1e-12)


def test_far_apart_entries_give_a_corner():
    y = torch.tensor([[700.0, 0.0, -700.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
    expected = torch.tensor([[1.0, 0, 0], [1 / 3, 1 / 3, 1 / 3]], dtype=torch.float64)
    torch.testing.assert_close(entropy_prox(y, 0.1), expected)


def test_free_energy_is_a_divergence_up_to_a_constant():
    coupling, bias, q = model()
    n, K = q.shape
    eye = np.eye(K)
    states = np.array(list(itertools.product(range(K), repeat=n)))
    x = eye[states].reshape(len(states), n * K)
    weight = 0.5 * np.einsum("si,ij,sj->s", x, coupling.numpy(), x) + x @ bias.numpy().ravel()
    log_z = special.logsumexp(weight)
    chance = q.numpy()[np.arange(n), states].prod(1)
    divergence = (chance * (np.log(chance) - weight + log_z)).sum()
    assert float(free_energy(q, coupling, bias)) + log_z == pytest.approx(divergence, rel=1e-12)


def test_both_methods_rest_where_the_free_energy_is_least():
    coupling, bias, q = model()
    state, plain = ProximalSweep(0.2).init(q), Sweep().init(q)
    for _ in range(400):
        state = ProximalSweep(0.2).step(state, coupling, bias)
        plain = Sweep().step(plain, coupling, bias)
    found = state["q"]
    torch.testing.assert_close(found, torch.softmax(logits(found, coupling, bias), -1))
    torch.testing.assert_close(found, plain["q"])

    def value(t):
        p = torch.softmax(torch.from_numpy(t).reshape(q.shape), -1)
        return float(free_energy(p, coupling, bias))

    least = optimize.minimize(value, np.zeros(q.numel()), method="BFGS").fun
    assert float(free_energy(found, coupling, bias)) == pytest.approx(least, abs=1e-7)


@pytest.mark.parametrize("low", [0.5, 0.1, -0.5])
@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.4])
def test_distances_shrink_by_the_rate(low, alpha):
    coupling, bias, q = model(low=low)
    values = torch.linalg.eigvalsh(torch.eye(len(coupling), dtype=q.dtype) - coupling)
    rate = ProximalSweep(alpha).rate(values[0], values[-1])
    generator = torch.Generator().manual_seed(5)
    other = torch.softmax(4 * torch.randn(200, *q.shape, dtype=q.dtype, generator=generator), -1)
    starts = torch.stack([other, other.roll(1, 0)])
    after = ProximalSweep(alpha).step({"q": starts}, coupling, bias)["q"]
    before = (starts[0] - starts[1]).flatten(-2).norm(dim=-1)
    assert float(((after[0] - after[1]).flatten(-2).norm(dim=-1) / before).max()) <= float(rate)
