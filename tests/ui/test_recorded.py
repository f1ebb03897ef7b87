"""Recordings as the opening state of a page."""

from dataclasses import replace

import pytest

from lab.engine.recipe import Recipe
from lab.engine.trace import Trace
from lab.store import recordings
from lab.store.recordings import Recording
from lab.ui.address import opening
from lab.ui.lanes import Lanes
from lab.ui.recorded import EARLIER, opening_of
from lab.ui.words import together


@pytest.fixture
def record(lab_home, entry):
    """Keeps a recording of a run of 40 steps, with each arm's values."""

    def make(code=entry.hash, **controls):
        plain = {name: spec.default for name, spec in entry.controls.items()}
        for fixed in entry.arms.values():
            trace = Trace()
            for k in range(0, 41, 10):
                trace.add(k, {"residual": 1.0 / (k + 1), "evals": float(k)})
            recipe = Recipe(entry.name, {**plain, **controls, **fixed})
            found = Recording(recipe, code, "finished", "done", "there", 40, trace=trace)
            recordings.save(found)

    yield make
    for path in recordings.find(entry.name):
        path.unlink()


def test_without_a_recording_the_opening_stays(entry):
    plain = opening("", entry)
    assert opening_of(entry, plain) is plain


def test_a_bare_link_opens_on_the_newest_recording_whatever_its_controls(entry, record):
    record(n=7)
    found = opening_of(entry, opening("", entry))
    assert set(found.recorded) == {"A", "B"}
    assert found.recipe.controls["n"] == 7
    lanes = Lanes(entry, found.recipe, found.arm, None, lambda: None, found.recorded)
    assert lanes.recorded and lanes.head == 40 and not lanes.running
    assert together(lanes.runs).sentence == "recorded, seed 0"
    assert together(lanes.runs).do == "run"


def test_a_link_opens_on_the_recording_of_exactly_its_run(entry, record):
    record()
    assert opening_of(entry, opening("k=30&arm=B", entry)).recorded
    for other in ("seed=3", "c.n=9", "k=41"):
        assert not opening_of(entry, opening(other, entry)).recorded


def test_what_other_code_recorded_is_shown_only_where_a_run_costs_minutes(entry, record):
    record(code="f" * 12)
    assert not opening_of(entry, opening("", entry)).recorded
    slow = replace(entry, card=replace(entry.card, cost="minutes"))
    found = opening_of(slow, opening("", slow))
    assert list(found.recorded) == ["A"]
    assert found.said == (EARLIER,)


def test_a_broken_file_is_no_recording(entry, record):
    record()
    for path in recordings.find(entry.name):
        path.write_bytes(b"nothing")
    assert not opening_of(entry, opening("", entry)).recorded
