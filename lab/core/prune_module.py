"""Pruning of any `nn.Module`: find its weights, score them, keep the dead ones dead.

What is pruned are the weights of linear and convolutional layers, in the module's order. Biases,
embeddings and the weights of normalisations are left alone. A weight that several layers share is
one weight, and left alone where a layer of another kind shares it too; a frozen one
(`requires_grad` is False) is neither pruned nor counted.

Dead weights are kept dead by a parametrization (`torch.nn.utils.parametrize`): `layer.weight` is
from then on the trained tensor with zeros where the mask is False, whoever reads it and whenever.
No optimiser can undo that, whatever its momentum or decay; the gradient of a dead weight is 0. The
tensor that is trained stays the same object, so that an optimiser made before goes on. Such a
module can be copied, and saved by its `state_dict`; to pickle it, call `make_permanent` first.
A layer that `torch.nn.utils.prune` has pruned keeps torch's own hook, with the new mask in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils import parametrize

from lab.core.prune import Prune
from lab.core.scores import magnitude

KINDS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


class Alive(nn.Module):
    """The parametrization: a weight with zeros where its mask is False."""

    def __init__(self, mask: Tensor):
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight: Tensor) -> Tensor:
        # A product would let a dead weight that has run to infinity through.
        return torch.where(self.mask, weight, 0)


@final
@dataclass(frozen=True)
class Place:
    """A weight of a module, and the layers that share it.

    Parameters
    ----------
    name : str
        Of the first of them, with ".weight".
    layers : tuple of nn.Module
    """

    name: str
    layers: tuple[nn.Module, ...]

    @property
    def weight(self) -> Tensor:
        """With zeros where it is dead."""
        layer = self.layers[0]
        if hasattr(layer, "weight_mask"):  # torch renews its `weight` only when the layer runs
            return (layer.weight_orig * layer.weight_mask).detach()
        return layer.weight.detach()

    @property
    def alive(self) -> Tensor:
        """The mask, True everywhere where nothing was pruned; a copy."""
        layer = self.layers[0]
        if hasattr(layer, "weight_mask"):
            return layer.weight_mask.bool()
        ours = _parametrization(layer)
        return torch.ones_like(self.weight, dtype=torch.bool) if ours is None else ours.mask.clone()


def places(module: nn.Module) -> list[Place]:
    """Where the weights that can be pruned are, in the module's order."""
    layers: dict[int, list[tuple[str, nn.Module]]] = {}
    others: set[int] = set()
    for name, layer in module.named_modules():
        if isinstance(layer, KINDS):
            layers.setdefault(id(_trained(layer)), []).append((name, layer))
        elif not isinstance(layer, parametrize.ParametrizationList):
            others.update(map(id, layer.parameters(recurse=False)))
    return [
        Place(f"{found[0][0]}.weight".lstrip("."), tuple(layer for _, layer in found))
        for key, found in layers.items()
        if key not in others and _trained(found[0][1]).requires_grad
    ]


def prunable(module: nn.Module) -> dict[str, Tensor]:
    """The weights that can be pruned, by name; the dead ones are 0."""
    return {place.name: place.weight for place in places(module)}


def alive(module: nn.Module) -> list[Tensor]:
    """The masks so far, one for each weight of `prunable`."""
    return [place.alive for place in places(module)]


def prune(
    module: nn.Module,
    kept: float,
    scores: Sequence[Tensor] | None = None,
    rule: Prune | None = None,
) -> list[Tensor]:
    """Kills the weights that rank last, for good; those that died before stay dead.

    Parameters
    ----------
    kept : float
        Share of all prunable weights that stays, those that died before counted as well.
    scores : sequence of Tensor, optional
        One for each weight of `prunable`; magnitudes by default.
    rule : Prune, optional
        One ranking over all layers by default.

    Returns
    -------
    list of bool Tensor
        The masks, as `alive` gives them.
    """
    found = places(module)
    scores = magnitude([p.weight for p in found]) if scores is None else scores
    masks = (rule or Prune()).masks(scores, kept, [p.alive for p in found])
    return keep(module, masks)


def keep(module: nn.Module, masks: Sequence[Tensor]) -> list[Tensor]:
    """Kills the weights whose mask is False, for good; those that died before stay dead.

    Parameters
    ----------
    masks : sequence of bool Tensor
        One for each weight of `prunable`.

    Returns
    -------
    list of bool Tensor
        Those of what is left.
    """
    for place, mask in zip(places(module), masks, strict=True):
        left = place.alive & mask
        for layer in place.layers:
            _mask(layer, left)
    return alive(module)


def make_permanent(module: nn.Module) -> nn.Module:
    """Writes the zeros into the weights and takes the masks off; the module itself is returned.

    From then on training moves the dead ones again.
    """
    for layer in module.modules():
        ours = _parametrization(layer) if isinstance(layer, KINDS) else None
        if ours is None:
            continue
        chain = layer.parametrizations["weight"]
        if len(chain) > 1:
            raise ValueError("a weight has other parametrizations: remove them first")
        with torch.no_grad():
            chain.original.masked_fill_(~ours.mask, 0)
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    return module


def input_norms(module: nn.Module, batches: Iterable[Tensor]) -> list[Tensor]:
    """2-norm of what each weight is multiplied by, over all examples (and places), as for Wanda.

    The module is run in its evaluation mode and left as it was.

    Parameters
    ----------
    batches : iterable of Tensor
        What the module is called with.

    Returns
    -------
    list of Tensor
        One for each weight of `prunable`, of its shape; alike for all outputs (of a group).
    """
    found = places(module)
    squares = [torch.zeros_like(p.weight) for p in found]
    hooks = [
        layer.register_forward_pre_hook(_adds_to(total))
        for place, total in zip(found, squares)
        for layer in place.layers
    ]
    training = {m: m.training for m in module.modules()}
    module.eval()
    try:
        with torch.no_grad():
            for batch in batches:
                module(batch)
    finally:
        for hook in hooks:
            hook.remove()
        for m, mode in training.items():
            m.training = mode
    return [total.sqrt() for total in squares]


def of_weights(
    module: nn.Module, evaluate: Callable[[Callable], Tensor]
) -> Callable[[list[Tensor]], Tensor]:
    """A function of the prunable weights, as `grasp` and `synflow` of `lab.core.scores` want it.

    Parameters
    ----------
    evaluate : function
        Gets the network, as a function of its input, and gives a number: for instance
        `lambda net: cross_entropy(net(x), y)`.
    """

    def value(weights: list[Tensor]) -> Tensor:
        names = {id(p): name for name, p in module.named_parameters()}
        trained = [names[id(_trained(place.layers[0]))] for place in places(module)]
        named = dict(zip(trained, weights, strict=True))
        return evaluate(lambda *inputs: functional_call(module, named, inputs))

    return value


def _trained(layer: nn.Module) -> Tensor:
    """The tensor behind a layer's weight that an optimiser moves."""
    if hasattr(layer, "weight_orig"):
        return layer.weight_orig
    if parametrize.is_parametrized(layer, "weight"):
        return next(layer.parametrizations["weight"].parameters())
    return layer.weight


def _parametrization(layer: nn.Module) -> Alive | None:
    if not parametrize.is_parametrized(layer, "weight"):
        return None
    return next((p for p in layer.parametrizations["weight"] if isinstance(p, Alive)), None)


def _mask(layer: nn.Module, mask: Tensor) -> None:
    if hasattr(layer, "weight_mask"):
        layer.weight_mask.copy_(mask)
        layer.weight = layer.weight_orig * layer.weight_mask
    elif (ours := _parametrization(layer)) is not None:
        ours.mask.copy_(mask)
    else:
        parametrize.register_parametrization(layer, "weight", Alive(mask))


def _adds_to(total: Tensor) -> Callable:
    """A hook that adds the squares of a layer's inputs where they meet its weights."""

    def hook(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        # A layer is linear: its slope at the squared inputs is the sum of what each weight meets,
        # whatever the strides, paddings and groups.
        weight = torch.ones_like(total, requires_grad=True)
        with torch.enable_grad():
            squared = inputs[0].detach().square()
            if isinstance(layer, nn.Linear):
                out = nn.functional.linear(squared, weight)
            else:
                out = layer._conv_forward(squared, weight, None)
            total.add_(torch.autograd.grad(out.sum(), weight)[0])

    return hook
