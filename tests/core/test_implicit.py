"""Gradients through the equation of a fixed point are those of finite differences and unrolling."""

import pytest
import torch

from lab.core.anderson import Anderson
from lab.core.backend import Backend
from lab.core.fixed_point import Picard
from lab.core.implicit import adjoint, differentiable
from lab.core.problems.equilibria import Equilibria
from lab.core.random import Rng
from lab.core.solve import solve

BACKEND = Backend(dtype="float64")


def layer(matrix, shift, x):
    return torch.tanh(x @ matrix.mT + shift)


def equilibrium(matrix, shift, method=None):
    with torch.no_grad():
        T = lambda x: layer(matrix, shift, x)  # noqa: E731
        point = solve(Anderson(), T, torch.zeros_like(shift), 1e-13, 500)["x"]
    return differentiable(lambda x: layer(matrix, shift, x), point, method, tol=1e-12)


def parameters(radius=0.8):
    p = Equilibria(n=3, rows=2, radius=radius).make(Rng(0, backend=BACKEND), BACKEND)
    return p["matrix"].requires_grad_(), p["shift"].requires_grad_()


@pytest.mark.parametrize("method", [None, Picard()])
def test_gradients_are_those_of_finite_differences(method):
    assert torch.autograd.gradcheck(
        lambda m, s: equilibrium(m, s, method), parameters(), check_undefined_grad=False
    )


def test_gradients_are_those_of_unrolling():
    matrix, shift = parameters()
    weights = Rng(1, backend=BACKEND).normal("weights", (2, 3))
    implicit = torch.autograd.grad((equilibrium(matrix, shift) * weights).sum(), (matrix, shift))
    x = torch.zeros_like(shift)
    for _ in range(300):
        x = layer(matrix, shift, x)
    unrolled = torch.autograd.grad((x * weights).sum(), (matrix, shift))
    for one, other in zip(implicit, unrolled):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-11)


def test_the_adjoint_of_an_affine_map_is_a_linear_system():
    matrix, shift = (tensor.detach() for tensor in parameters())
    g = Rng(2, backend=BACKEND).normal("g", (2, 3))
    found = adjoint(lambda x: x @ matrix.mT + shift, torch.zeros_like(shift), g)
    exact = torch.linalg.solve(torch.eye(3, dtype=torch.float64) - matrix.mT, g.mT).mT
    torch.testing.assert_close(found, exact, rtol=1e-8, atol=1e-8)


def test_without_parameters_there_is_no_graph():
    matrix, shift = (tensor.detach() for tensor in parameters())
    assert not differentiable(lambda x: layer(matrix, shift, x), shift).requires_grad
