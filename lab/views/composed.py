"""Runs, races and studies as HoloViews elements: to lay side by side, link, brush and export.

The pages draw what moves on canvases of their own; this is for what is looked at afterwards.
"""

from __future__ import annotations

import holoviews as hv
import holoviews.plotting.bokeh  # noqa: F401  (registers the backend whose options are set here)
import numpy as np

from lab.engine.suggest import unknown
from lab.views import palette
from lab.views.study import curves_of, map_of

WIDTH, HEIGHT = 560, 340  # px


def plot(what, *names, x=None, y=None, by=None, log=None, dark=False):
    """The curves of a run, race or study, or the map of a study, as a HoloViews element.

    Elements are composed as always in HoloViews: `plot(a) + plot(b)` stands side by side,
    `plot(a) * plot(b)` one over the other. A notebook shows them after
    `holoviews.extension("bokeh", inline=True)`.

    Parameters
    ----------
    what : Session, Race or Study
        A study is drawn as far as it is made.
    *names : str
        Quantities; by default the one that the experiment's races compare. Of a vector its
        components are drawn.
    x : str, optional
        The step "k" (default) or a declared axis; of a study one of its axes (default: the first
        that holds numbers).
    y : str, optional
        A second axis of a study: a map is drawn.
    by : str, optional
        Of a study: the axis that makes one curve for each value (default: "arm" where there is
        one).
    log : {"", "x", "y", "xy"}, optional
        Logarithmic axes; by default y where the quantity is declared so. What is not positive is
        left out.
    dark : bool, optional
        Colours for a dark page.

    Returns
    -------
    holoviews.Overlay or holoviews.QuadMesh

    Raises
    ------
    UnknownName
        A quantity or axis that there is not.
    ValueError
        Several quantities for a map, or a map of something else than a study.
    """
    experiment = what.experiment
    names = names or (experiment.measure(),)
    for name in names:
        if name not in experiment.quantities:
            raise unknown("quantity", name, experiment.quantities)
    if log is None:
        log = "y" if experiment.quantity(names[0]).log else ""
    if not hasattr(what, "dataset"):
        if y is not None:
            raise ValueError("a map needs a Study over two controls")
        return _overlay(_recorded(what, names, x or "k"), experiment, names, x or "k", log, dark)
    axes = what.axes
    for axis in (x, y, by):
        if axis is not None and axis not in axes:
            raise unknown("axis of the study", axis, axes)
    if y is not None:
        if len(names) > 1:
            raise ValueError("a map shows one quantity")
        return _map(what, names[0], x or next(a for a in axes if a != y), y, log, dark)
    x = x or next((a for a, values in axes.items() if not isinstance(values[0], str)), None)
    if x is None:
        raise ValueError("no axis of this study holds numbers: name x")
    by = by or ("arm" if "arm" in axes and x != "arm" else None)
    curves = [
        (label or name, at, mean, seeds)
        for name in names
        for label, at, mean, seeds in curves_of(what.dataset(), (name,), x, by)
    ]
    return _overlay(curves, experiment, names, x, log, dark)


def _recorded(what, names, x: str) -> list:
    """(label, x, y, None) for each recorded curve of a run or of a race's runs."""
    lanes = what.lanes if hasattr(what, "lanes") else {"": what}
    found = []
    for arm, lane in lanes.items():
        for name in names:
            costly = lane.trace.assessed
            own = costly is not None and name not in lane.trace and name in costly
            rows = costly if own else lane.trace
            values = rows[name]
            at = rows.k if x == "k" else np.interp(rows.k, lane.trace.k, lane.trace[x])
            for i, column in enumerate(values.reshape(len(values), -1).T):
                part = str(i + 1) if values.ndim > 1 else ""
                said = " ".join(p for p in (arm, name if len(names) > 1 else "", part) if p)
                found.append((said or name, np.asarray(at, dtype=float), column, None))
    return found


def _overlay(curves, experiment, names, x: str, log: str, dark: bool):
    """Curves in the house's colours and dashes, with the seeds' band behind each."""
    colours = palette.tokens(dark)
    across = hv.Dimension(x, label="step k" if x == "k" else _label(experiment, x))
    up = hv.Dimension(names[0], label=experiment.quantity(names[0]).text)
    layers = []
    for i, (label, at, values, seeds) in enumerate(curves):
        style = palette.series(i)
        good = np.isfinite(values)
        if "x" in log:
            good &= at > 0
        if "y" in log:
            good &= values > 0
        if seeds is not None:
            low, high = np.nanmin(seeds, axis=0)[good], np.nanmax(seeds, axis=0)[good]
            low = np.maximum(low, values[good] * 1e-3) if "y" in log else low
            band = hv.Area((at[good], low, high), across, [up, "highest"])
            layers.append(band.opts(color=colours[style.token], alpha=palette.BAND, line_alpha=0))
        curve = hv.Curve((at[good], values[good]), across, up, label=label)
        dash = list(style.dash) or "solid"
        layers.append(
            curve.opts(color=colours[style.token], line_dash=dash, line_width=style.width)
        )
        if len(curves) > 1 and good.any():
            end = (at[good][-1:], values[good][-1:], [f"  {label}"])
            said = hv.Labels(end, [across, up], "said")
            layers.append(
                said.opts(text_color=colours[style.token], text_align="left", text_font_size="9pt")
            )
    return hv.Overlay(layers).opts(
        width=WIDTH, height=HEIGHT, logx="x" in log, logy="y" in log, show_grid=True,
        padding=((0, 0.2 if len(curves) > 1 else 0), 0.05), bgcolor=colours["stage"],
        show_legend=False, show_title=False, hooks=[_dress(colours)],
    )  # fmt: skip


def _map(study, name: str, x: str, y: str, log: str, dark: bool):
    """A study over two controls as a map; cells that are not made yet stay empty."""
    across, up, grid = map_of(study.dataset(), name, x, y)
    experiment, colours = study.experiment, palette.tokens(dark)
    if "y" in log:  # of a map, y says how the quantity is counted
        grid = np.where(grid > 0, grid, np.nan)
    specs = experiment.controls()
    mesh = hv.QuadMesh(
        (np.asarray(across, dtype=float), np.asarray(up, dtype=float), grid),
        [
            hv.Dimension(x, label=_label(experiment, x)),
            hv.Dimension(y, label=_label(experiment, y)),
        ],
        hv.Dimension(name, label=experiment.quantity(name).text),
    )
    return mesh.opts(
        cmap=list(palette.ramp("power", dark=dark)), colorbar=True, logz="y" in log,
        logx=bool(specs[x].log), logy=bool(specs[y].log), width=WIDTH, height=HEIGHT,
        bgcolor=colours["stage"], show_title=False, hooks=[_dress(colours)],
    )  # fmt: skip


def _dress(colours):
    """What HoloViews has no option for: the house's quiet axes and tools."""

    def dress(plot, element) -> None:
        figure = plot.state
        figure.output_backend = "canvas"  # WebGL breaks thin lines where it is done in software
        figure.toolbar.logo, figure.toolbar.autohide = None, True
        figure.outline_line_color, figure.border_fill_color = None, colours["stage"]
        figure.grid.grid_line_color = colours["grid"]
        figure.axis.axis_line_color = colours["line"]
        figure.axis.major_tick_line_color = figure.axis.minor_tick_line_color = None
        figure.axis.major_label_text_color = colours["ink3"]
        figure.axis.axis_label_text_color = colours["ink2"]
        figure.axis.axis_label_text_font_style = "normal"

    return dress


def _label(experiment, name: str) -> str:
    controls = experiment.controls()
    if name in controls:
        return name
    return experiment.quantity(name).text if name in experiment.quantities else name
