"""Two controls drawn as a map: a study that fills from coarse to fine."""

from __future__ import annotations

from lab.engine.claim import Grid
from lab.engine.spread import coarse_to_fine, spread
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
