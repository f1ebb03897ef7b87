"""A study's dataset as curves and maps."""

from __future__ import annotations

import numpy as np


def curves_of(data, sources, x: str, by: str | None):
    """The curves of a study.

    Parameters
    ----------
    data : xarray.Dataset
        With the dimension `x` (or a variable of that name), perhaps "seed" and others.
    sources : tuple of str
    x : str
    by : str or None
        The dimension that makes one curve for each value.

    Returns
    -------
    list of (label, x values (n,), mean over seeds (n,), values of the seeds (s, n) or None)
        Points that are not there yet (nan) are left out. Other dimensions are averaged over. Over
        the step, so are rows that only some of the runs have.
    """
    found = []
    for source in sources:
        if source not in data:
            continue
        for label, part in _split(data, by):
            values = part[source]
            if x not in values.dims and x in part.coords:
                values = values.swap_dims({part[x].dims[0]: x}) if part[x].dims else values
            places = part[x]
            if x not in values.dims:
                along = [d for d in values.dims if d != "seed"]
                if len(along) != 1:
                    continue
                axis = along[0]
                means = places.mean([d for d in places.dims if d != axis])
                at = np.asarray(means, dtype=float)
            else:
                axis, at = x, np.asarray(places, dtype=float)
            other = [d for d in values.dims if d not in (axis, "seed")]
            values = values.mean(other) if other else values
            if "seed" in values.dims:
                seeds = np.asarray(values.transpose("seed", axis), dtype=float)
            else:
                seeds = np.asarray(values, dtype=float)[None]
            there = np.isfinite(seeds).any(0) & np.isfinite(at)
            if x == "k":
                there &= _in_step(seeds)
            order = np.argsort(at[there], kind="stable")
            at, seeds = at[there][order], seeds[:, there][:, order]
            if not len(at):
                continue
            mean = np.nanmean(seeds, axis=0)
            name = " ".join(n for n in (label, source if len(sources) > 1 else "") if n)
            found.append((name, at, mean, seeds if len(seeds) > 1 else None))
    return found


def _in_step(seeds) -> np.ndarray:
    """Which of n steps have a row of each run (s, n) that got so far."""
    there = np.isfinite(seeds)
    goes_on = there[:, ::-1].cumsum(1)[:, ::-1] > 0
    return (there | ~goes_on).all(0)


def map_of(data, source: str, x: str, y: str):
    """(x values, y values, mean (ny, nx)) of a study over two controls; nan where not there yet."""
    values = data[source]
    other = [d for d in values.dims if d not in (x, y)]
    for dim in other:
        values = values.isel({dim: 0}) if values[dim].dtype.kind in "UO" else values
    other = [d for d in values.dims if d not in (x, y)]
    values = values.mean(other, skipna=True) if other else values
    grid = np.asarray(values.transpose(y, x), dtype=float)
    return np.asarray(data[x]), np.asarray(data[y]), grid


def _split(data, by: str | None):
    if by is None or by not in data.dims:
        return [("", data)]
    return [(str(v), data.sel({by: v})) for v in data[by].values]
