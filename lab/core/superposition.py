"""A linear map into too few dimensions and back: which features share a direction, and how.

Elhage and others, "Toy models of superposition" (2022): n features are squeezed into m dimensions
by the columns of W and read out by their transposes, `x' = relu(W'W x + b)`. Here the rows of
`w`, shape (n, m), are the features' directions. A leading dimension of restarts may stand before
all of them.
"""

from __future__ import annotations

import torch
from torch import Tensor


def features(chance: Tensor, value: Tensor, sparsity) -> Tensor:
    """Inputs: each feature is absent with probability `sparsity`, else uniform on [0, 1].

    Parameters
    ----------
    chance, value : Tensor, one shape
        Uniform numbers in [0, 1).
    """
    return torch.where(chance >= sparsity, value, torch.zeros_like(value))


def loss_and_gradient(
    w: Tensor, b: Tensor, x: Tensor, importance: Tensor, *, relu: bool = True
) -> tuple[Tensor, Tensor, Tensor]:
    """Mean over the examples of `sum_i importance_i (x_i - x'_i)^2`, and its gradient.

    Parameters
    ----------
    w : Tensor, (..., n, m)
    b : Tensor, (..., n)
    x : Tensor, (examples, n)
    importance : Tensor, (n,)
    relu : bool
        False: the answer is `W'W x + b`, and the best is the first m principal components.

    Returns
    -------
    loss (...), gradient by w (..., n, m), gradient by b (..., n).
    """
    hidden = x @ w
    out = hidden @ w.mT + b[..., None, :]
    if relu:
        out = out.clamp(min=0)
    miss = out - x
    loss = (importance * miss.square()).sum(-1).mean(-1)
    error = 2 / len(x) * importance * miss
    if relu:
        error = error * (out > 0)
    return loss, error.mT @ hidden + x.mT @ (error @ w), error.sum(-2)


def dimensionality(w: Tensor) -> Tensor:
    """Share of a dimension that each feature has to itself, (..., n).

    `|w_i|^2 / sum_j (w_i . w_j / |w_i|)^2`: 1 when no other feature is heard along its direction,
    1/2 for two opposite ones, 2/5 for each of a regular pentagon; near 0 for one that is not
    stored. Equally long features that fill m dimensions evenly have m / n each.
    """
    gram = w @ w.mT
    own = gram.diagonal(dim1=-2, dim2=-1)
    return own.square() / gram.square().sum(-1).clamp(min=torch.finfo(w.dtype).tiny)


def gaps(w: Tensor, least: float = 0.5) -> tuple[Tensor, Tensor]:
    """The smallest and the largest angle from a feature round to the next, in degrees, 0-d.

    Parameters
    ----------
    w : Tensor, (n, 2)
    least : float
        Shorter features are left out. With one left both are 360, with none 360 and 0.
    """
    stored = w.norm(dim=1) > least
    angle = torch.atan2(w[:, 1], w[:, 0])
    turn = torch.rad2deg(angle - angle[:, None]).remainder(360)
    itself = torch.eye(len(w), dtype=torch.bool, device=w.device)
    following = torch.where(stored & ~itself, turn, 360.0).amin(1)
    smallest = torch.where(stored, following, 360.0).amin()
    return smallest, torch.where(stored, following, 0.0).amax()
