"""Still pictures of runs, races and studies for a notebook: HTML with one small SVG.

Nothing is fetched and no script runs, so that they stay in a saved notebook as they are. Both
themes are in the style: JupyterLab's own switch decides, elsewhere the system.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import numpy as np

from lab.views.numerals import count, exact, number, power_of_ten
from lab.views.palette import DARK, LIGHT, SANS, SERIES, ramp
from lab.views.thin import keep

WIDTH, HEIGHT = 640, 250
LEFT, RIGHT, TOP, BOTTOM = 52, 134, 24, 40
POINTS = 400
LINE_PX = 15  # two labels are at least so far apart


def _style() -> str:
    def tokens(colours):
        return "".join(f"--{name}:{colour};" for name, colour in colours.items())

    dark = tokens(DARK) + "color-scheme:dark"
    return (
        f"<style>.lab-still{{{tokens(LIGHT)}color-scheme:light;background:var(--stage);color:var(--ink);"
        f"font:13px/1.4 {SANS};max-width:{WIDTH}px;padding:10px 0 4px;"
        "font-variant-numeric:tabular-nums}"
        ".lab-still p{margin:0 0 0 14px}.lab-still span{color:var(--ink3)}"
        ".lab-still svg{display:block;width:100%;height:auto}"
        f"@media(prefers-color-scheme:dark){{body:not([data-jp-theme-light]) .lab-still{{{dark}}}}}"
        f'body[data-jp-theme-light="false"] .lab-still{{{dark}}}</style>'
    )


@dataclass(frozen=True)
class Line:
    """A curve: its label, its places, which of the series styles it has."""

    label: str
    x: np.ndarray
    y: np.ndarray
    style: int = 0
    dots: bool = False


@dataclass(frozen=True)
class Axis:
    """An axis of the picture: values to pixels, and ticks.

    Parameters
    ----------
    low, high : float
    log : bool
    start, end : float
        Pixels.
    """

    low: float
    high: float
    log: bool
    start: float
    end: float

    def __call__(self, values) -> np.ndarray:
        values = np.asarray(values, dtype=float)
        low, high = self.low, self.high
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.log10(np.where(values > 0, values, np.nan))
            low, high = math.log10(low), math.log10(high)
        return self.start + (values - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[tuple[float, str]]:
        """(value, text), at most six."""
        if self.log:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            stride = max(1, math.ceil((last - first + 1) / 6))
            return [(10.0**e, power_of_ten(e)) for e in range(first, last + 1, stride)]
        rough = (self.high - self.low) / 5
        scale = 10.0 ** math.floor(math.log10(rough))
        step = next(m * scale for m in (1, 2, 5, 10) if m * scale >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        found = [i * step for i in range(first, math.floor(self.high / step + 1e-9) + 1)]
        return [(v, _tick(v)) for v in found]


def session(run) -> str:
    """A run: its first quantity over the steps."""
    about = getattr(run, "entry", None) or run.experiment
    words = run.sentence or f"{run.status} at {count(run.head)}"
    return _over_steps(about, [("", run, 0)], words, f"seed {run.seed}")


def race(one) -> str:
    """A race: the measure of every arm."""
    arms = list(one.experiment.arms)
    members = [(arm, lane, arms.index(arm) % len(SERIES)) for arm, lane in one.lanes.items()]
    words = f"{len(members)} arms, to step {count(max(run.head for _, run, _ in members))}"
    return _over_steps(one.experiment, members, words, "")


def study(one) -> str | None:
    """A study: its measure over one axis as curves, over two as a map; None beyond."""
    about = one.experiment
    axes = {name: list(values) for name, values in one.axes.items() if len(values) > 1}
    words = f"{count(len(one.cells))} of {count(len(one))} runs made"
    measure = _measure(about)
    if not one.cells or not axes or len(axes) > 2:
        return None
    ends = np.array([_end(one.cells.get(i), measure) for i in range(len(one.jobs))])
    shape = [len(values) for values in one.axes.values() if len(values) > 1]
    over_seeds = ends.reshape(*shape, len(one.seeds))
    done = np.isfinite(over_seeds)
    values = np.where(done.any(-1), np.ma.median(np.ma.array(over_seeds, mask=~done), -1), np.nan)
    values = np.asarray(values, dtype=float)
    note = f"median of {len(one.seeds)} seeds" if len(one.seeds) > 1 else f"seed {one.seeds[0]}"
    names = list(axes)
    if "arm" in names and len(names) == 2 or len(names) == 1:
        along = next((n for n in names if n != "arm"), names[0])
        if not _numeric(axes[along]):
            return None
        rows = values if len(names) == 2 and names[0] == "arm" else np.atleast_2d(values.T)
        labels = axes["arm"] if len(names) == 2 else [""]
        x = np.array(axes[along], dtype=float)
        lines = [
            Line(str(label), x[np.isfinite(y)], y[np.isfinite(y)], i % len(SERIES), dots=True)
            for i, (label, y) in enumerate(zip(labels, rows))
        ]
        return _picture(about, words, lines, note, _control(one, along), _even_in_log(x))
    return _map(one, words, note, names, axes, values)


# -- what is drawn ---------------------------------------------------------------------------------


def _measure(about) -> str:
    """The first quantity that is one number."""
    found = [name for name, q in about.quantities.items() if not q.dim]
    return found[0] if found else ""


def _over_steps(about, members, words, note) -> str:
    """Runs over their steps, on the axes that the experiment's own view of them has."""
    measure = _measure(about)
    log = any(getattr(v, "log", "") == "xy" and measure in v.sources for v in about.views)
    lines = []
    for label, run, style in members:
        trace = run.trace
        if not len(trace) or measure not in trace:
            continue
        y = np.array(trace[measure], dtype=float)
        k = np.array(trace.k if len(trace.k) == len(y) else trace.assessed.k, dtype=float)[: len(y)]
        x = k + 1 if log else k
        at = keep(x, y, log, points=POINTS)
        lines.append(Line(label, x[at], y[at], style))
    return _picture(about, words, lines, note, "step k + 1" if log else "step k", log)


def _picture(about, words, lines, note, x_name: str, x_log: bool) -> str:
    """Curves with their labels at their ends."""
    measure = _measure(about)
    quantity = about.quantities.get(measure)
    log = bool(quantity and quantity.log) and any((line.y > 0).any() for line in lines)
    head = _head(about, quantity.text if quantity else "", words, note)
    ys = [line.y[np.isfinite(line.y) & ((line.y > 0) | (not log))] for line in lines]
    ys = np.concatenate(ys) if ys else np.array([])
    xs = np.concatenate([line.x for line in lines]) if lines else np.array([])
    if not len(ys):
        return _whole(head, "")
    x = _axis(xs, x_log, LEFT, WIDTH - RIGHT, tight=True)
    y = _axis(ys, log, HEIGHT - BOTTOM, TOP)
    parts = [_grid(x, y, x_name)]
    ends = []
    for line in lines:
        style = SERIES[line.style]
        ink = f"var(--{style.token})"
        px, py = x(line.x), np.clip(y(line.y), TOP - 4, HEIGHT - BOTTOM)
        good = np.isfinite(px) & np.isfinite(py)
        if not good.any():
            continue
        dash = f' stroke-dasharray="{" ".join(map(str, style.dash))}"' if style.dash else ""
        parts.append(
            f'<path d="{_path(px, py, good)}" fill="none" stroke="{ink}" stroke-width="2.2" '
            f'stroke-linejoin="round" stroke-linecap="round"{dash}/>'
        )
        if line.dots:
            parts += [_marker(style.marker, a, b, ink) for a, b in zip(px[good], py[good])]
        else:
            parts.append(_marker(style.marker, px[good][-1], py[good][-1], ink))
        last = number(line.y[good][-1])
        text = f"{line.label}  {last}" if line.label else last
        ends.append([py[good][-1], px[good][-1], text, ink])
    parts += _labels(ends)
    return _whole(head, "".join(parts))


def _map(one, words, note, names, axes, values) -> str:
    """Two controls as a map; diverged cells are crossed, those not made stay empty."""
    about = one.experiment
    quantity = about.quantities[_measure(about)]
    y_name, x_name = names if len(axes[names[1]]) >= len(axes[names[0]]) else names[::-1]
    if (y_name, x_name) != tuple(names):
        values = values.T
    rows, columns = values.shape
    shown = np.log10(np.where(values > 0, values, np.nan)) if quantity.log else values
    finite = shown[np.isfinite(shown)]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 1.0)
    width, height = (WIDTH - LEFT - 28 - RIGHT) / columns, (HEIGHT - TOP - BOTTOM) / rows
    left = LEFT + 28
    bad = _diverged(one, names, (y_name, x_name))
    parts = []
    for i in range(rows):
        for j in range(columns):
            x, y = left + j * width, HEIGHT - BOTTOM - (i + 1) * height
            level = (shown[i, j] - low) / ((high - low) or 1)
            box = f'x="{x:.1f}" y="{y:.1f}" width="{width - 1:.1f}" height="{height - 1:.1f}"'
            tip = f"{x_name} {exact(axes[x_name][j])}, {y_name} {exact(axes[y_name][i])}: "
            if bad[i, j]:
                fill, tip = "var(--line2)", tip + "diverged"
            elif np.isfinite(level):
                fill, tip = _ink(level), tip + number(values[i, j])
            else:
                fill, tip = "none", tip + "not made yet"
            tip = f"<title>{escape(tip)}</title>"
            parts.append(f'<rect {box} fill="{fill}" stroke="var(--line2)">{tip}</rect>')
            if bad[i, j]:
                a, b, r = x + width / 2, y + height / 2, min(width, height, 16) / 4
                parts.append(
                    f'<path d="M{a - r:.1f} {b - r:.1f}l{2 * r:.1f} {2 * r:.1f}M{a + r:.1f} '
                    f'{b - r:.1f}l{-2 * r:.1f} {2 * r:.1f}" stroke="var(--ink3)"/>'
                )
    for j in _some(columns):
        parts.append(
            _text(left + (j + 0.5) * width, HEIGHT - BOTTOM + 15, exact(axes[x_name][j]), "middle")
        )
    for i in _some(rows):
        y = HEIGHT - BOTTOM - (i + 0.5) * height + 4
        parts.append(_text(left - 7, y, exact(axes[y_name][i]), "end"))
    middle = left + columns * width / 2
    parts.append(_text(middle, HEIGHT - 8, _control(one, x_name), "middle", "ink2"))
    parts.append(
        f'<g transform="translate(13 {(TOP + HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)">'
        + _text(0, 0, _control(one, y_name), "middle", "ink2")
        + "</g>"
    )
    right = WIDTH - RIGHT + 16
    for i in range(24):
        y = HEIGHT - BOTTOM - (i + 1) * (HEIGHT - TOP - BOTTOM) / 24
        parts.append(
            f'<rect x="{right}" y="{y:.1f}" width="10" height="7.8" fill="{_ink(i / 23)}"/>'
        )
    scale: Callable = (lambda v: 10.0**v) if quantity.log else float
    parts.append(_text(right + 16, HEIGHT - BOTTOM, number(scale(low))))
    parts.append(_text(right + 16, TOP + 10, number(scale(high))))
    return _whole(_head(about, quantity.text, words, note), "".join(parts))


# -- parts -----------------------------------------------------------------------------------------


def _head(about, measure, words, note) -> str:
    title = about.card.title or getattr(about, "name", "")
    more = " · ".join(escape(part) for part in (measure, words, note) if part)
    return f"<p><b>{escape(title)}</b> <span>{more}</span></p>"


def _whole(head: str, parts: str) -> str:
    drawn = (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="{escape(SANS)}" '
        f'font-size="12">{parts}</svg>'
        if parts
        else ""
    )
    return f'{_style()}<div class="lab-still">{head}{drawn}</div>'


def _axis(values, log, start, end, tight=False) -> Axis:
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values) & ((values > 0) | (not log))]
    low, high = float(values.min()), float(values.max())
    if log:
        low, high = (low, high) if tight else (low / 1.4, high * 1.4)
        if high < 10 * low:
            middle = math.sqrt(low * high)
            low, high = middle / math.sqrt(10), middle * math.sqrt(10)
        return Axis(low, high, True, start, end)
    room = (high - low) or abs(high) or 1.0
    if not tight:
        low, high = low - 0.05 * room, high + 0.05 * room
    elif low == high:
        high = low + 1
    return Axis(low, high, False, start, end)


def _grid(x: Axis, y: Axis, x_name: str) -> str:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for value, text in y.ticks():
        at = float(y(value))
        parts.append(f'<path d="M{LEFT} {at:.1f}H{right}" stroke="var(--grid)"/>')
        parts.append(_text(LEFT - 7, at + 4, text, "end"))
    parts.append(f'<path d="M{LEFT} {bottom}H{right}" stroke="var(--line)"/>')
    for value, text in x.ticks():
        parts.append(_text(float(x(value)), bottom + 16, text, "middle"))
    parts.append(_text((LEFT + right) / 2, HEIGHT - 6, x_name, "middle", "ink2"))
    return "".join(parts)


def _labels(ends) -> list[str]:
    """Labels at the ends of curves, moved apart."""
    ends.sort()
    at = TOP - LINE_PX
    for end in ends:
        at = max(end[0], at + LINE_PX)
        end[0] = at
    over = max(0.0, at - (HEIGHT - BOTTOM))
    return [_text(x + 9, y - over + 4, text, ink=ink) for y, x, text, ink in ends]


def _text(x, y, text, anchor="start", ink="ink3") -> str:
    colour = ink if ink.startswith("var") else f"var(--{ink})"
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="{colour}">{escape(text)}</text>'


def _path(px, py, good) -> str:
    parts, pen = [], "M"
    for x, y, ok in zip(px, py, good):
        if ok:
            parts.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L" if ok else "M"
    return "".join(parts)


def _marker(kind, x, y, ink) -> str:
    shapes = {
        "square": f"M{x - 4:.1f} {y - 4:.1f}h8v8h-8z",
        "triangle": f"M{x:.1f} {y - 5:.1f}l5 9h-10z",
        "diamond": f"M{x:.1f} {y - 5:.1f}l5 5-5 5-5-5z",
    }
    if kind in shapes:
        return f'<path d="{shapes[kind]}" fill="{ink}"/>'
    if kind in ("x", "cross"):
        turn = f' transform="rotate(45 {x:.1f} {y:.1f})"' if kind == "x" else ""
        cross = f"M{x - 5:.1f} {y:.1f}h10M{x:.1f} {y - 5:.1f}v10"
        return f'<path d="{cross}" stroke="{ink}" stroke-width="2"{turn}/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{ink}"/>'


def _ink(level: float) -> str:
    """A colour of the ramp, for both themes."""
    place = int(round(255 * min(max(level, 0.0), 1.0)))
    light, dark = ramp("power")[place], ramp("power", dark=True)[place]
    return f"light-dark({light},{dark})"


def _some(n: int) -> range:
    return range(0, n, max(1, math.ceil(n / 6)))


def _numeric(values) -> bool:
    return all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)


def _even_in_log(values) -> bool:
    return bool((values > 0).all() and len(values) > 2 and values.max() > 20 * values.min())


def _tick(value: float) -> str:
    value = 0.0 if abs(value) < 1e-12 else value
    return exact(int(value)) if float(value).is_integer() else exact(float(f"{value:.4g}"))


def _control(one, name: str) -> str:
    spec = one.experiment.controls().get(name)
    label = getattr(spec, "label", "") or name.replace("_", " ")
    unit = getattr(spec, "unit", "")
    return f"{label} ({unit})" if unit else label


def _end(cell, measure: str) -> float:
    value = cell.end.get(measure) if cell is not None else None
    return float(value) if value is not None and np.ndim(value) == 0 else math.nan


def _diverged(one, names, order) -> np.ndarray:
    """Which cells hold a run that diverged or failed."""
    shape = [len(v) for v in one.axes.values() if len(v) > 1]
    bad = [c is not None and c.status in ("diverged", "failed", "error")
           for c in (one.cells.get(i) for i in range(len(one.jobs)))]  # fmt: skip
    found = np.array(bad).reshape(*shape, len(one.seeds)).any(-1)
    return found if tuple(names) == tuple(order) else found.T
