"""Two controls drawn as a map: a study that fills from coarse to fine."""

from __future__ import annotations

import numpy as np

from lab.engine.claim import Grid
from lab.engine.controls import ControlSpec
from lab.engine.study import Study
from lab.engine.suggest import unknown

POINTS = 12


def sweep(
    experiment,
    x: str,
    y: str | None = None,
    *,
    points: int | tuple[int, int] = POINTS,
    seeds: int = 1,
    stop=None,
    controls: dict | None = None,
    **options,
) -> Study:
    """A study over one or two controls, its cells in the order coarse to fine.

    Parameters
    ----------
    x, y : str
        Controls: numbers are spread over their bounds (evenly in the logarithm where their
        slider is), names and switches take every value.
    points : int or (int, int)
        Values along x and along y.
    seeds : int
    stop : Rule or text
    controls : dict
        Values that every cell shares.
    **options
        As for Study.
    """
    from lab.engine.registry import load

    experiment = load(experiment)
    specs = experiment.controls()
    counts = (points, points) if isinstance(points, int) else points
    over = {}
    for name, count in zip((x, y), counts, strict=True):
        if name is None:
            continue
        if name not in specs:
            raise unknown("control", name, specs)
        over[name] = spread(specs[name], count)
    study = Study(
        experiment, Grid(over, seeds=seeds, set=dict(controls or {}), stop=stop), **options
    )
    study.sort_jobs(coarse_to_fine([len(values) for values in study.axes.values()]))
    return study


def spread(spec: ControlSpec, points: int) -> tuple:
    """`points` values over a control's bounds.

    Raises
    ------
    ValueError
        A number without bounds, or a control that has no order.
    """
    if spec.kind == "boolean":
        return (False, True)
    if spec.kind == "selector":
        return spec.objects
    if spec.kind not in ("number", "integer") or None in spec.bounds:
        raise ValueError(f"{spec.name} cannot be swept: it has no bounds")
    low, high = spec.bounds
    if spec.log:
        low = low if low > 0 else high * 1e-4
        values = np.geomspace(low, high, points)
    else:
        values = np.linspace(low, high, points)
    if spec.kind == "integer":
        return tuple(dict.fromkeys(int(round(v)) for v in values))
    return tuple(float(v) for v in values)


def coarse_to_fine(shape: list[int]) -> list[tuple[int, ...]]:
    """Every index of a grid, those divisible by high powers of two first."""

    def coarseness(index):
        return min((i & -i if i else 1 << 30) for i in index)

    return sorted(np.ndindex(*shape), key=lambda index: (-coarseness(index), index))
