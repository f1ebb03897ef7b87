"""What a person asks while something else is still under way: no value that was set is lost."""

from types import SimpleNamespace

import pytest

from lab.ui.lanes import Full
from lab.ui.requests import Requests


class Side(list):
    """Two runs that go on; what is asked of them is noted."""

    running, recorded, levelling, furthest = True, False, False, 40

    def __init__(self):
        super().__init__("ab")
        self.asked, self.then, self.full = [], None, False
        self.seed, self.arm, self.values = 0, None, {}

    def level(self, then, shown):
        self.then, self.levelling = then, True

    def set(self, name, value, behind):
        if self.full:
            raise Full
        self.asked.append((name, value))
        return False

    def go(self, *_, **how):
        self.then = None
        self.asked.append("go")

    paced = go

    def again(self):
        self.asked.append("again")

    def seek(self, k): ...


@pytest.fixture
def page(entry):
    told = []
    page = SimpleNamespace(
        entry=entry,
        lanes=Side(),
        closed=False,
        follow=True,
        values=entry.controls_for(),
        told=told,
        tell=lambda **message: told.append(message),
        wake=lambda: None,
        from_start=lambda: None,
        replay=lambda k: None,
    )
    page.requests = Requests(page)
    page.requests.pressed = dict
    return page


def set_live(page, value):
    name = next(name for name, spec in page.entry.controls.items() if spec.live)
    page.requests.hear({"do": "set", "name": name, "value": value})
    return name


@pytest.mark.parametrize(
    "asked",
    [{"do": verb} for verb in ("run", "step", "again", "replay")]
    + [{"do": "speed", "name": "fast"}, {"do": "until", "rule": "k > 90"}],
)
def test_what_waits_for_all_runs_acts_before_anything_else_that_is_asked(page, asked):
    name = set_live(page, 0.5)
    assert page.lanes.asked == []
    page.requests.hear(asked)
    assert page.lanes.asked[0] == (name, 0.5)
    assert page.requests.due == {}


def test_an_answer_to_a_value_comes_with_the_value(page):
    name = set_live(page, 0.5)
    assert page.told[-1] == {"controls": {name: 0.5}, "set_done": True}


def test_what_is_refused_later_is_said_and_shown_as_it_is(page):
    name = set_live(page, 0.5)
    page.lanes.full = True
    page.lanes.then()
    assert page.told[-1]["controls"] == {name: page.values[name]}
    assert page.told[-1]["refused"]["text"].startswith("A page holds")
    assert page.lanes.asked == ["go"]  # it goes on without the change


HOSTILE = (None, True, -1, 1e300, float("nan"), 10**400, "", "x" * 3000, "__class__", [], [[1]], {})


@pytest.mark.parametrize("message", [None, [], "run", {}, {"do": []}, {"do": "hear"}])
def test_what_is_no_message_is_not_heard(page, message):
    page.requests.hear(message)
    assert page.told == [] and page.lanes.asked == []


@pytest.mark.parametrize(
    "verb", ["arm", "axis", "preset", "until", "speed", "step", "reseed", "set"]
)
def test_whatever_a_message_holds_is_refused_or_done(page, verb):
    page.set_axis = page.restart = page.report = lambda *_, **__: None
    for value in HOSTILE:
        for name in ("anchor", "method", value):
            page.requests.hear({"do": verb, "name": name, "value": value, "n": value, "seed": value,
                                "rule": value, "event": value})  # fmt: skip
    assert page.values == page.entry.controls_for()
