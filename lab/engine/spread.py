"""The grid of a sweep: values over a control's bounds, and an order from coarse to fine."""

from __future__ import annotations

import numpy as np

from lab.engine.controls import ControlSpec

DECADES = 4  # of a logarithmic control whose lower bound is zero


def spreads(spec: ControlSpec) -> bool:
    """Whether a control can be an axis of a sweep."""
    if spec.kind in ("boolean", "selector"):
        return True
    return spec.kind in ("number", "integer") and None not in spec.bounds


def spread(spec: ControlSpec, points: int) -> tuple:
    """`points` values over a control's bounds.

    Numbers are even, in the logarithm where the control's slider is; names and switches take
    every value.

    Raises
    ------
    ValueError
        A number without bounds, or a control that has no order.
    """
    if spec.kind == "boolean":
        return (False, True)
    if spec.kind == "selector":
        return spec.objects
    low, high = spec.bounds
    if not spreads(spec) or low is None or high is None:
        raise ValueError(f"{spec.name} cannot be swept: it has no bounds")
    if spec.log:
        low = low if low > 0 else high * 10.0**-DECADES
        values = np.geomspace(low, high, points)
    else:
        values = np.linspace(low, high, points)
    if spec.kind == "integer":
        return tuple(dict.fromkeys(int(round(v)) for v in values))
    # geomspace and linspace may leave the bounds by a rounding, and a control refuses that
    return tuple(float(v) for v in np.clip(values, low, high))


def coarse_to_fine(shape: list[int]) -> list[tuple[int, ...]]:
    """Every index of a grid, those divisible by high powers of two first."""
    return sorted(np.ndindex(*shape), key=lambda index: (-_coarseness(index), index))


def levels(shape: list[int]) -> list[list[tuple[int, ...]]]:
    """The same indices as lists, each finer than the one before it."""
    found: dict[int, list[tuple[int, ...]]] = {}
    for index in np.ndindex(*shape):
        found.setdefault(_coarseness(index), []).append(index)
    return [found[stride] for stride in sorted(found, reverse=True)]


def _coarseness(index) -> int:
    return min((i & -i if i else 1 << 30) for i in index)
