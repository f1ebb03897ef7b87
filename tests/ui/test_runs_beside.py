"""Runs beside a page: made in a process, ended by the next question."""

from queue import Queue

import pytest

from lab.engine.registry import entry
from lab.ui.cells import Cells, Question
from lab.ui.seats import Hall

NAME = "infeasibility-detection"
WAIT_S = 120  # a busy machine imports torch


@pytest.fixture
def beside():
    """(cells, the queue of their news)."""
    news: Queue = Queue()
    cells = Cells(news.put)
    yield cells, news
    cells.close()


def question(steps, weights, **more):
    found = entry(NAME)
    values = found.controls_for()
    runs = [({**values, "method": "Halpern", "weight": w}, 0) for w in weights]
    return Question(NAME, [runs], stop=f"k >= {steps}", **more)


def until(news, key):
    """The news up to the first with a key."""
    found = []
    while True:
        found.append(news.get(timeout=WAIT_S))
        if key in found[-1] or "error" in found[-1]:
            return found


def test_cells_come_with_their_places_and_a_new_question_ends_the_old_one(beside):
    cells, news = beside
    cells.ask(question(2_000_000, [0.3]))  # would take minutes
    until(news, "begun")
    number = cells.ask(question(20, [0.2, 0.4, 0.6]))
    told = until(news, "over")
    assert {n["number"] for n in told} == {number}
    made = [pair for n in told for pair in n.get("cells", ())]
    assert sorted(place for place, _ in made) == [0, 1, 2]
    assert all(cell["steps"] == 20 and cell["end"]["error"] > 0 for _, cell in made)


def test_rows_are_kept_where_they_are_asked_for(beside):
    cells, news = beside
    cells.ask(question(20, [0.5], keep="log", record=("error",)))
    ((_, cell),) = [pair for n in until(news, "over") for pair in n.get("cells", ())]
    assert cell["rows"]["k"][0] == 0 and len(cell["rows"]["error"]) == len(cell["rows"]["k"])


def test_what_cannot_be_made_is_said(beside):
    cells, news = beside
    cells.ask(Question("no-such-experiment", [[({}, 0)]]))
    assert "no experiment" in until(news, "error")[-1]["error"]


def test_runs_wait_for_a_seat_and_give_it_back(beside):
    _, news = beside
    seats = Hall(1, each=1).seats("somebody")
    other = seats(1, lambda: None)
    cells = Cells(news.put, seats)
    cells.ask(question(20, [0.5]))
    assert cells.ahead == 0 and news.empty()
    other.give_back()
    told = until(news, "over")
    assert told[0]["ahead"] is None and told[-1]["over"]
    assert seats(1, lambda: None).granted
    cells.close()
