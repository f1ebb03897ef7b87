"""A race: methods from one start, under one noise, compared at equal cost."""

from __future__ import annotations

import dataclasses
import time
from functools import partial

import numpy as np

from lab.engine.experiment import Quantity
from lab.engine.recipe import RecipeError
from lab.engine.standing import target
from lab.engine.views import Curves
from lab.ui import takeaway
from lab.ui.board import Board
from lab.ui.cells import Cells, Question
from lab.ui.lanes import MOST
from lab.ui.race import address, frame
from lab.ui.race.lanes import RaceLanes
from lab.ui.race.requests import RaceRequests
from lab.ui.race.strip import Strip
from lab.views import Shared, make
from lab.views.ranges import Box

FIRST = 2  # the small pictures come after the curves and the strip
REFRESH_S = 0.15  # the strip is worked out anew at most so often while it runs
SEED_STEPS = 1_000  # of further seeds where nothing has run yet


class Race(Board):
    """The page of a race.

    Parameters
    ----------
    entry, new_session, **options
        As for Board.
    opening : lab.ui.race.address.RaceOpening

    Attributes
    ----------
    to : float or None
        The number that the table below the fold counts to; None takes a round one.
    to_refused : str
        What is wrong with the number that was typed last.
    seeds : int
        Further seeds that are shown as a band.
    """

    def __init__(self, entry, opening, new_session, **options):
        self._field, self.to, self.seeds = opening.field, opening.to, 0
        self.to_refused = ""
        self._filled: dict[str, str] = {}
        self._refreshed = 0.0
        self._small: list[tuple] = []  # each small picture with its (run, lane)s
        self._seed_news: list[dict] = []
        self._bands: dict = {}
        self._asked: list = []  # whose the further seeds are, in their order
        self._made = 0  # of them; those that failed count too
        self._cells = Cells(self._hear_seeds, options.get("seats"))
        self._steps: list[int] = []  # each run's own step, as it is drawn
        self._wanted_seeds = opening.seeds
        super().__init__(entry, opening.run, new_session, **options)

    # -- what there is -------------------------------------------------------------------------

    def make_pictures(self) -> list:
        entry, shared = self.entry, self.shared
        shared.planes = Box()
        view = measure_view(entry)
        self.plot, self.strip = make(view, entry, shared), Strip(view, entry, shared)
        small = small_view(entry)
        shown = MOST if small is not None else 0
        multiples = [make(small, entry, shared) for _ in range(shown)]
        self.multiples = range(FIRST, FIRST + shown)
        return [self.plot, self.strip, *multiples]

    def make_lanes(self, opening, new_session) -> RaceLanes:
        return RaceLanes(self._field, self.entry, opening.recipe, new_session, self.wake)

    def make_requests(self) -> RaceRequests:
        return RaceRequests(self)

    def html(self, verdicts: dict, bars: str) -> str:
        return frame.race(self, verdicts, bars)

    @property
    def lanes_shown(self) -> list:
        """What the pictures know of each run, in the order of the runs."""
        return self._lanes

    # -- pictures ------------------------------------------------------------------------------

    def show_lanes(self) -> None:
        self.plot.set_lanes(self._lanes)
        self.strip.set_lanes(self._lanes)
        self._at_equal_cost()
        self._small = [
            (renderer, self._beside(renderer, own))
            for renderer, own in zip(self.renderers[FIRST:], self._plain())
        ]
        for renderer, shown in self._small:
            renderer.set_lanes([lane for _, lane in shown])
        self._draw_seeds()
        self._fill_titles()

    def _plain(self) -> list[int]:
        """The runs that have a small picture of their own: the methods, not their branches."""
        return [i for i, run in enumerate(self.lanes) if not run.dotted]

    def _beside(self, renderer, own: int) -> list:
        """(run, lane) of a small picture: the others as ghosts, its own branches, itself."""
        runs, lanes = self.lanes.runs, self._lanes
        if renderer.view.kind != "plane":
            return [(own, lanes[own])]
        others = [i for i in self._plain() if i != own]
        # a clock of its own: a frame is added to each once
        ghosts = [(i, dataclasses.replace(lanes[i], ghost=True, clock=[])) for i in others]
        branches = [
            (i, lanes[i])
            for i, run in enumerate(runs)
            if run.dotted and run.style == runs[own].style
        ]
        return [*ghosts, *branches, (own, lanes[own])]

    def _at_equal_cost(self) -> None:
        """On an axis of cost each small picture stands at its own run's step for that cost."""
        beside = [pair for _, shown in self._small for pair in shown]
        for i, lane in [*enumerate(self._lanes), *beside]:
            lane.own = None if self.axis == "k" else partial(self.strip.step, i)

    def _own_steps(self) -> list[int]:
        return [lane.at(self.k) for lane in self._lanes]

    def feed(self, i: int, frame) -> None:
        super().feed(i, frame)
        for _, shown in self._small:
            for at, lane in shown:
                if at == i:
                    lane.take(frame)

    def fed(self, i: int) -> None:
        self.plot.feed(i)
        for renderer, shown in self._small:
            for place, (at, _) in enumerate(shown):
                if at == i:
                    renderer.feed(place)

    def draw(self, exact=None) -> None:
        self._steps = self._own_steps()
        self.plot.cursor(self.k, exact)
        self.strip.cursor(self.k, exact)
        for renderer, shown in self._small:
            found = {n: exact[i] for n, (i, _) in enumerate(shown) if exact and i in exact}
            renderer.cursor(self.k, found or None)

    def take_more(self) -> None:
        now = time.monotonic()
        if not self.lanes.running or now - self._refreshed > REFRESH_S:
            self._refreshed = now
            self.strip.refresh()
            if self._own_steps() != self._steps:
                self.draw()
        self._take_seeds()

    def set_axis(self, name: str) -> None:
        super().set_axis(name)
        self._at_equal_cost()
        self.draw()
        self._draw_seeds()

    # -- words ---------------------------------------------------------------------------------

    def report(self, **more) -> None:
        parts = {
            "order": frame.order(self, self.k),
            "by": frame.by(self),
            "changed": frame.changed(self.lanes),
            "field": frame.members(self),
        }
        if not self.lanes.running or "reach" not in self._filled:
            parts["reach"] = frame.to_reach(self, self._target(), self.to_refused)
        self.fill(parts)
        super().report(**more)

    def report_all(self, **more) -> None:
        self._filled = {}
        self._fill_titles()
        super().report_all(**more)

    def fill(self, parts: dict) -> None:
        """Writes parts of the frame anew; what has not changed is not sent."""
        fresh = {name: html for name, html in parts.items() if self._filled.get(name) != html}
        self._filled.update(fresh)
        if fresh:
            self.tell(fill=fresh)

    def _fill_titles(self) -> None:
        own = self._plain()
        parts = {f"title{FIRST + n}": frame.name(self._lanes[i]) for n, i in enumerate(own)}
        self.fill({"layout": frame.layout(len(own)), **parts})

    def _target(self) -> float | None:
        """The number that the table counts to."""
        if self.to is not None:
            return self.to
        log = self.shared.quantity(self.strip.measure).log
        return target(self.strip.racers, log or "y" in self.plot.view.log, self.strip.more)

    def show_numbers(self) -> None:
        shown = [self.plot, self.strip, *(renderer for renderer, _ in self._small)]
        self.tell(numbers=takeaway.numbers(shown) if self.numbers_on else "")

    def query(self) -> str:
        how = dict(k=self.k, axis=self.axis, to=self.to, seeds=self.seeds)
        try:
            return address.query(self.lanes, self.entry, **how)
        except RecipeError:
            return f"name={self.entry.name}"

    # -- further seeds -------------------------------------------------------------------------

    def ask_seeds(self, n: int) -> None:
        """Makes `n` further seeds of every method beside the page; 0 takes the band away."""
        self._bands, self._made = {}, 0
        self.seeds = n
        self._draw_seeds()
        if not n:
            self._ask_cells(None)
            return
        self._asked = [one for one in self.lanes.field for _ in range(n)]
        values, entry = self.lanes.values, self.entry
        runs = [
            ({**values, **one.fixed(entry)}, self.lanes.seed + 1 + s)
            for one in self.lanes.field
            for s in range(n)
        ]
        steps = min(self.lanes.furthest or SEED_STEPS, entry.max_steps)
        self._ask_cells(
            Question(
                entry.name,
                [runs[i : i + n] for i in range(0, len(runs), n)],
                stop=f"k >= {steps}",
                keep="log",
                record=tuple(dict.fromkeys([self.strip.measure, *entry.axes])),
            )
        )

    def _ask_cells(self, question: Question | None) -> None:
        number = self._cells.ask(question)
        with self._lock:  # what came of an earlier question is read no more
            self._seed_news = [news for news in self._seed_news if news["number"] >= number]
        self._say_seeds()

    def _hear_seeds(self, news: dict) -> None:
        """On any thread."""
        with self._lock:
            self._seed_news.append(news)
        self.wake()

    def _take_seeds(self) -> None:
        if self._wanted_seeds and self.lanes.head:
            n, self._wanted_seeds = self._wanted_seeds, 0
            self.ask_seeds(n)
        with self._lock:
            fresh, self._seed_news = self._seed_news, []
        for news in fresh:
            if "error" in news:
                self.tell(say={"text": f"Further seeds: {news['error']}", "name": "seeds"})
                self.seeds = 0
            for place, cell in news.get("cells", ()):
                self._made += 1
                if self.strip.measure in cell["rows"]:
                    self._bands.setdefault(self._asked[place].name, []).append(cell["rows"])
        if fresh:
            self._draw_seeds()
            self._say_seeds()

    @property
    def seeds_done(self) -> tuple[int, int]:
        """(made, asked for)."""
        return self._made, len(self._asked) if self.seeds else 0

    def _say_seeds(self) -> None:
        told = frame.seeds_button(*self.seeds_done, self.seeds, self._cells.ahead)
        self.fill({"seeds": told})

    def _draw_seeds(self) -> None:
        """The band of each method over its seeds, on the axis that is shown."""
        for i in self._plain():
            rows = self._bands.get(self._lanes[i].label, [])
            self.plot.band(i, *self._band(rows if self.axis != "seconds" else []))

    def _band(self, rows: list[dict]):
        """(places on the axis (n,), values (s, n)) of further seeds."""
        if not rows:
            return np.empty(0), np.empty((0, 0))
        k = np.array(max((row["k"] for row in rows), key=len), dtype=float)
        spent = [_along(k, row, self.axis) for row in rows]
        x = np.nanmean(spent, axis=0)
        if self.plot.x_log and self.axis == "k":
            x = x + 1
        return x, np.array([_along(k, row, self.strip.measure) for row in rows])

    # -- ending --------------------------------------------------------------------------------

    def from_start(self) -> None:
        super().from_start()
        if self.seeds:
            self.ask_seeds(0)

    def free(self) -> None:
        self._cells.close()


def _along(k: np.ndarray, row: dict, name: str) -> np.ndarray:
    """A recorded quantity at the steps `k`; nan where this seed has no row."""
    values = np.array(row[name], dtype=float)
    return np.interp(k, row["k"], values, left=np.nan, right=np.nan)


def measure_view(entry) -> Curves:
    """The curves of what a race compares: as the experiment draws them, alone."""
    measure = next((n for n, q in entry.quantities.items() if not q.dim), "")
    for view in entry.views:
        live = isinstance(view, Curves) and view.of is None and view.x == "k"
        if live and measure in view.sources and measure not in view.bounds:
            alone = view.with_options(bounds=(), roles={}, title="", note="", fit=False)
            return Curves(measure, **_options(alone))
    quantity = entry.quantities.get(measure, Quantity(measure))
    return Curves(measure, log="y" if quantity.log else "")


def _options(view) -> dict:
    return {f.name: getattr(view, f.name) for f in dataclasses.fields(view) if f.name != "sources"}


def small_view(entry):
    """What the small pictures show: the first view that is not over the step; None without one."""
    for view in entry.views:
        if view.of is None and not make(view, entry, Shared(entry)).stacks:
            return view
    return None
