"""GMRES ends with the best vector of the Krylov space, row by row."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.gmres import gmres
from lab.core.random import Rng

RNG = Rng(0, backend=Backend(dtype="float64"))


def system(n, rows=3, name="system"):
    A = torch.eye(n, dtype=torch.float64) + 0.5 * RNG.normal(name, (n, n)) / n**0.5
    return A, RNG.normal(f"{name}/b", (rows, n))


@pytest.mark.parametrize("steps", [1, 3, 6, 10])
def test_no_vector_of_the_krylov_space_is_better(steps):
    A, b = system(10)
    found = gmres(lambda v: v @ A.mT, b, steps=steps)
    for row, x, residual in zip(b, found.x, found.residual):
        powers = [row]
        for _ in range(steps - 1):
            powers.append(A @ powers[-1])
        basis = torch.linalg.qr(torch.stack(powers, 1))[0]
        best = basis @ torch.linalg.lstsq(A @ basis, row).solution
        torch.testing.assert_close(x, best, rtol=1e-6, atol=1e-9)
        torch.testing.assert_close(
            residual, (row - A @ x).norm() / row.norm(), atol=1e-12, rtol=1e-6
        )


def test_a_row_that_is_done_is_not_spoilt_and_not_counted():
    n = 12
    A = torch.diag(torch.tensor([1.0] * 6 + [2.0] * 3 + [5.0] * 3, dtype=torch.float64))
    b = torch.stack([RNG.normal("b", (n,)), torch.eye(n, dtype=torch.float64)[0], torch.zeros(n)])
    found = gmres(lambda v: v @ A, b, steps=9, tol=1e-12)
    assert found.products.tolist() == [3, 1, 0]  # three eigenvalues, one, none
    torch.testing.assert_close(found.x @ A, b, rtol=1e-10, atol=1e-10)
    assert torch.equal(found.x[2], torch.zeros(n, dtype=torch.float64))


def test_a_preconditioner_keeps_the_residual_true_and_saves_products():
    A, b = system(30)
    A = A * torch.logspace(0, 4, 30, dtype=torch.float64)[:, None]
    plain = gmres(lambda v: v @ A.mT, b, steps=30, tol=1e-8)
    helped = gmres(
        lambda v: v @ A.mT, b, steps=30, tol=1e-8, precondition=lambda v: v / A.diagonal()
    )
    true = (b - helped.x @ A.mT).norm(dim=-1) / b.norm(dim=-1)
    torch.testing.assert_close(helped.residual, true, rtol=1e-3, atol=1e-12)
    assert bool((true <= 1e-8).all())
    assert bool((helped.products < plain.products).all())


def test_it_can_be_mapped():
    A, b = system(8)
    together = gmres(lambda v: v @ A.mT, b, steps=8).x
    mapped = torch.func.vmap(lambda row: gmres(lambda v: A @ v, row, steps=8).x)(b)
    torch.testing.assert_close(mapped, together)


def test_a_map_to_nothing_leaves_the_residual_whole():
    _, b = system(5)
    found = gmres(torch.zeros_like, b, steps=3)
    assert found.residual.tolist() == [1.0] * 3 and bool(found.x.isfinite().all())
