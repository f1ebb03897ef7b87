"""The fixed point and its gradient are those of the linear system, and of implicit's."""

import torch

from lab.core.affine import fixed_point
from lab.core.fixed_point import Picard
from lab.core.implicit import differentiable


def test_the_fixed_point_and_its_gradient_are_those_of_the_system():
    make = torch.Generator().manual_seed(0)
    A = torch.rand(2, 5, 5, dtype=torch.float64, generator=make)
    A = (A / A.sum(-1, keepdim=True)).requires_grad_()
    B = torch.randn(2, 5, 1, dtype=torch.float64, generator=make).requires_grad_()
    weights = torch.randn(2, 5, 1, dtype=torch.float64, generator=make)
    direct = torch.linalg.solve(torch.eye(5, dtype=torch.float64) - 0.9 * A, B)
    swept = fixed_point(A, B, 0.9, 1e-12)
    torch.testing.assert_close(swept, direct, rtol=1e-10, atol=1e-10)

    def sweep(x):
        return (0.9 * A @ x[..., None] + B)[..., 0]

    general = differentiable(sweep, direct[..., 0], Picard(), tol=1e-12)[..., None]
    for found in (swept, general):
        ours = torch.autograd.grad((found * weights).sum(), (A, B))
        for mine, exact in zip(ours, torch.autograd.grad(direct, (A, B), weights, True)):
            torch.testing.assert_close(mine, exact, rtol=1e-8, atol=1e-8)
