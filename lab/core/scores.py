"""What a weight is worth: the scores that pruning ranks by, one tensor for each layer."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from lab.core.random import Rng


def magnitude(weights: Sequence[Tensor]) -> list[Tensor]:
    """Absolute values."""
    return [w.detach().abs() for w in weights]


def by_lot(weights: Sequence[Tensor], rng: Rng, name: str = "lot") -> list[Tensor]:
    """Numbers drawn evenly from 0 to 1, whatever the weights are."""
    return [rng.uniform(name, tuple(w.shape), i) for i, w in enumerate(weights)]
