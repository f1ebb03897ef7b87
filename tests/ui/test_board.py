"""What a page tells: before there is a browser, while a run goes, while its cursor is dragged."""

from itertools import count
from types import SimpleNamespace

import pytest

from lab.ui import board
from lab.ui.board import SUMMARY_S, Board


class Lanes(list):
    """No runs, said to run or to stand."""

    running, furthest, head, values, seed, arm = False, 0, 0, {}, 0, None


class Told(Board):
    """A page without runs: what it tells is noted."""

    def __init__(self):
        self.told: list[dict] = []
        self.shell = SimpleNamespace(tell=lambda **message: self.told.append(message))
        self._document = SimpleNamespace(session_context=None)
        self._unheard, self._told, self._linked = {}, {}, []
        self._sought, self._summed = False, 0.0
        self.lanes, self.visible, self.axis = Lanes(), True, "k"
        self.numbers_on = False
        self.k, self.follow, self.end, self.wanted, self.replaying = 0, True, 100, 0, False
        numbers = count(1)
        self.renderers = [SimpleNamespace(summary=lambda: f"sentence {next(numbers)}")]

    def query(self):
        return ""

    def sentences(self) -> list:
        """The summaries told so far."""
        return [message["summaries"] for message in self.told if "summaries" in message]


@pytest.fixture
def page(monkeypatch):
    monkeypatch.setattr(board, "state", lambda *arguments: {})
    monkeypatch.setattr(board, "track_end", lambda *arguments: 100)
    return Told()


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(board.time, "monotonic", lambda: clock.now)
    return clock


def test_the_link_follows_an_edit_that_replaces_one_of_the_same_step(page):
    page.query = lambda: str(page.lanes[0].session.edits)
    page.lanes.append(SimpleNamespace(session=SimpleNamespace(edits=[(7, "weight", 0.5)])))
    page.lanes.running = True
    page.report()
    page.lanes[0].session.edits = [(7, "weight", 0.9)]
    page.report()
    page.report()
    told = [message["state"]["query"] for message in page.told if "state" in message]
    assert told == ["[(7, 'weight', 0.5)]", "[(7, 'weight', 0.9)]"]


def test_a_line_waits_until_a_browser_has_said_hello(page):
    page.tell(say={"text": "an offer", "name": "replay"})
    page.tell(state={"k": 0})
    assert page.told == [{"state": {"k": 0}}]
    page.connected()
    assert page.told[1:] == [{"say": {"text": "an offer", "name": "replay"}}]


def test_of_lines_that_replace_each_other_the_last_is_told(page):
    for text in ("one", "other"):
        page.tell(say={"text": text, "name": "refused"})
    page.connected()
    page.connected()  # a browser that is there again has the line
    assert page.told == [{"say": {"text": "other", "name": "refused"}}]
    page.tell(say={"text": "at once", "name": "refused"})
    assert page.told[-1] == {"say": {"text": "at once", "name": "refused"}}


def test_pictures_that_move_are_put_into_words_now_and_then(page, clock):
    page.lanes.running = True
    for _ in range(3):
        page.report()
    assert page.sentences() == [["sentence 1"]]
    clock.now += SUMMARY_S
    page.report()
    assert page.sentences() == [["sentence 1"], ["sentence 2"]]


def test_pictures_that_stand_are_put_into_words_at_once(page, clock):
    page.lanes.running = True
    page.report()
    page.lanes.running = False
    page.report()
    assert page.sentences() == [["sentence 1"], ["sentence 2"]]


def test_an_open_table_has_the_last_rows_when_a_run_comes_to_rest(page, clock, monkeypatch):
    monkeypatch.setattr(board.takeaway, "numbers", lambda renderers: "a table")
    page.numbers_on = page.lanes.running = True
    page.report()
    assert not any("numbers" in message for message in page.told)
    page.lanes.running = False
    for _ in range(2):
        page.report()
    assert [m["numbers"] for m in page.told if "numbers" in m] == ["a table"]


def test_a_table_that_was_shown_between_is_told_anew(page, clock, monkeypatch):
    tables = iter(["far", "near", "far"])
    monkeypatch.setattr(board.takeaway, "numbers", lambda renderers: next(tables))
    page.numbers_on = True
    page.report()
    page.show_numbers()  # closed and opened again, elsewhere
    page.report()
    assert [m["numbers"] for m in page.told if "numbers" in m] == ["far", "near", "far"]


def test_a_cursor_that_is_dragged_is_put_into_words_when_it_rests(page, clock):
    page._sought = True
    page.report()
    assert page.sentences() == []
