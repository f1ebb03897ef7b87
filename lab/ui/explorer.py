"""The explorer: one experiment, live."""

from __future__ import annotations

from contextlib import suppress

from lab.engine.controls import ControlError
from lab.engine.recipe import RecipeError
from lab.store import studies
from lab.store import verdicts as book
from lab.store.home import StoreError
from lab.ui import address, chrome
from lab.ui.board import Board
from lab.ui.errand import Errand, dataset
from lab.ui.evidence import evidence, measuring
from lab.ui.lanes import choice
from lab.ui.requests import Requests
from lab.views.numerals import count

BY_VALUE = "This class cannot travel to another process; its runs are made on this page only."


class ExplorerRequests(Requests):
    """What a person asks of an explorer beyond what every page understands."""

    def on_study(self, message) -> None:
        if message.get("name") in self.page.entry.studies:
            self.page.make_study(message["name"])

    def on_study_stop(self, message=None) -> None:
        self.page.stop("study")

    def on_check(self, message) -> None:
        if message.get("name") in {claim.id for claim in self.page.entry.claims}:
            self.page.check(message["name"])

    def on_check_stop(self, message=None) -> None:
        self.page.stop("claim")


class Explorer(Board):
    """One experiment's page."""

    def __init__(self, entry, opening, new_session, *, verdicts=None, **options):
        self.verdicts = dict(verdicts or {})
        self._errands: dict[str, Errand] = {}  # at most one of each kind
        self._rechecked = False
        self._start: dict | None = None  # where a person drags the start to
        self._recorded_studies = recorded_studies(entry)
        super().__init__(entry, opening, new_session, verdicts=self.verdicts, **options)
        for renderer in self.renderers:
            if getattr(renderer.view, "start", ()):
                renderer.on_start = self.drag_start
        for name, found in self._recorded_studies.items():
            self._show_study(name, found)

    def html(self, verdicts: dict, bars: str) -> str:
        return chrome.explorer(
            self.entry,
            self.renderers,
            values=self.values,
            seed=self.lanes.seed,
            arm=self.lanes.arm,
            preset=self.preset,
            verdicts=verdicts,
            bars=bars,
            kept=self._recorded_studies,
        )

    def make_requests(self) -> Requests:
        return ExplorerRequests(self)

    def query(self) -> str:
        """The query of the link to exactly this page."""
        arm = self.lanes.arm if self.lanes.arm != choice(self.entry) else None
        try:
            return address.query(self.lanes.recipe, self.entry, k=self.k, arm=arm, axis=self.axis)
        except RecipeError:
            return f"name={self.entry.name}"

    def refill(self) -> None:
        if self._rechecked:
            self._fill()
        if self.numbers_on:
            self.show_numbers()
        for errand in self._errands.values():
            self._say(errand)

    def free(self) -> None:
        for kind in list(self._errands):
            self._end(kind)

    def take_more(self) -> None:
        for errand in list(self._errands.values()):
            self._take(errand)
        self._follow_start()

    # -- where it starts -----------------------------------------------------------------------

    def drag_start(self, values: dict) -> None:
        """A person drags the start in a picture: new runs from there, as fast as they open."""
        specs = self.entry.controls
        self._start = {name: within(specs[name], value) for name, value in values.items()}
        self._follow_start()

    def _follow_start(self) -> None:
        if self._start is None or not all(run.session.opened for run in self.lanes):
            return
        values, self._start = self._start, None
        if any(self.lanes.values[name] != value for name, value in values.items()):
            self.lanes.values.update(values)
            self.preset = None
            self.restart()

    # -- studies and claims --------------------------------------------------------------------

    def make_study(self, name: str) -> None:
        """Makes the runs of a study beside the page; its pictures fill while they are made."""
        self._begin("study", name, 0.0)

    def check(self, name: str) -> None:
        """Makes a claim's runs and its control's anew; the verdict is shown and kept."""
        self._begin("claim", name, (self.verdicts.get(name) or {}).get("seconds", 0.0))

    def stop(self, kind: str) -> None:
        """Ends what is made beside the page; the last verdict stays."""
        errand = self._errands.get(kind)
        if errand is not None:
            self._end(kind)
            self._say(errand, over=True, stopped=True)

    def _begin(self, kind: str, name: str, about_s: float) -> None:
        self.stop(kind)
        source = self.lanes.runs[0].session.source
        if isinstance(source, type):
            self.tell(say={"text": BY_VALUE, "name": "refused"})
            return
        errand = Errand(kind, name, source, self.wake, self.lanes.seats, about_s)
        self._errands[kind] = errand
        self._say(errand, text="preparing" if errand.ahead is None else "")
        self._take(errand)

    def _end(self, kind: str) -> None:
        self._errands.pop(kind).stop()

    def _take(self, errand: Errand) -> None:
        news = errand.take()
        if "data" in news:
            self._show_study(errand.name, dataset(news.pop("data")))
        if "verdict" in news:
            self._keep(errand.name, news.pop("verdict"))
        if errand.over:
            self._errands.pop(errand.kind, None)
        if news or errand.over:
            self._say(errand, over=errand.over, error=news.get("error", ""), text=progress(news))

    def _show_study(self, name: str, found) -> None:
        for renderer in self.renderers:
            if renderer.view.of == name:
                renderer.set_study(found)

    def _keep(self, claim: str, verdict: dict) -> None:
        """A new verdict: shown where the old one stood, and kept for the next page."""
        self.verdicts[claim], self._rechecked = verdict, True
        try:
            book.add([verdict])
        except StoreError as error:
            self.tell(say={"text": str(error), "name": "refused"})
        self._fill()
        self.tell(spoken=f"{claim}: {verdict['verdict']}")

    def _fill(self) -> None:
        if self.entry.claims:
            self.tell(
                fill={
                    "verdict": chrome.head_verdict(self.entry, self.verdicts),
                    "evidence": evidence(self.entry, self.verdicts),
                }
            )

    def _say(self, errand: Errand, **told) -> None:
        self.tell(errand={"kind": errand.kind, "name": errand.name, "over": False, **told})


def recorded_studies(entry) -> dict:
    """The datasets of an experiment's studies that this code has made before, by name."""
    found = {}
    for name in {view.of for view in entry.views} & {*entry.studies}:
        data = studies.find(entry.name, name, entry.hash)
        with suppress(ValueError, KeyError, TypeError, AttributeError):  # a file that was edited
            if data is not None:
                found[name] = dataset(data)
    return found


def progress(news: dict) -> str:
    """How far an errand is, in a few words."""
    if "ahead" in news:
        return f"waiting, {count(news['ahead'])} ahead" if news["ahead"] else "waiting, next"
    if news.get("total"):
        return measuring(news["done"], news["total"], news.get("left_s"))
    return ""


def within(spec, value):
    """A value for a control from a place in a picture: inside its bounds, whole if need be.

    Raises
    ------
    ControlError
    """
    if not isinstance(value, (int, float)):
        raise ControlError(f"{spec.name} takes a number")
    low, high = spec.bounds
    value = max(value, low) if low is not None else value
    value = min(value, high) if high is not None else value
    return spec.check(round(value) if spec.kind == "integer" else float(value))
