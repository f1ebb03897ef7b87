"""Gradients through a fixed point, from the equation that it solves and not from its iterates.

If x = T(x, p), a small change of p moves x by (I - T_x)^-1 T_p dp. A gradient g with respect to x
is therefore taken back to p by T_p' w, where w solves the adjoint equation w = g + T_x' w. That is
again a fixed-point equation, with the same contraction factor, and any method solves it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lab.core.fixed_point import Map
from lab.core.orthogonal_anderson import OrthogonalAnderson
from lab.core.solve import solve


def adjoint(T: Map, x: Tensor, g: Tensor, method=None, tol=1e-10, steps=1_000) -> Tensor:
    """w with w = g + T_x' w at a fixed point.

    Parameters
    ----------
    T : callable
        Tensor of shape (..., d) to tensor of shape (..., d), differentiable by torch.
    x, g : Tensor of shape (..., d)
        The fixed point and the gradient there.
    method : a method of `lab.core.fixed_point` or like those; OrthogonalAnderson by default
    tol : float
        Of |w - g - T_x' w| in units of |w|.
    steps : int
        At most so many products with the transposed Jacobian.
    """
    with torch.enable_grad():
        at = x.detach().requires_grad_()
        image = T(at)

    def back(w):
        return g + torch.autograd.grad(image, at, w, retain_graph=True)[0]

    return solve(method or OrthogonalAnderson(), back, g, tol, steps, relative=True)["x"]


def differentiable(T: Map, x: Tensor, method=None, tol=1e-10, steps=1_000) -> Tensor:
    """The fixed point `x`, found without a graph, with gradients to what T depends on.

    Parameters
    ----------
    T : callable
        Closes over the tensors that gradients are wanted for.
    x : Tensor of shape (..., d)
        A fixed point of T; the gradient is as good as it is one.
    method, tol, steps
        As of `adjoint`, which the backward pass calls.

    Returns
    -------
    Tensor of shape (..., d)
        T(x).
    """
    x = x.detach()
    y = T(x)
    if y.requires_grad:
        y.register_hook(lambda g: adjoint(T, x, g, method, tol, steps))
    return y
