"""The gradient without its part along the weights: they turn, but do not grow."""

from __future__ import annotations

from lab.core.optim import Tensors


def orthogonal_gradient(weights: Tensors, gradients: Tensors) -> Tensors:
    """Each gradient made orthogonal to its own weights, at its old length.

    Once everything shown is right, the loss of a network whose answers scale with its weights falls
    along the weights themselves: scaling up is all that plain descent does, until the softmax
    rounds to zero. Prieto, Barsbey, Mediano, Birdal, "Grokking at the edge of numerical
    stability" (2025).

    Parameters
    ----------
    weights, gradients : dict of Tensor
        Of the same names and shapes; each tensor is one vector for this purpose.
    """
    turned = {}
    for name, g in gradients.items():
        w = weights[name]
        across = g - (w * g).sum() / (w * w).sum().clamp(min=1e-30) * w
        turned[name] = across * (g.norm() / across.norm().clamp(min=1e-30))
    return turned
