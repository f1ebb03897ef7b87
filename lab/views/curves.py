"""Curves: quantities against the step, an axis that counts cost, or a control of a study.

The server streams the recorded points. Everything that depends on the cursor or on pixels (what
is past, markers, labels, the yellow line) is worked out in the browser, in `js/place.js`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.models import CustomJS, Quad, Scatter, Segment

from lab.views import palette
from lab.views.base import BESIDE, LEFT, Lane, Renderer, Shared, js
from lab.views.fit import power_text, slope
from lab.views.numerals import count, number, percent
from lab.views.plot import house_figure, lettering, new_range, source, still
from lab.views.ranges import Growing
from lab.views.study import curves_of
from lab.views.thin import POINTS, keep

ROWS = 24  # of the table of numbers
WORST = 1e-16  # a logarithmic axis goes no lower


class Curve:
    """One line on the figure: its sources and how far it is drawn."""

    def __init__(self):
        self.full = source(k=[], x=[], y=[])
        self.past = source(x=[], y=[])
        self.after = source(x=[], y=[])
        self.marks = source(x=[], y=[])
        self.glyphs: dict = {}
        self.name, self.style, self.label = "", palette.SERIES[0], ""
        self.lane: Any = None  # a Lane, or None while the curve is not in use
        self.rows = self.sent = 0

    def clear(self) -> None:
        self.lane, self.rows, self.sent = None, 0, 0
        self.full.data = {"k": [], "x": [], "y": []}


class Curves(Renderer):
    """See `lab.engine.views.Curves`."""

    def __init__(self, view, entry, shared: Shared):
        super().__init__(view, entry, shared)
        self.x_log, self.y_log = "x" in view.log, "y" in view.log
        self.stacks = view.of is None and view.x == "k"
        fixed = (0.0, 1.0) if view.percent else None
        self._y = Growing(log=self.y_log, least=3 if self.y_log else None, fixed=fixed)
        low, high = self._y.bounds
        own = new_range(1, 10) if self.x_log else new_range(0, 1)
        self.x_range = shared.ranges[self.x_log] if self.stacks else still(own)
        self._x = Growing(log=self.x_log)
        self.curves: list[Curve] = []
        self.study: Any = None
        self._pivot: tuple[float, int] | None = None
        self._build(new_range(low, high))

    @property
    def element(self):
        return self.figure

    # -- building ------------------------------------------------------------------------------

    def _build(self, y_range) -> None:
        shared = self.shared
        self._place = CustomJS(code=js("numbers", "tools", "place"))
        self._below = ""
        self.figure = house_figure(
            self, x_range=self.x_range, y_range=y_range, x_log=self.x_log, y_log=self.y_log,
            left=LEFT, right=shared.right if self.stacks else 16,
            percent=self.view.percent, whole=self.stacks, layout=self._place,
        )  # fmt: skip
        fig = self.figure
        self.slopes = source(x0=[], y0=[], x1=[], y1=[], text=[])
        self.captions = source(k=[], text=[], kind=[])
        self.laid = source(x=[], y=[], dx=[], dy=[], text=[])
        self.lines = source(x=[], y0=[], y1=[])
        self.flags = source(x=[], y0=[], y1=[], tip=[], mid=[], text=[])
        self.styles = source(label=[], color=[], marker=[], marked=[], reference=[], end=[])
        self.now = source(x=[], y=[], color=[], marker=[], size=[])
        self.ends = source(x=[], y=[], color=[], marker=[], angle=[])
        self.labels = source(x=[], y=[], text=[], color=[], size=[], weight=[])
        self.corner = source(x=[], y=[], text=[])
        self.flag = source(x=[], y=[], text=[], dx=[])

        stages = fig.add_glyph(
            self.lines,
            Segment(x0="x", x1="x", y0="y0", y1="y1", line_dash=[2, 3]),
            level="underlay",
        )
        self.ink(stages.glyph, line_color="line")
        guides = fig.add_glyph(
            self.slopes,
            Segment(x0="x0", y0="y0", x1="x1", y1="y1", line_width=1.5, line_dash=[2, 4]),
        )
        self.ink(guides.glyph, line_color="bound")

        self.band = source(left=[], right=[], top=[], bottom=[])
        self.edge = source(left=[], right=[], top=[], bottom=[])
        for box, token, alpha in ((self.band, "now", 0.45), (self.edge, "now_edge", 1.0)):
            # glyphs, because a BoxAnnotation is clipped to the frame and cannot reach the picture
            # below
            quad = Quad(
                left="left", right="right", top="top", bottom="bottom", line_color=None,
                fill_alpha=alpha,
            )  # fmt: skip
            self.ink(fig.add_glyph(box, quad, level="annotation").glyph, fill_color=token)

        flags = fig.add_glyph(
            self.flags, Segment(x0="x", x1="x", y0="y0", y1="y1", line_width=1.5), level="overlay"
        )
        cloth = fig.add_glyph(
            self.flags,
            Scatter(x="tip", y="mid", marker="triangle", angle=-1.5708, size=9, line_color=None),
            level="overlay",
        )
        self.ink(flags.glyph, line_color="ink")
        self.ink(cloth.glyph, fill_color="ink")
        self._halo(self.flags, dict(x="tip", y="mid", text="text", x_offset=10), "ink")

        caption = fig.add_glyph(
            self.laid,
            lettering(
                x="x", y="y", text="text", x_offset="dx", y_offset="dy", text_baseline="bottom"
            ),
            level="annotation",
        )
        self.ink(caption.glyph, text_color="ink2")
        ended = fig.add_glyph(
            self.ends,
            Scatter(x="x", y="y", marker="marker", angle="angle", size=13, line_color="color",
                    line_width=2),
            level="overlay",
        )  # fmt: skip
        self.ink(ended.glyph, fill_color="stage")
        now = fig.add_glyph(
            self.now,
            Scatter(x="x", y="y", marker="marker", size="size", line_color="color", line_width=2.2),
            level="overlay",
        )
        self.ink(now.glyph, fill_color="now")
        self._halo(
            self.labels,
            dict(x="x", y="y", text="text", text_font_size="size", text_font_style="weight"),
            "color",
        )
        flag = fig.add_glyph(
            self.flag,
            lettering(x="x", y="y", text="text", x_offset="dx", y_offset=-1, text_align="center",
                  text_baseline="bottom", text_font_style="bold", padding=[6, 2], border_radius=2),
            level="overlay",
        )  # fmt: skip
        self.ink(flag.glyph, text_color="on_now", background_fill_color="now")

        corner = fig.add_glyph(
            self.corner,
            lettering(
                x="x", y="y", text="text", y_offset=36, text_align="right",
                text_baseline="alphabetic",
            ),
            level="annotation",
        )  # fmt: skip
        self.ink(corner.glyph, text_color="ink2")
        self._arm()
        for model in (shared.cursor, self.styles, self.captions, self.slopes):
            model.js_on_change("data", self._place)
        for span in (self.x_range, fig.y_range):
            span.js_on_change("start", self._place)
            span.js_on_change("end", self._place)

    def _halo(self, data, places: dict, token: str) -> None:
        """Text over an outline in the stage's colour: Bokeh paints outlines over the letters,
        so the outline is a text of its own."""
        outline = self.figure.add_glyph(
            data, lettering(**places, text_outline_width=4), level="overlay"
        )
        letters = self.figure.add_glyph(data, lettering(**places), level="overlay")
        self.ink(outline.glyph, text_color="stage", text_outline_color="stage")
        if token == "color":
            letters.glyph.text_color = "color"
        else:
            self.ink(letters.glyph, text_color=token)

    def _arm(self) -> None:
        """Tells the script in the browser which sources there are."""
        shown = self.curves
        above, under = self.shared.neighbours(self) if self.stacks else (False, False)
        if self.stacks:  # the picture below carries the ticks
            self.figure.min_border_bottom = 14 if under else 46
            said = self.shared.flagged(self) or len(self.captions.data["k"])
            self.figure.min_border_top = 64 if said and not above else 44
            self.figure.xaxis[0].major_label_text_alpha = 0.0 if under else 1.0
            self.figure.xaxis[0].major_label_text_font_size = "1px" if under else "12px"
        self._place.args = dict(
            figure=self.figure, cursor=self.shared.cursor, styles=self.styles,
            full=[c.full for c in shown], past=[c.past for c in shown],
            after=[c.after for c in shown], marks=[c.marks for c in shown],
            now=self.now, ends=self.ends, labels=self.labels, flag=self.flag,
            band=self.band, edge=self.edge, captions=self.captions, laid=self.laid,
            lines=self.lines, flags=self.flags, slopes=self.slopes,
            xlog=self.x_log, ylog=self.y_log,
            percent=self.view.percent, live=self.view.of is None, steps=self.shared.axis == "k",
            fit=self.view.fit and self.x_log and self.y_log, unit=self._unit(),
            flagged=self.view.of is None and (not self.stacks or self.shared.flagged(self)),
            above=above, under=under, beside=self.stacks and self.shared.right == BESIDE,
            quiet=self.color("ink2"),
            corner=self.corner,
            below="" if under else self._below, sans=palette.SANS,
        )  # fmt: skip

    def _unit(self) -> str:
        if self.shared.axis == "k":
            return ""
        text = self.shared.axis_text(self.x_log)
        return "s" if text == "seconds" else text

    def _curve(self, i: int) -> Curve:
        while len(self.curves) <= i:
            curve = Curve()
            fig = self.figure
            after = fig.line("x", "y", source=curve.after, line_width=1.3)
            past = fig.line("x", "y", source=curve.past, line_width=2.2)
            marks = fig.scatter("x", "y", source=curve.marks, size=6.5, line_width=1)
            for line in (after, past):
                line.glyph.update(line_join="round", line_cap="butt")
            after.glyph.line_alpha = palette.AFTER
            curve.glyphs = {"after": after, "past": past, "marks": marks}
            for change in ("data", "streaming"):
                curve.full.js_on_change(change, self._place)
            self.curves.append(curve)
            self._arm()
        return self.curves[i]

    # -- lanes ---------------------------------------------------------------------------------

    def redraw(self) -> None:
        self._y.clear()
        self._x.clear()
        if self.view.of is not None:
            self._draw_study()
            return
        wanted = self._wanted()
        for curve in self.curves:
            curve.clear()
        for i, (lane, name, style, label) in enumerate(wanted):
            curve = self._curve(i)
            curve.lane, curve.name, curve.style, curve.label = lane, name, style, label
            self._dress(curve)
        for curve in self.curves:
            if curve.lane is not None:
                self._send(curve)
        self._below = self.shared.axis_text(self.x_log)
        self._arm()
        self._restyle()
        self._pivot = None
        self._guides()
        self._mark()

    def _wanted(self) -> list[tuple[Lane, str, palette.Style, str]]:
        """(lane, quantity, style, label) of every curve, the most telling ones last (on top)."""
        view, found = self.view, []
        names = (*view.sources, *(b for b in view.bounds if b not in view.sources))
        plain = [n for n in names if n not in view.bounds and n not in view.roles]
        several = len(self.lanes) > 1
        for i, lane in enumerate(self.lanes):
            for name in names:
                role = self._role(name)
                style = palette.ROLES.get(role or "") or palette.series(
                    lane.style if several else plain.index(name)
                )
                if several and role:
                    shared = role in palette.OVERLAYS and self._agreed(name)
                    if shared and i:
                        continue
                    if not shared:
                        base = palette.series(lane.style)
                        style = palette.Style(base.token, base.marker, style.dash, style.width)
                elif several and len(plain) > 1:
                    dash = palette.SERIES[3 + plain.index(name) - 1].dash
                    first = plain.index(name) == 0
                    style = palette.Style(style.token, style.marker, style.dash if first else dash)
                if lane.dotted:
                    style = palette.Style(style.token, style.marker, palette.BRANCH, 1.8)
                found.append((lane, name, style, self._label(lane, name, role, several)))
        found.sort(key=lambda f: f[1] in view.bounds, reverse=True)
        return found

    def _role(self, name: str) -> str | None:
        return "bound" if name in self.view.bounds else self.view.roles.get(name)

    def _agreed(self, name: str) -> bool:
        """Whether a bound says the same in every lane; then it is drawn once, in grey."""
        found = [_series(lane.trace, name) for lane in self.lanes]
        values = [f[1] for f in found if f is not None and len(f[1])]
        n = min(map(len, values), default=0)
        return all(np.array_equal(v[:n], values[0][:n], equal_nan=True) for v in values)

    def _label(self, lane: Lane, name: str, role: str | None, several: bool) -> str:
        said = role if role in ("train", "test") else self.shared.quantity(name).text
        methods = [n for n in self.view.sources if self._role(n) not in palette.OVERLAYS]
        alone = len(methods) == 1
        if role in palette.OVERLAYS:
            return said if not several or self._agreed(name) else f"{lane.label} {said}"
        if several:
            return lane.label if alone else f"{lane.label} {said}"
        return lane.label if alone else said

    def _dress(self, curve: Curve) -> None:
        style, glyphs = curve.style, curve.glyphs
        self._inks = [ink for ink in self._inks if ink[0] not in
                      [g.glyph for g in glyphs.values()]]  # fmt: skip
        for part in ("past", "after"):
            self.ink(glyphs[part].glyph, line_color=style.token)
            glyphs[part].glyph.line_dash = [*style.dash]
        glyphs["past"].glyph.line_width = style.width
        self.ink(glyphs["marks"].glyph, line_color=style.token, fill_color=style.token)
        glyphs["marks"].glyph.marker = style.marker

    def _restyle(self) -> None:
        """What the script in the browser must know of each curve."""
        shown = [c for c in self.curves if c.lane is not None]
        methods = [c for c in shown if c.style.token not in ("bound", "exact", "train", "test")]
        several = len(methods) > 1
        rows: dict[str, list] = dict(label=[], color=[], marker=[], marked=[], reference=[], end=[])
        for curve in self.curves:
            reference = self._role(curve.name) in palette.OVERLAYS
            rows["label"].append(curve.label)
            rows["color"].append(self.color(curve.style.token))
            rows["marker"].append(curve.style.marker)
            rows["marked"].append(bool(several and curve in methods and not reference))
            rows["reference"].append(reference)
            lane = curve.lane
            rows["end"].append("" if lane is None or reference else _ending(lane))
        if rows != {name: list(column) for name, column in self.styles.data.items()}:
            self.styles.data = rows

    def feed(self, index: int, frame=None) -> None:
        lane = self.lanes[index]
        lane.take(frame)
        if self.view.of is not None:
            return
        for curve in self.curves:
            if curve.lane is lane:
                self._send(curve)
        self._restyle()
        self._guides()
        self._mark()

    def _send(self, curve: Curve) -> None:
        """Streams the points recorded since the last call; beyond 2,000 thins them all."""
        found = _series(curve.lane.trace, curve.name)
        if found is None:
            return
        ks, y = found
        if len(ks) == curve.rows:
            return
        if len(ks) < curve.rows:
            curve.rows = curve.sent = 0
        fresh = slice(curve.rows, len(ks))
        x = self.shared.places(curve.lane, ks, self.x_log)
        if self.y_log:
            y = np.where(y > 0, np.maximum(y, WORST * 1e-4), np.nan)
        self._widen(curve, x[fresh], y[fresh])
        if curve.sent and curve.sent + len(ks) - curve.rows <= POINTS:
            # the seconds of earlier rows may have become known only now
            curve.full.stream({"k": ks[fresh].astype(float), "x": x[fresh], "y": y[fresh]})
            curve.sent += len(ks) - curve.rows
        else:
            kept = keep(x, y, self.x_log, POINTS if len(ks) <= POINTS else POINTS // 2)
            curve.full.data = {"k": ks[kept].astype(float), "x": x[kept], "y": y[kept]}
            curve.sent = len(kept)
        curve.rows = len(ks)

    def _widen(self, curve: Curve, x, y) -> None:
        if self.stacks:
            self.shared.see(self.x_log, x)
        else:
            self._x.see(x)
            start, end = self._x.bounds
            self.x_range.update(start=start, end=end)
        if self.y_log:
            y = np.where(np.isfinite(y), np.maximum(y, WORST), y)
        self._y.see(y)
        low, high = self._y.bounds
        span = self.figure.y_range
        if (span.start, span.end) != (low, high):
            span.update(start=low, end=high, reset_start=low, reset_end=high)

    # -- guides and marks ----------------------------------------------------------------------

    def _guides(self) -> None:
        """Reference slopes: each beside the tail of the curve whose slope is nearest to it.

        They turn about a point a little above the curve, at a half-decade of x that has been
        passed, so that they move a few times in a run and not with every step.
        """
        if not self.view.slopes or not (self.x_log and self.y_log):
            return
        found = []
        for curve in self._shown():
            x, y = (np.asarray(curve.full.data[axis], dtype=float) for axis in "xy")
            if self._role(curve.name) in palette.OVERLAYS or not np.isfinite(y).any():
                continue
            found.append((x, y))
        if not found:
            return
        head = max(x[-1] for x, _ in found)
        halves = 10 ** (np.arange(-12, 40) / 2)
        pivot = max(float(halves[halves <= max(head / 2, 1.0)].max()), found[0][0][0])
        if self._pivot == (pivot, len(found)):
            return
        self._pivot = (pivot, len(found))
        rows: dict[str, list] = dict(x0=[], y0=[], x1=[], y1=[], text=[])
        for power in self.view.slopes:
            x, y = min(found, key=lambda f: self._off(f, power))
            good = np.isfinite(y) & (x <= pivot)
            height = 1.6 * (y[good][-1] if good.any() else y[np.isfinite(y)][0])
            left, right = pivot * 1e-9, pivot * 1e9
            rows["x0"].append(left)
            rows["y0"].append(float(np.clip(height * 1e-9**power, 1e-300, 1e300)))
            rows["x1"].append(right)
            rows["y1"].append(float(np.clip(height * 1e9**power, 1e-300, 1e300)))
            rows["text"].append(power_text(power).replace("k", self._letter()))
        self.slopes.data = rows

    def _off(self, curve, power: float) -> float:
        fitted = slope(*curve)
        return abs(fitted.value - power) if fitted is not None else 9.0

    def _letter(self) -> str:
        return "k" if self.shared.axis == "k" else {"seconds": "t"}.get(self.shared.axis, "n")

    def _mark(self) -> None:
        """Captions of stages and events, flags of edits."""
        rows: dict[str, list] = dict(k=[], text=[], kind=[])
        for lane in self.lanes[:1]:
            if lane.trace is None:
                continue
            for k, name in lane.trace.stages:
                rows["k"].append(k)
                rows["text"].append(str(name).replace("_", " "))
                rows["kind"].append("stage")
        for lane in self.lanes:
            who = f"{lane.label}: " if len(self.lanes) > 1 and lane.label else ""
            events = getattr(lane.trace, "events", None) or {}
            for name, k in events.items():
                if k is not None:
                    rows["k"].append(k)
                    rows["text"].append(who + str(name).replace("_", " "))
                    rows["kind"].append("event")
            for k, text in lane.edits:
                rows["k"].append(k)
                rows["text"].append(who + text)
                rows["kind"].append("edit")
        if rows != {name: list(column) for name, column in self.captions.data.items()}:
            self.captions.data = rows
            self._arm()

    # -- page ----------------------------------------------------------------------------------

    def axis(self, name: str) -> None:
        if not self.stacks:
            return
        self._arm()
        self.redraw()

    def theme(self, dark: bool) -> None:
        super().theme(dark)
        self._arm()
        self._restyle()
        if self.view.of is not None:
            self._draw_study()

    def set_study(self, dataset) -> None:
        """Draws the cells of a study that are there (an xarray Dataset; it may be growing)."""
        self.study = dataset
        self._draw_study()

    def _draw_study(self) -> None:
        if self.study is None:
            return
        view = self.view
        found = curves_of(self.study, view.sources, view.x, view.by)
        quantity = self.shared.quantity(view.x).text
        self._below = view.x if quantity == view.x else quantity
        self._arm()
        self._seed_lines(found)
        for curve in self.curves:
            curve.clear()
        for i, (label, x, y, _) in enumerate(found):
            curve = self._curve(i)
            curve.lane, curve.name = Lane(label=label), view.sources[0]
            curve.style, curve.label = palette.series(i), label
            self._dress(curve)
            self._widen(curve, x, y)
            curve.full.data = {"k": np.arange(len(x), dtype=float), "x": x, "y": y}
        self._restyle()

    def _seed_lines(self, found) -> None:
        """A band over the seeds and a thin line for each of them."""
        if not hasattr(self, "_seeds"):
            self._seeds = source(xs=[], ys=[], color=[])
            self._bands = source(xs=[], ys=[], color=[])
            self.figure.patches(
                "xs", "ys", source=self._bands, fill_color="color", line_color=None,
                fill_alpha=palette.BAND,
            )  # fmt: skip
            self.figure.multi_line(
                "xs", "ys", source=self._seeds, line_color="color", line_width=1,
                line_alpha=palette.THIN_LINE,
            )  # fmt: skip
        thin: dict[str, list] = dict(xs=[], ys=[], color=[])
        band: dict[str, list] = dict(xs=[], ys=[], color=[])
        for i, (_, x, _, seeds) in enumerate(found):
            if not self.view.band or seeds is None or len(seeds) < 2:
                continue
            color = self.color(palette.series(i).token)
            for y in seeds[:20]:
                thin["xs"].append(x)
                thin["ys"].append(np.where(y > 0, y, np.nan) if self.y_log else y)
                thin["color"].append(color)
                self._y.see(y)
            with np.errstate(all="ignore"):
                low, high = np.nanmin(seeds, axis=0), np.nanmax(seeds, axis=0)
            good = np.isfinite(low) & np.isfinite(high) & ((low > 0) | (not self.y_log))
            band["xs"].append(np.concatenate([x[good], x[good][::-1]]))
            band["ys"].append(np.concatenate([low[good], high[good][::-1]]))
            band["color"].append(color)
        self._seeds.data, self._bands.data = thin, band

    # -- words ---------------------------------------------------------------------------------

    def _shown(self) -> list[Curve]:
        return [c for c in self.curves if c.lane is not None and c.name not in self.view.bounds]

    def _value(self, curve: Curve, k: int) -> float:
        if self.view.of is not None:
            y = np.asarray(curve.full.data["y"])
            return float(y[-1]) if len(y) else float("nan")
        found = _series(curve.lane.trace, curve.name)
        if found is None or not len(found[0]):
            return float("nan")
        ks, y = found
        return float(y[max(int(np.searchsorted(ks, k, "right")) - 1, 0)])

    def _written(self, value: float) -> str:
        return percent(value) if self.view.percent else number(value)

    def slope_of(self, index: int, k: int | None = None):
        """The fitted slope of a shown curve up to step k, or None."""
        curve = self._shown()[index]
        found = _series(curve.lane.trace, curve.name)
        if found is None:
            return None
        ks, y = found
        upto = slice(0, int(np.searchsorted(ks, self.shared.k if k is None else k, "right")))
        return slope(self.shared.places(curve.lane, ks, True)[upto], y[upto])

    def summary(self) -> str:
        k, parts = self.shared.k, []
        for i, curve in enumerate(self._shown()):
            text = f"{curve.label or self.title} {self._written(self._value(curve, k))}"
            if self.view.of is None and self.view.fit and self.x_log and self.y_log:
                fitted = self.slope_of(i)
                if fitted is not None:
                    text += f" (slope {_signed(fitted.value)})"
            parts.append(text)
        if not parts:
            return f"{self.title}: nothing recorded yet."
        where = "at the last value of the study" if self.view.of else f"at step {count(k)}"
        return f"{self.title} {where}: {', '.join(parts)}."

    def numbers(self) -> tuple[list[str], list[list[str]]]:
        shown = [c for c in self.curves if c.lane is not None]
        if self.view.of is not None:
            columns = [self.view.x, *(c.label or c.name for c in shown)]
            ticks = sorted({float(x) for c in shown for x in c.full.data["x"]})
            rows = []
            for tick in ticks:
                row = [number(tick)]
                for c in shown:
                    hit = np.flatnonzero(np.asarray(c.full.data["x"]) == tick)
                    y = np.asarray(c.full.data["y"])
                    row.append(self._written(y[hit[0]]) if len(hit) else "\u2013")
                rows.append(row)
            return columns, rows
        columns = ["step", *(c.label or self.shared.quantity(c.name).text for c in shown)]
        ks = np.unique(np.concatenate([[0], *(np.asarray(c.lane.trace.k) for c in shown)]))
        if len(ks) > ROWS:
            even = np.geomspace(1, ks[-1] + 1, ROWS) - 1 if self.x_log else None
            even = np.linspace(0, ks[-1], ROWS) if even is None else even
            ks = np.unique(ks[np.searchsorted(ks, even).clip(0, len(ks) - 1)])
        rows = [[count(k), *(self._written(self._value(c, k)) for c in shown)] for k in ks]
        return columns, rows


def _series(trace, name: str) -> tuple[np.ndarray, np.ndarray] | None:
    """(steps, values) of a recorded scalar, costly ones included; None when it is not there."""
    if trace is None:
        return None
    if name in trace:
        values, ks = trace[name], trace.k
    elif trace.assessed is not None and name in trace.assessed:
        values, ks = trace.assessed[name], trace.assessed.k
    else:
        return None
    # Frames add rows on another thread: what was read first may be the shorter.
    n = min(len(ks), len(values))
    return np.asarray(ks[:n]), np.asarray(values[:n] if values.ndim == 1 else values[:n, 0], float)


def _ending(lane: Lane) -> str:
    if lane.ended == "diverged":
        return "diverged"
    return "finished" if lane.status == "finished" else ""


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "\u2212")
