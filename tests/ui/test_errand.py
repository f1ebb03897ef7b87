"""Work beside a page: a class by name or by value, its progress, its verdict, its end."""

from threading import Event

import pytest

from lab.engine import registry
from lab.ui.errand import Errand, task
from lab.ui.seats import Hall

NAME = "aitken-delta-squared"


def finish(errand, news):
    """Takes what comes until it is over."""
    while not errand.over:
        news.wait(60)
        news.clear()
        yield errand.take()
    yield errand.take()


@pytest.fixture
def entry():
    return registry.entry(NAME)


def test_a_claim_is_judged_in_a_process_of_its_own(entry):
    claim = next(c.id for c in entry.claims if c.tier == "quick")
    come = Event()
    told = {}
    for news in finish(Errand("claim", claim, entry.source, come.set), come):
        told.update(news)
    assert "error" not in told
    assert told["done"] == told["total"]
    assert told["verdict"]["claim"] == claim
    assert told["verdict"]["code"] == entry.hash


def test_what_goes_wrong_is_one_line(entry):
    come = Event()
    told = {}
    for news in finish(Errand("claim", "no-such-claim", entry.source, come.set), come):
        told.update(news)
    assert "no-such-claim" in told["error"] and "\n" not in told["error"]


def test_a_class_by_value_travels_as_text():
    assert task("study", "rate", b"\x00pickle") == {
        "kind": "study", "name": "rate", "pickled": "AHBpY2tsZQ=="
    }  # fmt: skip
    assert task("claim", "rate", "module:Class")["source"] == "module:Class"


def test_it_waits_for_a_seat_and_leaves_the_queue_when_it_is_stopped(entry):
    seats = Hall(in_all=4).seats("ada")
    full = seats(4, lambda: None)
    errand = Errand("claim", "any", entry.source, lambda: None, seats)
    assert errand.take() == {"ahead": 0}
    errand.stop()
    assert errand.over
    full.give_back()
    errand.begin()  # nothing begins any more
    assert errand.take() == {}
