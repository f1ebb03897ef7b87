"""What a weight is worth: the scores that pruning ranks by, one tensor for each layer.

The larger a score the sooner the weight stays, as `lab.core.prune.Prune` reads it. Nothing here
trains or prunes; scores that are taken again and again (SynFlow, movement) leave the loop to the
caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lab.core.random import Rng

Loss = Callable[[list[Tensor]], Tensor]


def magnitude(weights: Sequence[Tensor]) -> list[Tensor]:
    """Absolute values."""
    return [w.detach().abs() for w in weights]


def by_lot(weights: Sequence[Tensor], rng: Rng, name: str = "lot") -> list[Tensor]:
    """Numbers drawn evenly from 0 to 1, whatever the weights are."""
    return [rng.uniform(name, tuple(w.shape), i) for i, w in enumerate(weights)]


def snip(weights: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor]:
    """How much the loss changes, to first order and either way, when a weight goes: |g w|.

    Lee, Ajanthan, Torr, "SNIP: single-shot network pruning" (2019); they divide by the sum, which
    ranks alike.

    Parameters
    ----------
    gradients : sequence of Tensor
        Of the loss, of the shapes of the weights.
    """
    return [(g * w).detach().abs() for w, g in zip(weights, gradients, strict=True)]


def movement(weights: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor]:
    """What one step of training adds to the score of a weight: -g w, above 0 when it grows.

    Sanh, Wolf, Rush, "Movement pruning" (2020): the score is the sum of these over the training.
    """
    return [-(g * w).detach() for w, g in zip(weights, gradients, strict=True)]


def grasp(weights: Sequence[Tensor], loss: Loss) -> list[Tensor]:
    """How much of the squared gradient goes with a weight, to first order and halved: w (H g).

    Wang, Zhang, Grosse, "Picking winning tickets before training by preserving gradient flow"
    (2020), with the sign turned: they write -w (H g) and remove the largest.

    Parameters
    ----------
    loss : function
        Of a list of tensors like `weights`, 0-d and twice differentiable.
    """
    own = [w.detach().requires_grad_() for w in weights]
    with torch.enable_grad():
        gradients = torch.autograd.grad(loss(own), own, create_graph=True)
        # The gradient of half the squared gradient is H g.
        flow = sum((g * g).sum() for g in gradients) / 2
        products = torch.autograd.grad(flow, own)
    return [(w * p).detach() for w, p in zip(own, products)]


def synflow(weights: Sequence[Tensor], signal: Loss | None = None) -> list[Tensor]:
    """What passes through each weight when every input is 1 and every weight positive.

    It is |w| times the gradient of the sum of all outputs. In a chain of layers the scores of each
    layer add up to that sum, so that no layer can run empty before another. They are meant to be
    taken anew after every one of many small cuts. Tanaka, Kunin, Yamins, Ganguli, "Pruning neural
    networks without any data by iteratively conserving synaptic flow" (2020).

    Parameters
    ----------
    weights : sequence of Tensor
        The dead ones are 0.
    signal : function, optional
        Of a list of tensors like `weights`, all at least 0: the network's outputs for an input of
        ones. By default the weights are the matrices of a chain of layers, (outputs, inputs).
        With many layers it wants 64-bit floats: it is a product of all of them.
    """
    own = [w.detach().abs().requires_grad_() for w in weights]
    with torch.enable_grad():
        outputs = (signal or _chain)(own)
        gradients = torch.autograd.grad(outputs.sum(), own)
    return [(w * g).detach() for w, g in zip(own, gradients)]


def _chain(weights: list[Tensor]) -> Tensor:
    x = weights[0].new_ones(weights[0].shape[1])
    for w in weights:
        x = w @ x
    return x


def wanda(weights: Sequence[Tensor], norms: Sequence[Tensor]) -> list[Tensor]:
    """Size of a weight times that of its input: |w_ij| ||x_j||.

    Sun, Liu, Bair, Kolter, "A simple and effective pruning approach for large language models"
    (2024). They compare the weights of one output with each other only:
    `lab.core.patterns.rows` makes such masks.

    Parameters
    ----------
    norms : sequence of Tensor
        2-norms of each layer's inputs over the examples, of the shape of one output's weights:
        `x.norm(dim=0)` for a linear layer's inputs (examples, inputs).
        `lab.core.prune_module.input_norms` measures them on any module.
    """
    return [w.detach().abs() * n for w, n in zip(weights, norms, strict=True)]


def fisher(weights: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor]:
    """What the loss loses with a weight by the diagonal of the Fisher information: mean(g^2) w^2/2.

    LeCun, Denker, Solla, "Optimal brain damage" (1990), with the squared gradients of single
    examples in the place of the second derivative (Theis and others, 2018).

    Parameters
    ----------
    gradients : sequence of Tensor
        One gradient for each example: (examples, and the shape of the weights).
    """
    return [
        (g.square().mean(0) * w.square() / 2).detach()
        for w, g in zip(weights, gradients, strict=True)
    ]


def obs(
    weights: Sequence[Tensor], hessians: Sequence[Tensor], damping: float = 0.0
) -> list[Tensor]:
    """What the loss loses with a weight once all others have made up for it: w^2 / (2 [H^-1]_ii).

    Hassibi and Stork, "Optimal brain surgeon" (1993).

    Parameters
    ----------
    hessians : sequence of Tensor
        For each layer a positive matrix (n, n), n the number of its weights; or n the weights of
        one output, when all outputs share it (X'X for the squared error of a layer's outputs).
    damping : float
        Added to the diagonals.

    Raises
    ------
    torch.linalg.LinAlgError
        A matrix with its damping is not positive definite.
    """
    found = []
    for w, hessian in zip(weights, hessians, strict=True):
        w, hessian = w.detach(), hessian.detach()
        eye = torch.eye(len(hessian), dtype=hessian.dtype, device=hessian.device)
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(hessian + damping * eye))
        whole = len(hessian) == w.numel()
        found.append(w.square() / (2 * inverse.diagonal().view(w.shape if whole else w.shape[1:])))
    return found


def signal_to_noise(means: Sequence[Tensor], deviations: Sequence[Tensor]) -> list[Tensor]:
    """How sure a distribution of weights is that a weight is not 0: |mu| / sigma.

    Graves, "Practical variational inference for neural networks" (2011); for evolution strategies
    it is what tells which weights the search has settled.
    """
    return [(m.abs() / s).detach() for m, s in zip(means, deviations, strict=True)]


def sketching(weights: Sequence[Tensor], norms: Sequence[Tensor] | None = None) -> list[Tensor]:
    """Chances to draw each weight when X w is sketched by a few columns of X: |w_j| ||x_j||.

    They add up to 1 over the weights of each output (over all of a vector). A sketch draws s of
    them with replacement and divides what it draws by s times its chance; it is then right on
    average, and its error as small as for any chances (Drineas, Kannan, Mahoney, 2006).

    Parameters
    ----------
    norms : sequence of Tensor, optional
        As in `wanda`; all alike when left out, which needs no data.
    """
    sizes = magnitude(weights) if norms is None else wanda(weights, norms)
    return [_shares(s) for s in sizes]


def _shares(sizes: Tensor) -> Tensor:
    """Of each output's sum; an output whose weights are all 0 draws evenly."""
    rows = sizes.flatten(1) if sizes.dim() > 1 else sizes[None]
    rows = rows.where(rows.any(1, keepdim=True), torch.ones_like(rows))
    return (rows / rows.sum(1, keepdim=True)).view(sizes.shape)
