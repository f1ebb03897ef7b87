"""Runs side by side: brought to one step, and pictures that wait for an edit."""

from types import SimpleNamespace

import pytest

from lab.engine.recipe import Edit, Recipe
from lab.engine.status import Status
from lab.ui import lanes as lanes_module
from lab.ui.lanes import GATHER_S, HOLD_S, LEASH_S, LEAST, LEVEL_S, Lanes


class Standing:
    """A session that runs as far as it is told and answers at once."""

    def __init__(self, entry, controls, *_):
        self.controls, self.edits, self.head, self.seed = dict(controls), [], 0, 0
        self.status, self.ended, self.sentence = Status.READY, "", ""
        self.trace, self.pictures, self.settled = [], [], True
        self.slow = False  # it does not arrive where it is sent
        self.tell = self.asked = self.bound = None

    def subscribe(self, hear):
        self.tell = hear
        return lambda: None

    def frames(self, hz): ...

    def lead(self, rate):
        self.bound = rate

    def close(self): ...

    def start(self, steps=None, until=None, speed=None):
        self.status, self.asked = Status.RUNNING, (steps, until, speed)
        if self.slow:
            self.settled = False
        elif steps is not None:
            self.head, self.status = self.head + steps, Status.PAUSED

    def stop(self):
        self.status, self.settled = Status.PAUSED, True

    def set(self, **controls):
        self.edits += [Edit(self.head, n, self.controls[n], v) for n, v in controls.items()]
        self.controls.update(controls)
        return self

    def reset(self):
        self.edits, self.head = [], 0

    def frame(self, edits=None):
        self.tell(self, SimpleNamespace(edits=edits, rate=1e6))


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(lanes_module.time, "monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def pair(entry, clock):
    """Two runs that go on, one ahead of the other."""
    recipe = Recipe(entry.name, entry.controls_for(), 0)
    lanes = Lanes(entry, recipe, "all", Standing, lambda: None)
    lanes.go()
    for run, head in zip(lanes, (40, 25)):
        run.session.head = head
        run.session.frame()
        run.take()
    return lanes


def test_an_edit_acts_when_all_stand_at_one_step(pair):
    heads = []
    pair.level(lambda: heads.extend(run.head for run in pair), Status.RUNNING)
    pair.settle()  # the one behind is sent on
    pair.settle()
    assert heads == [40, 40]


def test_a_run_that_has_hardly_begun_is_waited_for(pair):
    heads = []
    pair.runs[0].session.head, pair.runs[1].session.head = 5000, 0
    pair.level(lambda: heads.extend(run.head for run in pair), Status.RUNNING)
    pair.settle()
    pair.settle()
    assert heads == [5000, 5000]


def test_a_run_that_does_not_come_in_time_is_stopped_where_it_is(pair, clock):
    heads = []
    pair.runs[1].session.slow = True
    pair.level(lambda: heads.extend(run.head for run in pair), Status.RUNNING)
    pair.settle()
    pair.settle()
    assert heads == [] and pair.levelling
    clock.now += LEVEL_S
    pair.settle()  # it is told to stop
    pair.settle()
    assert heads == [40, 25] and not pair.levelling


def test_another_speed_does_not_change_where_it_goes(pair):
    pair.go(until="k > 90")
    pair.paced((10.0, 0.0))
    assert [run.session.asked for run in pair] == [(None, "k > 90", (10.0, 0.0))] * 2


def test_another_speed_sets_nothing_going(pair):
    pair.stop()
    pair.settle()
    pair.settle()
    before = [run.session.asked for run in pair]
    pair.paced((10.0, 0.0))
    assert [run.session.asked for run in pair] == before
    assert not pair.running


def test_pictures_wait_until_every_run_has_the_edit(pair):
    assert not pair.holding
    pair.level(pair.go, Status.RUNNING)
    assert pair.holding
    pair.settle()
    pair.settle()
    first, second = pair
    first.session.frame(edits=["an edit"])
    assert pair.holding
    second.session.frame(edits=["an edit"])
    assert not pair.holding


def test_the_flag_of_an_edit_that_replaces_another_has_its_value(pair):
    run = pair.runs[0]
    for new in (0.5, 0.9):  # one slider, twice before the next step
        run.session.edits = [Edit(7, "weight", 0.1, new)]
        run.session.frame(edits=tuple(run.session.edits))
        run.take()
    assert run.lane.edits == [(7, "weight 0.100 \u2192 0.900")]


def test_a_link_holds_what_the_runs_began_with_and_their_edits(entry, clock):
    lanes = Lanes(entry, Recipe(entry.name, entry.controls_for(), 0), "all", Standing, lambda: None)
    lanes.set("anchor", 0.5, behind=False)  # before anything has run
    assert lanes.recipe.controls["anchor"] == 1.0
    assert lanes.recipe.edits == (Edit(0, "anchor", 1.0, 0.5),)
    lanes.start()
    assert lanes.recipe.controls["anchor"] == 0.5 and not lanes.recipe.edits


def test_who_starts_again_keeps_what_was_set_and_no_method_s_own(pair):
    pair.set("anchor", 0.5, behind=False)
    pair.again()
    assert pair.recipe.controls["anchor"] == 0.5 and not pair.recipe.edits
    assert pair.recipe.controls["method"] == pair.entry.controls["method"].default


def test_pictures_wait_no_longer_than_that(pair, clock):
    pair.level(pair.go, Status.RUNNING)
    clock.now += HOLD_S
    assert not pair.holding


def test_a_stop_holds_no_picture_back(pair):
    pair.stop()
    assert pair.levelling and not pair.holding


def test_one_picture_shows_the_frames_of_all_runs(pair, clock):
    first, second = pair
    assert not pair.gathering
    first.session.frame()
    assert pair.gathering
    second.session.frame()
    assert not pair.gathering


def test_a_frame_waits_for_the_others_for_a_moment_only(pair, clock):
    pair.runs[0].session.frame()
    clock.now += GATHER_S
    assert not pair.gathering
    pair.runs[0].take()
    assert not pair.gathering


def test_a_run_alone_waits_for_nobody(pair):
    pair.runs[1].session.stop()
    pair.runs[0].session.frame()
    assert not pair.gathering


PACE = 1e6  # steps a second that a frame tells


@pytest.mark.parametrize(
    ("lead_s", "share"), [(0.0, 1.5), (LEASH_S / 2, 1.0), (LEASH_S, 0.5), (1.0, LEAST)]
)
def test_a_run_goes_the_slower_the_further_it_leads(pair, lead_s, share):
    pair.runs[0].session.head = 25 + round(lead_s * PACE)
    pair.runs[1].session.head = 25
    pair.runs[1].bound = pair.runs[1].session.bound = 7.0
    pair.settle()
    first, last = (run.session.bound for run in pair)
    if lead_s:
        assert first == pytest.approx(share * PACE) and last is None
    else:
        assert {first, last} == {None, share * PACE}


def test_a_run_without_a_known_pace_holds_nobody_back(pair):
    pair.runs[1].pace = 0.0
    pair.settle()
    assert pair.runs[0].session.bound is None


def test_runs_on_their_way_to_a_step_go_as_they_can(pair):
    pair.level(None, Status.PAUSED)
    pair.runs[0].session.bound = pair.runs[1].session.bound = "as it was"
    pair.settle()
    assert [run.session.bound for run in pair] == ["as it was"] * 2


def test_a_pace_is_told_once_and_again_after_a_start(pair):
    pair.settle()
    pair.runs[0].session.bound = "told"
    pair.settle()
    assert pair.runs[0].session.bound == "told"
    pair.go()
    pair.settle()
    assert pair.runs[0].session.bound == pytest.approx(1.5 * PACE, rel=1e-3)
