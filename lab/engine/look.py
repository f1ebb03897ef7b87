"""What a run was at one step. Without torch, so that pages hold it too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """What a run was at one step.

    Attributes
    ----------
    k : int
    values : dict
        The observed quantities.
    picture : dict
        Arrays by name.
    controls : dict
    """

    k: int
    values: dict
    picture: dict
    controls: dict
