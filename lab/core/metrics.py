"""Measures of what runs recorded: slopes, first passages, best settings, which law.

They take and return `xarray.DataArray`s; values that are not a number are left out, so a run that
ended early does not spoil the others. xarray takes a third of a second to import, so it is imported
by those that use it: an experiment's file names these functions, a live run calls none.
"""

from __future__ import annotations

import numpy as np


def slope(y, x, dim: str, window: tuple[float, float] | None = None):
    """Slope of log y on log x along `dim`, by least squares, one for each remaining index.

    Parameters
    ----------
    y, x : DataArray
        `x` may be a coordinate. Pairs with a value that is not above zero are left out.
    window : (low, high) or None
        Only where low <= x <= high.
    """
    import xarray as xr

    _along(y, dim)
    x = x if isinstance(x, xr.DataArray) else xr.DataArray(x, dims=dim)
    ok = (y > 0) & (x > 0) & np.isfinite(y) & np.isfinite(x)
    if window is not None:
        ok = ok & (x >= window[0]) & (x <= window[1])
    lx = np.log(xr.where(ok, x, np.nan))
    ly = np.log(xr.where(ok, y, np.nan))
    dx = lx - lx.mean(dim)
    return (dx * (ly - ly.mean(dim))).sum(dim) / (dx**2).sum(dim)


def first(y, *, below: float | None = None, above: float | None = None, dim: str = "k"):
    """The first coordinate of `dim` where `y` is below or above a bound; inf when never."""
    if (below is None) == (above is None):
        raise ValueError("first() takes either below= or above=")
    _along(y, dim)
    hit = y < below if below is not None else y > above
    where = y[dim].where(hit)
    return where.min(dim).fillna(np.inf)


def at(y, k: float, dim: str = "k"):
    """The value at the last recorded `dim` up to `k`."""
    import xarray as xr

    past = y.where(y[dim] <= k, drop=True)
    rows = xr.DataArray(np.arange(past.sizes[dim]), dims=dim)
    return past.isel({dim: (past.notnull() * rows).argmax(dim)})


def halved(y, since, dim: str = "k"):
    """The first coordinate of `dim` where `y` is below half of its value at `since`; inf: never.

    `since` is a number for each remaining index, one that was recorded; inf gives inf.
    """
    _along(y, dim)
    start = y.where(y[dim] == since).max(dim)
    return first(y.where(y[dim] >= since) / start, below=0.5, dim=dim)


def memorised(train_acc, dim: str = "k", level: float = 0.99):
    """The first coordinate of `dim` at which that share of what was shown is right; inf: never."""
    _along(train_acc, dim)
    return first(train_acc >= level, above=0.5, dim=dim)


def onset(test_acc, dim: str = "k", level: float = 0.95, near: float = 0.01):
    """Where a run has come to generalise; inf when it never does.

    The first coordinate of `dim` at which accuracy on what is hidden is above `level` and at most
    `near` below the best of the whole run. A run that rises further is thus not called done
    halfway, and one whose best is `level` or less has no onset. Steps that lie between recorded
    rows are not seen.
    """
    _along(test_acc, dim)
    done = (test_acc > level) & (test_acc >= test_acc.max(dim) - near)
    return first(done, above=0.5, dim=dim)


def seconds_to(d, step):
    """Seconds that each run of a study took up to a step of its own; inf where that is never.

    Parameters
    ----------
    d : Dataset
        Of a study: `seconds` and `steps` of the whole runs.
    step : DataArray
        As `memorised` and `onset` give it.

    Notes
    -----
    A run's time is spread evenly over its steps. It is the wall clock of a process with one
    thread, so CPU time while nothing else takes its core; a lane of a batch counts its share.
    """
    return d.seconds / d.steps * step


def _along(y, dim: str) -> None:
    if dim not in y.dims:
        kept = ", ".join(map(str, y.dims)) or "none"
        raise ValueError(
            f"{y.name or 'the value'} has no dimension {dim!r} (it has {kept}); rows over k are "
            "there for the names that Grid(keep='log', record=...) keeps"
        )


def best(d, over: str, by: str, better: str = "less", edge: str = "raise"):
    """One value of the axis `over` for each remaining cell, chosen by the mean over seeds.

    Parameters
    ----------
    d : Dataset
    over : str
        The tuned axis.
    by : str
        The variable that is compared; runs that diverged (nan or inf) count as worst.
    edge : {"raise", "allow"}
        A best value at the edge of the grid says that the grid is too short.

    Returns
    -------
    Dataset
        Without the axis `over`; the chosen values are the variable `best_<over>`.

    Raises
    ------
    ValueError
        The best lies at the edge of the grid.
    """
    score = d[by].where(np.isfinite(d[by]), np.inf if better == "less" else -np.inf)
    score = score.mean("seed") if "seed" in score.dims else score
    index = score.argmin(over) if better == "less" else score.argmax(over)
    if edge == "raise" and bool(((index == 0) | (index == d.sizes[over] - 1)).any()):
        raise ValueError(f"the best {over} lies at the edge of its grid; widen the grid")
    chosen = d.isel({over: index})
    values = chosen[over]
    return chosen.drop_vars(over).assign({f"best_{over}": values.drop_vars(over)})


def which_law(y, x, dim: str, laws=("flat", "log", "power")):
    """Which of a few laws describes y(x) along `dim`.

    "flat": a; "log": a + b log x; "power": a x^b; "linear": a + b x; one answer for each
    remaining index, as text. The laws are fitted by least squares (the power law in logarithms)
    and compared by Akaike's criterion of their relative errors, corrected for few points: so a
    law with one more parameter must describe them clearly better, not merely as well.
    """
    import xarray as xr

    y, x = xr.broadcast(y, x if isinstance(x, xr.DataArray) else xr.DataArray(x, dims=dim))

    def judge(ys, xs):
        ok = np.isfinite(ys) & np.isfinite(xs)
        ys, xs = ys[ok], xs[ok]
        return min(laws, key=lambda law: _misfit(law, xs, ys))

    return xr.apply_ufunc(
        judge, y, x, input_core_dims=[[dim], [dim]], vectorize=True, output_dtypes=[object]
    )


def _misfit(law: str, x: np.ndarray, y: np.ndarray) -> float:
    """Akaike's criterion of a law's relative errors, corrected for few points (AICc)."""
    ones = np.ones_like(x)
    if law == "power":
        if (y <= 0).any() or (x <= 0).any():
            return np.inf
        b, a = np.polyfit(np.log(x), np.log(y), 1)
        model, parameters = np.exp(a) * x**b, 2
    else:
        columns = {"flat": [ones], "log": [ones, np.log(x)], "linear": [ones, x]}[law]
        basis = np.stack(columns, 1)
        weight = 1 / np.maximum(np.abs(y), 1e-300)
        found, *_ = np.linalg.lstsq(basis * weight[:, None], y * weight, rcond=None)
        model, parameters = basis @ found, len(columns)
    error = np.mean((model / y - 1) ** 2)
    n = len(x)
    return n * np.log(max(error, 1e-30)) + 2 * parameters * n / max(n - parameters - 1, 1)
