"""Counts are those of the iteration with matrices, and of Young's theory."""

import numpy as np
import torch
from scipy.linalg import solve_triangular

from lab.core.problems.shifted_poisson import jacobi_radius, sor_counts
from lab.core.sweeps import best_relaxation


def dense(side, shift):
    """The matrix with its red points first."""
    row = 2 * np.eye(side) - np.eye(side, k=1) - np.eye(side, k=-1)
    matrix = np.kron(row, np.eye(side)) + np.kron(np.eye(side), row) + shift * np.eye(side**2)
    black = np.add.outer(np.arange(side), np.arange(side)).ravel() % 2
    order = np.argsort(black, kind="stable")
    return matrix[np.ix_(order, order)], order


def test_counts_are_those_of_matrices():
    side, shift, relaxation = 5, 0.3, 1.4
    rhs = torch.randn(2, side, side, dtype=torch.float64, generator=torch.manual_seed(0))
    found = sor_counts(torch.tensor([shift]), torch.tensor([relaxation]), rhs, 1e-6)
    matrix, order = dense(side, shift)
    lower = np.tril(matrix, -1) + np.diag(np.diag(matrix)) / relaxation
    for r in range(2):
        b = rhs[r].numpy().ravel()[order]
        x, count = np.zeros_like(b), 0
        while np.linalg.norm(b - matrix @ x) > 1e-6 * np.linalg.norm(b):
            x = x + solve_triangular(lower, b - matrix @ x, lower=True)
            count += 1
        assert found[0, 0, r] == count


def test_jacobis_radius_is_an_eigenvalue():
    matrix, _ = dense(6, 0.5)
    values = np.linalg.eigvalsh(np.eye(36) - matrix / 4.5)
    assert np.isclose(values.max(), jacobi_radius(6, 0.5))


def test_counts_follow_youngs_rate():
    """Unrelaxed, a factor of 10^6 takes log 10^6 / -log radius^2 sweeps, start aside."""
    side = 12
    rhs = torch.ones(1, side, side, dtype=torch.float64)
    shift = torch.tensor([0.001])
    plain, best = best_relaxation(jacobi_radius(side, 0.001))
    counts = sor_counts(shift, torch.tensor([1.0, plain]), rhs, 1e-6)[0, :, 0]
    law = np.log(1e6) / -np.log([jacobi_radius(side, 0.001) ** 2, best])
    assert abs(counts[0] / law[0] - 1) < 0.1
    assert law[1] < counts[1] < 2 * law[1]  # a double eigenvalue: k rate^k
