"""Alternating least squares: each factor is the best for the other two; known ranks are found."""

import torch

from lab.core.groups import group, tensor
from lab.core.random import Rng
from lab.core.tensor_rank import AlternatingLeastSquares


def begin(als, shape, starts, seed=0):
    return {name: f.double() for name, f in als.init(shape, starts, Rng(seed)).items()}


def test_a_sweep_is_least_squares():
    als = AlternatingLeastSquares(4, penalty=0.3, fade=0.5)
    target = torch.randn(5, 6, 3, generator=torch.Generator().manual_seed(0)).double()
    start = begin(als, target.shape, 2)
    after = als.step(start, target, 2)
    ridge = 0.3 * 0.5**2
    for n in range(2):
        # C comes last, so it fits beside the new A and B.
        design = torch.einsum("ir,jr->ijr", after["A"][n], after["B"][n]).reshape(30, 4)
        design = torch.cat([design, ridge**0.5 * torch.eye(4).double()])
        right = torch.cat([target.reshape(30, 3), torch.zeros(4, 3).double()])
        expected = torch.linalg.lstsq(design, right).solution.T
        torch.testing.assert_close(after["C"][n], expected)


def test_residual_is_the_distance_over_the_norm():
    als = AlternatingLeastSquares(2)
    factors = begin(als, (3, 4, 5), 2)
    exact = torch.einsum("ir,jr,kr->ijk", *(factors[name][0] for name in "ABC"))
    found = als.residual(factors, exact)
    assert found[0] < 1e-15 and found[1] > 0.1
    torch.testing.assert_close(als.residual(factors, 2 * exact)[:1], torch.tensor([0.5]).double())


def matrices(n):
    """The tensor of the product of two n x n matrices."""
    eye = torch.eye(n, dtype=torch.float64)
    return torch.einsum("ia,bj,kc->ijbkac", eye, eye, eye).reshape(n * n, n * n, n * n)


def test_strassens_seven_and_the_distance_from_six():
    least = {}
    for rank in (6, 7):
        als = AlternatingLeastSquares(rank)
        factors = begin(als, (4, 4, 4), 24)
        for k in range(400):
            factors = als.step(factors, matrices(2), k)
        least[rank] = als.residual(factors, matrices(2)).min()
    assert least[7] < 1e-6
    # Distance 1 of a tensor of norm sqrt 8; the same block weighs 3 in S3's tensor of norm 6.
    torch.testing.assert_close(least[6], torch.tensor(8**-0.5).double(), rtol=1e-4, atol=0)


def test_a_clock_of_three_takes_four():
    target = tensor(group("Z3").product)
    for rank, exact in ((4, True), (3, False)):
        als = AlternatingLeastSquares(rank)
        factors = begin(als, target.shape, 16)
        for k in range(300):
            factors = als.step(factors, target, k)
        assert (als.residual(factors, target).min() < 1e-6) == exact
