"""Recordings as the opening state of a page: they scrub at once, and nothing runs behind them."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import RLock

from lab.engine.recipe import Edit, Recipe
from lab.engine.status import Status
from lab.store import recordings
from lab.store.home import StoreError
from lab.ui.lanes import choice, members

EARLIER = "This run was recorded with an earlier version of the code."


class RecordedSession:
    """A recording with the verbs of a session that a page needs while nothing runs.

    Parameters
    ----------
    entry : registry Entry
    recording : lab.store.recordings.Recording
    """

    recorded = True
    settled = True
    rate = 0.0
    notice = ""

    def __init__(self, entry, recording):
        self.entry, self._recipe = entry, recording.recipe
        self.trace, self.pictures = recording.trace, recording.pictures
        self.head, self.ended, self.sentence = recording.head, recording.ended, recording.sentence
        self.status = Status.FINISHED  # whatever it was: no step is taken from here
        self.seed, self.edits = recording.recipe.seed, [Edit(*e) for e in recording.recipe.edits]
        self.clock = [(0, 0.0), (recording.head, recording.seconds)]
        self.lock = RLock()

    @property
    def source(self):
        return self.entry.source

    @property
    def controls(self) -> dict:
        """Every control's value at the end."""
        return {**self._recipe.controls, **{e.control: e.new for e in self.edits}}

    def subscribe(self, function):
        """There is no news."""
        return lambda: None

    def look(self, k: int) -> Future:
        """Between the kept pictures nothing is replayed."""
        found: Future = Future()
        found.cancel()
        return found

    def seek(self, k: int) -> None: ...

    def frames(self, hz: float) -> None: ...

    def stop(self) -> None: ...

    def close(self) -> None: ...


def opening_of(entry, opening):
    """The opening on recordings that show it, where there are any; else as it was.

    A link opens on the recording of exactly its runs. One that asks for nothing but the
    experiment opens on the newest recording, whatever its controls. What other code has recorded
    is shown, with a line that says so, only where a run costs minutes.

    Returns
    -------
    Opening
        With `recorded`: {arm: RecordedSession}.
    """
    paths: dict[str, Path] = {}
    for path in recordings.find(entry.name):
        paths.setdefault(path.name, path)  # of two with one recipe this machine's counts
    if not paths:
        return opening
    for candidate in _candidates(entry, opening, next(iter(paths.values()))):
        fixed = {arm: entry.arms.get(arm, {}) for _, arm, _ in members(entry, candidate.arm)}
        files = {arm: paths.get(_file(candidate.recipe, set)) for arm, set in fixed.items()}
        found = {arm: _read(path) for arm, path in files.items() if path is not None}
        runs = {arm: recording for arm, recording in found.items() if recording is not None}
        if len(runs) < len(fixed) or any(r.head < candidate.k for r in runs.values()):
            continue
        stale = any(recording.code != entry.hash for recording in runs.values())
        if stale and entry.card.cost != "minutes":
            continue
        return replace(
            candidate,
            recorded={arm: RecordedSession(entry, r) for arm, r in runs.items()},
            said=(*candidate.said, EARLIER) if stale else candidate.said,
        )
    return opening


def _candidates(entry, opening, newest: Path):
    """What to look for: the link's own runs, then, for a bare link, the newest recording's."""
    yield replace(opening, arm=choice(entry, opening.arm))
    plain = {name: spec.default for name, spec in entry.controls.items()}
    asked = opening.recipe
    if opening.k or opening.arm or asked.seed or asked.edits or dict(asked.controls) != plain:
        return
    recording = _read(newest)
    if recording is None:
        return
    kept = dict(recording.recipe.controls)
    arm = next((a for a, set in entry.arms.items() if set.items() <= kept.items()), None)
    values = {**kept, **{name: plain[name] for name in entry.arms.get(arm, {})}}
    recipe = replace(recording.recipe, controls=values)
    yield replace(opening, recipe=recipe, arm=choice(entry))
    yield replace(opening, recipe=recipe, arm=arm)


def _file(recipe: Recipe, fixed) -> str:
    controls = {**recipe.controls, **fixed}
    return recordings.default_path(replace(recipe, controls=controls)).name


def _read(path: Path):
    """A recording, or None for a file that is not one."""
    with suppress(StoreError):
        return recordings.load(path)
    return None
