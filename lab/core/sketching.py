"""A product X w from a few columns of X: what a random sketch costs, what a kept set can fit."""

from __future__ import annotations

import torch
from torch import Tensor

RIDGE = 1e-10  # of the mean diagonal: what stands for none at all


def expected_error(columns: Tensor, weights: Tensor, chances: Tensor) -> Tensor:
    """Root mean square of ||S - X w|| for a sketch S of one draw; of s draws 1/sqrt(s) of it.

    A sketch draws columns with replacement and adds x_j w_j / (s p_j): it is right on average, its
    draws are independent, so that s E ||S - X w||^2 = sum_j ||x_j||^2 w_j^2 / p_j - ||X w||^2
    (Drineas, Kannan, Mahoney, "Fast Monte Carlo algorithms for matrices I", 2006).

    Parameters
    ----------
    columns : Tensor (n, N)
    weights, chances : Tensor (N,)
        A weight that is not 0 has a chance that is not 0.
    """
    sizes = columns.square().sum(0) * weights.square()
    spent = (sizes / chances).where(sizes > 0, torch.zeros_like(sizes)).sum()
    return (spent - (columns @ weights).square().sum()).clamp_min(0).sqrt()


def misfit(columns: Tensor, kept: Tensor, target: Tensor) -> Tensor:
    """||target - X_S v|| / ||target|| for the best weights v of each set S of columns, (sets,).

    That is where gradient descent on the kept weights ends, whatever it starts from.

    Parameters
    ----------
    columns : Tensor (n, N)
    kept : bool Tensor (sets, N)
    target : Tensor (n,)
    """
    own = columns * kept[:, None].to(columns)
    gram = own @ own.transpose(1, 2)
    scale = RIDGE * columns.square().sum(0).mean()
    gram = gram + scale * torch.eye(len(target)).to(columns)
    # X (X'X + r)^-1 X' t = t - r (XX' + r)^-1 t: no rank needs to be known
    rest = scale * torch.linalg.solve(gram, target.expand(len(kept), -1))
    return rest.norm(dim=1) / target.norm()
