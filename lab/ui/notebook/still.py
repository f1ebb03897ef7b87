"""Still pictures of runs, races and studies for a notebook: HTML with one small SVG.

Nothing is fetched and no script runs, so that they stay in a saved notebook as they are. Both
themes are in the style: JupyterLab's own switch decides, elsewhere the system.
"""

from __future__ import annotations

import math
import zlib
from html import escape

import numpy as np

from lab.ui.gallery.drawing import Shown, thumbnail
from lab.ui.gallery.thumbnails import pictures_of, placed
from lab.views.numerals import count, exact, number
from lab.views.palette import SANS
from lab.views.still import Frame, Line, cells, curve_lines, curves, measure, svg, tokens
from lab.views.still.cells import levels, scale
from lab.views.still.marks import ink, text
from lab.views.still.runs import log_axes

FRAME = Frame()
MAP = Frame(left=80)


def session(run) -> str:
    """A run: its first quantity over the steps, and the first of its pictures of now."""
    about = getattr(run, "entry", None) or run.experiment
    words = run.sentence or f"{run.status} at {count(run.head)}"
    return _over_steps(about, [("", run, 0)], words, f"seed {run.seed}", _of_now(about, run))


def race(one) -> str:
    """A race: the measure of every arm."""
    arms = list(one.experiment.arms)
    members = [(arm, lane, arms.index(arm)) for arm, lane in one.lanes.items()]
    words = f"{len(members)} arms, to step {count(max(run.head for _, run, _ in members))}"
    return _over_steps(one.experiment, members, words, "")


def study(one) -> str | None:
    """A study: its measure over one axis as curves, over two as a map; None beyond."""
    axes = {name: list(values) for name, values in one.axes.items() if len(values) > 1}
    if not one.cells or not axes or len(axes) > 2:
        return None
    names, values = list(axes), _medians(one)
    if "arm" in names or len(names) == 1:
        along = next((name for name in names if name != "arm"), names[0])
        if not _numeric(axes[along]):
            return None
        rows = values if len(names) == 2 and names[0] == "arm" else np.atleast_2d(values.T)
        return _end_curves(one, along, axes[along], axes.get("arm", [""]), rows)
    return _map(one, axes, values)


# -- what is drawn ---------------------------------------------------------------------------------


def _of_now(about, run) -> str:
    """A mask, matrix or plane as it is now, small, under its name; "" where there is none."""
    if not run.head:
        return ""
    for view in about.views:
        if view.of or view.kind not in ("heat", "plane") or not view.sources[0].startswith("pic."):
            continue
        drawn = thumbnail(view, [Shown(0, run.trace, pictures_of(run))], "")
        if drawn:
            # a notebook is one document: what an image is called by must be its own
            drawn = placed(drawn, f"s{zlib.crc32(drawn.encode()):08x}")
            name = f"<p><b>{escape(view.title)}</b> <span>{escape(view.note)}</span></p>"
            return f'<div class="now">{name}{drawn}</div>'
    return ""


def _over_steps(about, members, words, note, beside="") -> str:
    """Runs over their steps, on the axes that the experiment's own view of them has."""
    name = measure(about)
    quantity, log = about.quantities.get(name), log_axes(about, name)
    lines = curve_lines(about, members)
    drawn = curves(
        lines, FRAME, "step k + 1" if log else "step k", log, bool(quantity and quantity.log)
    )
    return _whole(about, quantity.text if quantity else "", words, note, drawn, FRAME, beside)


def _end_curves(one, along: str, values, labels, rows) -> str:
    """The last values of a study over one control, a curve for each arm."""
    x = np.array(values, dtype=float)
    lines = [
        Line(str(label), x[np.isfinite(y)], y[np.isfinite(y)], i, dots=True)
        for i, (label, y) in enumerate(zip(labels, rows))
    ]
    quantity = one.experiment.quantities[measure(one.experiment)]
    drawn = curves(lines, FRAME, _control(one, along), _even_in_log(x), quantity.log)
    return _whole(one.experiment, quantity.text, _made(one), _seeds(one), drawn, FRAME)


def _map(one, axes, values) -> str:
    """Two controls as a map; diverged cells are crossed, those not made stay empty."""
    quantity, bad = one.experiment.quantities[measure(one.experiment)], _diverged(one)
    y_name, x_name = axes
    if len(axes[y_name]) > len(axes[x_name]):
        y_name, x_name, values, bad = x_name, y_name, values.T, bad.T
    shares, low, high = levels(values, quantity.log)

    def tip(i, j) -> str:
        place = f"{x_name} {exact(axes[x_name][j])}, {y_name} {exact(axes[y_name][i])}: "
        if bad[i, j]:
            return place + "diverged"
        return place + (number(values[i, j]) if np.isfinite(shares[i, j]) else "not made yet")

    (_, right), (bottom, top) = MAP.x, MAP.y
    parts = [
        cells(shares, MAP, crossed=bad, tip=tip),
        *_names_across(one, x_name, axes[x_name]),
        *_names_up(one, y_name, axes[y_name]),
        scale(right + 16, 10, MAP, [i / 23 for i in range(24)]),
        text(right + 32, bottom, number(low)),
        text(right + 32, top + 10, number(high)),
    ]
    words = _made(one)
    return _whole(one.experiment, quantity.text, words, _seeds(one), "".join(parts), MAP)


def _names_across(one, name: str, values) -> list[str]:
    (left, right), (bottom, _) = MAP.x, MAP.y
    width = (right - left) / len(values)
    ticks = [
        text(left + (j + 0.5) * width, bottom + 15, exact(values[j]), "middle")
        for j in _some(len(values))
    ]
    middle = (left + right) / 2
    return [*ticks, text(middle, MAP.height - 8, _control(one, name), "middle", ink("ink2"))]


def _names_up(one, name: str, values) -> list[str]:
    (left, _), (bottom, top) = MAP.x, MAP.y
    height = (bottom - top) / len(values)
    ticks = [
        text(left - 7, bottom - (i + 0.5) * height + 4, exact(values[i]), "end")
        for i in _some(len(values))
    ]
    words = text(0, 0, _control(one, name), "middle", ink("ink2"))
    turned = f'<g transform="translate(13 {(top + bottom) / 2:.0f}) rotate(-90)">{words}</g>'
    return [*ticks, turned]


# -- what a study holds ----------------------------------------------------------------------------


def _shape(one) -> list[int]:
    return [len(values) for values in one.axes.values() if len(values) > 1]


def _medians(one) -> np.ndarray:
    """The measure at the end, over the seeds that are there; nan where none is."""
    name = measure(one.experiment)
    ends = np.array([_end(one.cells.get(i), name) for i in range(len(one.jobs))])
    ends = ends.reshape(*_shape(one), len(one.seeds))
    done = np.isfinite(ends)
    middle = np.ma.median(np.ma.array(ends, mask=~done), -1)
    return np.asarray(np.where(done.any(-1), middle, np.nan), dtype=float)


def _end(cell, name: str) -> float:
    value = cell.end.get(name) if cell is not None else None
    return float(value) if value is not None and np.ndim(value) == 0 else math.nan


def _diverged(one) -> np.ndarray:
    """Which cells hold a run that diverged or failed."""
    made = [one.cells.get(i) for i in range(len(one.jobs))]
    bad = [c is not None and c.status in ("diverged", "failed", "error") for c in made]
    return np.asarray(np.array(bad).reshape(*_shape(one), len(one.seeds)).any(-1))


def _made(one) -> str:
    return f"{count(len(one.cells))} of {count(len(one))} runs made"


def _seeds(one) -> str:
    seeds = one.seeds
    return f"median of {len(seeds)} seeds" if len(seeds) > 1 else f"seed {seeds[0]}"


def _control(one, name: str) -> str:
    spec = one.experiment.controls().get(name)
    label = getattr(spec, "label", "") or name.replace("_", " ")
    unit = getattr(spec, "unit", "")
    return f"{label} ({unit})" if unit else label


def _some(n: int) -> range:
    return range(0, n, max(1, math.ceil(n / 6)))


def _numeric(values) -> bool:
    return all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)


def _even_in_log(values) -> bool:
    return bool((values > 0).all() and len(values) > 2 and values.max() > 20 * values.min())


# -- around it -------------------------------------------------------------------------------------


def _whole(
    about, quantity: str, words: str, note: str, drawn: str, frame: Frame, beside: str = ""
) -> str:
    title = about.card.title or getattr(about, "name", "")
    more = " · ".join(escape(part) for part in (quantity, words, note) if part)
    head = f"<p><b>{escape(title)}</b> <span>{more}</span></p>"
    curves_drawn = svg(drawn, frame) if drawn else ""
    return f'{_style()}<div class="lab-still">{head}{curves_drawn}{beside}</div>'


def _style() -> str:
    dark = tokens(dark=True) + "color-scheme:dark"
    return (
        f"<style>.lab-still{{{tokens()}color-scheme:light;background:var(--stage);color:var(--ink);"
        f"font:13px/1.4 {SANS};max-width:{FRAME.width}px;padding:10px 0 4px;"
        "font-variant-numeric:tabular-nums}"
        ".lab-still p{margin:0 0 0 14px}.lab-still span{color:var(--ink3)}"
        ".lab-still svg{display:block;width:100%;height:auto}"
        ".lab-still .now{max-width:360px}.lab-still .now svg{margin:0 0 0 4px}"
        f"@media(prefers-color-scheme:dark){{body:not([data-jp-theme-light]) .lab-still{{{dark}}}}}"
        f'body[data-jp-theme-light="false"] .lab-still{{{dark}}}</style>'
    )
