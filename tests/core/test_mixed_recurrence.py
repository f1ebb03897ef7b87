"""Sweeps of a diagonal recurrence end in the dense one."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.mixed_recurrence import MixedRecurrence, dense_states
from lab.core.random import Rng

RNG = Rng(0, backend=Backend(dtype="float64"))
T, D = 20, 5


def problem(norm, reach=1.0):
    K = RNG.normal("K", (T, D, D))
    K = norm * K / K.abs().sum(-1, keepdim=True)
    return reach * RNG.normal("diagonal", (T, D)).tanh(), K, RNG.normal("u", (T, D))


@pytest.mark.parametrize("normalised", [True, False])
def test_the_fixed_point_is_the_dense_recurrence_of_torchs_solver(normalised):
    method, start = MixedRecurrence(normalised), torch.ones(D, dtype=torch.float64)
    diagonal, K, u = problem(0.8)
    h = torch.zeros_like(u)
    for _ in range(400):
        h = method.step(h, diagonal, K, u, start)
    before = torch.cat([start[None], h[:-1]])
    free = 1 - diagonal.abs() if normalised else torch.ones_like(diagonal)
    for t in range(T):  # the equation itself
        mixed = K[t] @ h[t] + u[t] - K[t] @ u[t]
        torch.testing.assert_close(h[t], diagonal[t] * before[t] + free[t] * mixed)
    torch.testing.assert_close(h, dense_states(*method.dense(diagonal, K, u), start))


def test_the_plain_form_is_the_inverse_mixer_times_the_diagonal():
    diagonal, K, u = problem(0.5)
    A, c = MixedRecurrence(False).dense(diagonal, K, u)
    Q = torch.eye(D, dtype=torch.float64) - K
    torch.testing.assert_close(A, torch.linalg.inv(Q) @ torch.diag_embed(diagonal))
    torch.testing.assert_close(c, u)


@pytest.mark.parametrize("norm", [0.3, 0.9])
def test_the_error_falls_by_the_rate_for_every_diagonal(norm):
    method, start = MixedRecurrence(), torch.zeros(D, dtype=torch.float64)
    diagonal, K, u = problem(norm)
    exact = dense_states(*method.dense(diagonal, K, u), start)
    assert float(method.rate(K)) == pytest.approx(norm)
    h = torch.zeros_like(u)
    for _ in range(10):
        before = (h - exact).abs().max()
        h = method.step(h, diagonal, K, u, start)
        assert (h - exact).abs().max() <= norm * before * (1 + 1e-9)


def test_without_a_mixer_one_sweep_does():
    diagonal, K, u = problem(0.0)
    start = torch.ones(D, dtype=torch.float64)
    for normalised in (True, False):
        method = MixedRecurrence(normalised)
        found = method.step(torch.zeros_like(u), diagonal, 0 * K, u, start)
        torch.testing.assert_close(found, dense_states(*method.dense(diagonal, K, u), start))


def test_plain_sweeps_grow_where_the_diagonal_is_near_one():
    """Constant lambda .99 and K = -.3 I: the dense recurrence decays, the sweeps explode."""
    T = 100
    diagonal = torch.full((T, 1), 0.99, dtype=torch.float64)
    K, u = torch.full((T, 1, 1), -0.3, dtype=torch.float64), torch.ones_like(diagonal)
    start = torch.zeros(1, dtype=torch.float64)
    worst = {}
    for normalised in (True, False):
        method = MixedRecurrence(normalised)
        exact, h = dense_states(*method.dense(diagonal, K, u), start), torch.zeros_like(u)
        errors = []
        for _ in range(60):
            h = method.step(h, diagonal, K, u, start)
            errors.append(float((h - exact).abs().max()))
        worst[normalised] = max(errors)
    assert worst[True] < 1
    assert worst[False] > 1e6
