"""A sweep: two controls as a map of runs that fills from coarse to fine."""

from __future__ import annotations

import csv
import io
import math
from functools import partial
from urllib.parse import quote

import numpy as np
import panel as pn

from lab.engine.controls import ControlError
from lab.engine.recipe import MAX_INTEGER, Recipe, RecipeError
from lab.ui.cells import Cells
from lab.ui.markup import esc, table
from lab.ui.requests import from_page, to_page
from lab.ui.shell import Shell
from lab.ui.sweep import choice as choices
from lab.ui.sweep import frame
from lab.ui.sweep.map import Map, scale
from lab.ui.sweep.outcome import NOT_YET, VALUE, Outcome, outcome, short, words
from lab.ui.ticks import next_tick
from lab.ui.words import Wording, waiting
from lab.views.numerals import count, exact, number

ALLOWED_MS = 2_000  # a link computes no longer than this before a click


class Sweep:
    """The page of a sweep. Its runs are made in a process of their own (`lab.ui.cells`).

    Parameters
    ----------
    entry : registry Entry
    choice : lab.ui.sweep.choice.Choice
    opening : lab.ui.address.Opening
        Controls and seed of every cell.
    verdicts : dict
    bars : str
    seats : callable or None
        As for Board.
    **_
        What other pages need.
    """

    def __init__(self, entry, choice, opening, *, verdicts=None, bars="", seats=None, **_):
        self.entry, self.choice = entry, choice
        self.values, self.seed = dict(opening.recipe.controls), opening.recipe.seed
        self._document = pn.state.curdoc
        self._next_tick = next_tick(self._document)
        self._closed = False
        self._made: dict[tuple[int, int], Outcome] = {}
        self._order: list[tuple[int, int]] = []
        self._filling, self._allowed, self._error = False, True, ""
        self._asked = 0  # counts the maps that were begun
        self._question = 0  # the number of what its runs answer
        self._filled: dict[str, str] = {}
        self._numbers_on = self._greeted = False
        self._begin()
        self._cells = Cells(self._hear, seats)
        self.map = Map(self._whole)
        self.shell = Shell(
            self._request, html=frame.sweep(self, verdicts or {}, bars), pictures=[self.map],
            cursor="", whole=True, sizing_mode="stretch_width", margin=0,
        )  # fmt: skip

    def close(self) -> None:
        """Ends the runs; the page is gone."""
        self._closed = True
        self._cells.close()

    # -- what is asked -------------------------------------------------------------------------

    def _begin(self) -> None:
        """Another map: nothing of it is made yet."""
        self._xs, self._ys = self.choice.axes(self.entry)
        self._made, self._error = {}, ""
        self._asked += 1

    def _fill(self) -> None:
        """Makes what is not made yet, when there is a seat for it."""
        asked, self._order = choices.question(
            self.choice, self.entry, self.values, self.seed, self._made
        )
        self._filling = bool(asked.runs)
        self._question = self._cells.ask(asked if asked.runs else None)
        self._report()

    def _stop(self) -> None:
        self._question = self._cells.ask(None)
        self._filling = False
        self._report()

    def _anew(self) -> None:
        """A person chose something else: the old map is dropped at once, the new one begins."""
        self._allowed = True
        self._begin()
        self.map.draw()
        self._fill()

    # -- news of the runs ----------------------------------------------------------------------

    def _hear(self, news: dict) -> None:
        """On any thread."""
        self._next_tick(partial(self._take, news))

    def _take(self, news: dict) -> None:
        if self._closed or news["number"] != self._question:
            return
        if news.get("begun"):
            if not self._allowed:
                self._allow()
            return
        for place, cell in news.get("cells", ()):
            self._made[self._order[place]] = outcome(self.choice, cell)
        if news.get("cells"):
            self.map.draw()
        if "error" in news or news.get("over"):
            self._error = news.get("error", "")
            self._filling = False
        self._report()

    def _allow(self) -> None:
        """A link may compute for a moment; the rest waits for a click."""
        asked = self._asked

        def enough():
            if self._filling and not self._allowed and asked == self._asked:
                self._stop()

        self._document.add_timeout_callback(enough, ALLOWED_MS)

    # -- what a person asks --------------------------------------------------------------------

    def _request(self, message) -> None:
        """One message of the browser: every field is checked, what is refused is said."""
        if self._closed or not isinstance(message, dict):
            return
        verb = str(message.get("do")).replace("-", "_")
        act = getattr(self, f"on_{verb}", None) if verb.isidentifier() else None
        if act is None:
            return
        act(message)

    def on_hello(self, message) -> None:
        """The page is there, or there again. The first time it fills for a moment."""
        self._filled = {}
        self.tell(pong=True, controls=self._controls())
        if not self._greeted:
            self._greeted = True
            self._allowed = False
            self._fill()
        self._report()

    def on_run(self, message=None) -> None:
        self._allowed = True
        self._fill()

    def on_pause(self, message=None) -> None:
        self._stop()

    def on_again(self, message=None) -> None:
        self._anew()

    def _on_choice(self, key: str, message) -> None:
        """One of the selects, or the rule."""
        try:
            after = choices.changed(self.choice, self.entry, key, str(message.get("name"))[:200])
        except ValueError as error:
            self._fill_parts({"refused": esc(str(error))})
            return
        self._fill_parts({"refused": ""})
        if after == self.choice:
            return
        self.choice = after
        self._anew()

    def on_x(self, message) -> None:
        self._on_choice("x", message)

    def on_y(self, message) -> None:
        self._on_choice("y", message)

    def on_show(self, message) -> None:
        self._on_choice("show", message)

    def on_points(self, message) -> None:
        self._on_choice("points", message)

    def on_steps(self, message) -> None:
        self._on_choice("steps", message)

    def on_until_rule(self, message) -> None:
        fields = message.get("fields")
        text = fields.get("rule", "") if isinstance(fields, dict) else ""
        self._on_choice("until", {"name": text})

    def on_set(self, message) -> None:
        """A control that every cell shares."""
        name = message.get("name")
        spec = self.entry.controls.get(name) if isinstance(name, str) else None
        answer = {}
        try:
            if spec is not None:
                value = spec.check(from_page(spec, message.get("value")))
                if value != self.values[name]:
                    self.values[name] = value
                    self._anew()
        except (ControlError, TypeError, LookupError) as error:
            text = str(error) if isinstance(error, ControlError) else f"{name} does not take that"
            answer = {"controls": self._controls(), "refused": {"name": name, "text": text}}
        finally:
            self.tell(**answer, set_done=True)

    def on_reseed(self, message) -> None:
        seed = message.get("seed", self.seed + 1)
        if isinstance(seed, (int, float)) and 0 <= seed <= MAX_INTEGER and int(seed) == seed:
            self.seed = int(seed)
            self._anew()
        self.tell(controls=self._controls())

    def on_numbers(self, message) -> None:
        self._numbers_on = bool(message.get("on"))
        self._show_numbers()

    def on_copy_python(self, message=None) -> None:
        self.tell(copy=self.python(), what="Python")

    def on_csv(self, message=None) -> None:
        name = f"{self.entry.name}-sweep.csv"
        self.tell(save={"name": name, "text": self.rows(), "type": "text/csv"})

    # -- what the page is told -----------------------------------------------------------------

    def tell(self, **message) -> None:
        self.shell.tell(**message)

    def _report(self) -> None:
        total, done = len(self._xs) * len(self._ys), len(self._made)
        word = self._word(done, total)
        self.tell(
            state={"status": vars(word), "query": self.query()}, pressed=self._pressed(),
            summaries=[self.summary()],
        )  # fmt: skip
        self._fill_parts(
            {
                "done": f"{count(done)} of {count(total)} cells",
                "gauge": f'<i style="width:{100 * done / max(total, 1):.1f}%"></i>',
                "title": frame.title(self),
                "note": frame.note(self),
                "layout": frame.layout(self.choice),
                "table": self._kinds(),
            }
        )
        if self._numbers_on:
            self._show_numbers()

    def _word(self, done: int, total: int) -> Wording:
        if self._error:
            return Wording("alert", self._error, "Fill", "run", "run")
        ahead = self._cells.ahead
        if ahead is not None:
            return Wording("dots", waiting(ahead).sentence, "Stop", "", "pause")
        if self._filling:
            if not done:
                return Wording("dots", "preparing", "Stop", "pause", "pause")
            return Wording("disc", "filling", "Stop", "pause", "pause")
        if done == total:
            return Wording("tick", "filled", "Start again", "", "again")
        if done:
            return Wording("square", f"stopped at {count(done)}", "Fill", "run", "run")
        return Wording("ring", "ready", "Fill", "run", "run")

    def _pressed(self) -> dict:
        c = self.choice
        return {
            "x": c.x, "y": c.y or choices.NONE, "show": c.show, "points": str(c.points),
            "steps": str(c.steps),
        }  # fmt: skip

    def _controls(self) -> dict:
        known = {n: to_page(s, self.values[n]) for n, s in self.entry.controls.items()}
        return {**known, "": self.seed}

    def _fill_parts(self, parts: dict) -> None:
        fresh = {name: html for name, html in parts.items() if self._filled.get(name) != html}
        self._filled.update(fresh)
        if fresh:
            self.tell(fill=fresh)

    @property
    def recipe(self) -> Recipe:
        """What every cell shares, as data."""
        return Recipe(self.entry.name, self.values, self.seed, "cpu", self.entry.dtype, ())

    def query(self) -> str:
        """The query of the link to exactly this map."""
        try:
            return choices.query(self.choice, self.entry, self.recipe)
        except RecipeError:
            return f"name={self.entry.name}"

    # -- the map -------------------------------------------------------------------------------

    def _whole(self) -> dict:
        """Everything that `map.js` draws."""
        nx, ny = len(self._xs), len(self._ys)
        cells = [self._made.get((i, j)) for j in range(ny) for i in range(nx)]
        values = np.array([c.value if c and c.kind == VALUE else math.nan for c in cells])
        near = np.full((ny, nx), math.nan)
        for (i, j), source in choices.nearest([nx, ny], self._made).items():
            near[j, i] = self._made[source].value
        low, high, log = scale(values, self._log())
        links = self._links()
        return dict(
            asked=self._asked, nx=nx, ny=ny, low=float(low), high=float(high), log=bool(log),
            kinds=bytes(c.kind if c else NOT_YET for c in cells), values=values.tobytes(),
            near=near.tobytes(), xs=[_written(v) for v in self._xs],
            ys=[_written(v) for v in self._ys], xname=_word_of(self.choice.x),
            yname=_word_of(self.choice.y), said=[words(self.choice, c) for c in cells],
            slow=f"not by {count(self.choice.steps)}", hint=self._hint(), **links,
        )  # fmt: skip

    def _log(self) -> bool:
        quantity = self.entry.quantities.get(self.choice.show)
        return quantity is None or quantity.log

    def _hint(self) -> str:
        return "Choose a cell; Enter or a click opens it as a run."

    def _links(self) -> dict:
        """The parts of the links of all cells: what they share, and what each axis adds."""
        shared = dict(self.values)
        for name in (self.choice.x, self.choice.y):
            if name:
                shared[name] = self.entry.controls[name].default
        base = Recipe(self.entry.name, shared, self.seed, "cpu", self.entry.dtype, ())
        arm = self._arm()
        link = f"explore?{base.to_query(self.entry)}" + (f"&arm={arm}" if arm else "")
        return {
            "link": link,
            "xlinks": [self._part(self.choice.x, v) for v in self._xs],
            "ylinks": [self._part(self.choice.y, v) for v in self._ys],
        }

    def _part(self, name: str | None, value) -> str:
        """`&c.gap=0.1`, or nothing where the value is the default one."""
        if name is None or value == self.entry.controls[name].default:
            return ""
        alone = {**self.entry.controls_for(), name: value}
        query = Recipe(self.entry.name, alone, 0, "cpu", self.entry.dtype, ()).to_query(self.entry)
        return "&" + next(part for part in query.split("&") if part.startswith(f"c.{name}="))

    def _arm(self) -> str:
        """The arm that has the controls of every cell, for the explorer's switch."""
        for arm, own in self.entry.arms.items():
            if all(self.values[n] == v for n, v in own.items()):
                return quote(arm)
        return ""

    # -- words and tables ----------------------------------------------------------------------

    def summary(self) -> str:
        """The map in one sentence."""
        found = [(c.value, at) for at, c in self._made.items() if c.kind == VALUE]
        total = len(self._xs) * len(self._ys)
        said = f"{count(len(self._made))} of {count(total)} cells"
        if found:
            (low, least), (high, most) = min(found), max(found)
            said += f"; least {number(low)} at {self._where(least)}"
            said += f", greatest {number(high)} at {self._where(most)}"
        return f"Map of {self._heading()}: {said}."

    def _heading(self) -> str:
        return f"{self.choice.show} over " + " and ".join(
            n for n in (self.choice.x, self.choice.y) if n
        )

    def _where(self, at: tuple[int, int]) -> str:
        i, j = at
        parts = [(self.choice.x, self._xs[i]), (self.choice.y, self._ys[j])]
        return ", ".join(f"{_word_of(n)} {_written(v)}" for n, v in parts if n)

    def _kinds(self) -> str:
        """How many cells of each kind there are, in words."""
        found: dict[str, int] = {}
        for cell in self._made.values():
            word = {"budget": "at their limit", "max_steps": "at their limit"}.get(
                cell.status, {"rule": "reached the rule", "done": "done"}.get(cell.status)
            )
            found[word or cell.status] = found.get(word or cell.status, 0) + 1
        rows = [[word, count(n)] for word, n in sorted(found.items(), key=lambda f: -f[1])]
        if not rows:
            return "<h2>How the runs ended</h2><p class=fair>None has ended yet.</p>"
        return f"<h2>How the runs ended</h2>{table(['runs', 'cells'], rows, (1,))}"

    def _show_numbers(self) -> None:
        self.tell(numbers=self._table() if self._numbers_on else "")

    def _table(self) -> str:
        corner = " \\ ".join(_word_of(n) for n in (self.choice.y, self.choice.x) if n)
        columns = [corner, *(_written(x) for x in self._xs)]
        rows = [
            [
                _written(y) if self.choice.y else self.choice.show,
                *(short(self._made.get((i, j))) for i in range(len(self._xs))),
            ]
            for j, y in enumerate(self._ys)
        ]
        shown = table(columns, rows, range(1, len(columns)))
        return f'<section tabindex="0" class="wide"><h4>{frame.title(self)}</h4>{shown}</section>'

    def rows(self) -> str:
        """Every finished cell as CSV."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        names = [n for n in (self.choice.x, self.choice.y) if n]
        writer.writerow([*names, "status", "steps", self.choice.show])
        for (i, j), cell in sorted(self._made.items()):
            at = [self._xs[i], self._ys[j]][: len(names)]
            value = "" if cell.kind != VALUE else repr(cell.value)
            writer.writerow([*at, cell.status, cell.steps, value])
        return out.getvalue()

    def python(self) -> str:
        """The lines that make the map again."""
        differs = {
            n: v
            for n, v in self.values.items()
            if v != self.entry.controls[n].default and n not in (self.choice.x, self.choice.y)
        }
        names = ", ".join(repr(n) for n in (self.entry.name, self.choice.x, self.choice.y) if n)
        extra = f", controls={differs!r}" if differs else ""
        stop = f", stop={self.choice.stop()!r}, seed_offset={self.seed}"
        lines = [
            "import lab", "",
            f"study = lab.sweep({names}, points={self.choice.points}{stop}{extra})",
            "data = study.run()",
        ]  # fmt: skip
        return "\n".join(lines) + "\n"


def _written(value) -> str:
    if value is None:
        return ""
    return number(value) if isinstance(value, float) else exact(value)


def _word_of(name: str | None) -> str:
    return (name or "").replace("_", " ")
