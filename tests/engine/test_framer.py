"""When a worker makes its frames, and what a frame need not bring again."""

import pytest
from specimens import Descent

from lab.engine.session import Session
from lab.engine.workers.framer import EARLY, NEVER, Framer, beat

PERIOD = 1 / 12


def frame(framer, session, forced=True):
    return framer.frame(session, forced=forced, running=True, live=True, number=1)


@pytest.fixture
def made(monkeypatch):
    """The keywords of each frame, as a worker would send them."""
    monkeypatch.setattr("lab.engine.workers.framer.Frame", lambda **fields: fields)


def test_workers_make_their_frames_at_the_same_moments():
    early, late = 1000.0, 1000.0 + PERIOD * (1 - EARLY) * 0.9
    assert beat(early, PERIOD) == pytest.approx(beat(late, PERIOD))


@pytest.mark.parametrize("now", [0.0, 3.3, 1e6 + 0.01])
def test_the_next_beat_is_neither_at_once_nor_far(now):
    wait = beat(now, PERIOD) - now
    assert wait + 1e-9 >= EARLY * PERIOD
    assert wait <= (1 + EARLY) * PERIOD + 1e-9


def test_without_frames_there_is_no_beat():
    assert beat(5.0, NEVER) == 0.0


def test_a_picture_that_the_page_has_is_not_drawn_again(made):
    session, framer = Session(Descent), Framer()
    framer.begin(session, None)
    assert frame(framer, session)["live"] is not None
    assert frame(framer, session)["live"] is None
    session.advance(1)
    assert frame(framer, session)["live"] is not None


def test_a_page_that_begins_anew_gets_its_picture(made):
    session, framer = Session(Descent), Framer()
    framer.begin(session, None)
    frame(framer, session)
    framer.begin(session, None)
    assert frame(framer, session)["live"] is not None
