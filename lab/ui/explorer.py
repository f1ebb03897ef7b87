"""The explorer: one experiment, live."""

from __future__ import annotations

from lab.engine.recipe import RecipeError
from lab.ui import address, chrome
from lab.ui.board import Board
from lab.ui.lanes import choice
from lab.ui.studies import StudyRun, dataset


class Explorer(Board):
    """One experiment's page."""

    _study: StudyRun | None = None

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
        )

    def query(self) -> str:
        """The query of the link to exactly this page."""
        arm = self.lanes.arm if self.lanes.arm != choice(self.entry) else None
        try:
            return address.query(self.lanes.recipe, self.entry, k=self.k, arm=arm, axis=self.axis)
        except RecipeError:
            return f"name={self.entry.name}"

    # -- studies -------------------------------------------------------------------------------

    def make_study(self, name: str) -> None:
        """Makes the runs of a study beside the page; its pictures fill while they are made."""
        self.stop_study()
        self._study = StudyRun(self.entry.name, name, self.wake)
        total = self.entry.studies[name].runs
        self.tell(study={"name": name, "done": 0, "total": total, "over": False})

    def free(self) -> None:
        self.stop_study()

    def stop_study(self) -> None:
        if self._study is not None:
            study, self._study = self._study, None
            study.stop()
            self.tell(study={"name": study.study, "over": True, "stopped": True})

    def take_more(self) -> None:
        study = self._study
        if study is None:
            return
        news = study.take() or {}
        if "data" in news:
            found = dataset(news.pop("data"))
            for renderer in self.renderers:
                if renderer.view.of == study.study:
                    renderer.set_study(found)
        if study.over:
            self._study = None
        if news or study.over:
            self.tell(study={"name": study.study, "over": study.over, **news})
