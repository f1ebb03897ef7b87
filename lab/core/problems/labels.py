"""Labels of which a known share is wrong."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from lab.core.random import Rng


def flipped(y: Tensor, share: float, classes: int, rng: Rng, name: str = "flipped") -> Tensor:
    """Each label is, with probability `share`, replaced by one of the other classes by lot.

    A larger share flips the same labels and some more.

    Parameters
    ----------
    y : Tensor of int64, any shape
        Classes 0 .. classes - 1.
    share : float
        In [0, 1].
    classes : int
        At least 2.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1; not {share:g}")
    if classes < 2:
        raise ValueError(f"a label can be wrong where there are two classes; not {classes}")
    wrong = rng.uniform(name, tuple(y.shape)).to(y.device) < share
    others = rng.integers(f"{name}/to", 1, classes, tuple(y.shape)).to(y.device)
    return torch.where(wrong, (y + others) % classes, y)


def mislabelled(
    split: dict[str, dict[str, Tensor]],
    share: float,
    classes: int,
    rng: Rng,
    name: str = "flipped",
) -> dict[str, dict[str, Tensor]]:
    """A new split of which only the labels under `train` are `flipped`."""
    train = split["train"]
    return {**split, "train": {**train, "y": flipped(train["y"], share, classes, rng, name)}}


def odds(y: Tensor, share: float, classes: int) -> Tensor:
    """With which probability `flipped` tells each class where `y` is right, (n, classes)."""
    return torch.where(one_hot(y, classes) == 1, 1 - share, share / (classes - 1))
