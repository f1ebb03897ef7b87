"""Runs that go so that a person can follow."""

from types import SimpleNamespace

import pytest

from lab.engine.workers import pacer as module
from lab.engine.workers.pacer import FAR, MOST_S, ROUND_S, Pacer

WATCH = (4.0, 1.0)


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=50.0)
    monkeypatch.setattr(module.time, "monotonic", lambda: clock.now)
    return clock


def taken(pacer, clock, seconds, head=0, tick=0.01):
    """The head after some seconds of a run that takes every step that it may."""
    for _ in range(round(seconds / tick)):
        clock.now += tick
        steps = pacer.allowed(head)
        pacer.took(steps)
        head += steps
    return head


def test_as_fast_as_it_can(clock):
    pacer = Pacer()
    assert pacer.allowed(0) == FAR
    assert pacer.due(0) == 0.0


def test_the_first_step_comes_at_once(clock):
    pacer = Pacer((1.0, 0.0))
    assert pacer.due(0) == 0.0
    assert pacer.allowed(0) == 1
    pacer.took(1)
    assert pacer.due(1) == pytest.approx(clock.now + 1.0)
    assert pacer.allowed(1) == 0


@pytest.mark.parametrize("rate", [1.0, 10.0, 100.0])
def test_so_many_steps_a_second(clock, rate):
    assert taken(Pacer((rate, 0.0)), clock, 20) == pytest.approx(20 * rate, abs=2)


@pytest.mark.parametrize(("seconds", "low", "high"), [(1, 4, 12), (4, 100, 400), (9, 1e4, 6e4)])
def test_to_watch_it_begins_slowly_and_doubles_its_speed_again_and_again(clock, seconds, low, high):
    assert low <= taken(Pacer(WATCH), clock, seconds) <= high  # about 4 (exp(seconds) - 1)


def test_what_was_cut_short_is_still_owed(clock):
    pacer = Pacer((100.0, 0.0))
    clock.now += 0.2
    assert pacer.allowed(0) == 21
    pacer.took(3)
    assert pacer.allowed(3) == 18


def test_what_was_not_taken_in_time_is_not_made_up_for(clock):
    pacer = Pacer((100.0, 0.0))
    clock.now += 60
    assert pacer.allowed(0) == 100 * MOST_S


def test_fast_steps_are_taken_some_at_a_time(clock):
    pacer = Pacer((10_000.0, 0.0))
    pacer.took(pacer.allowed(0))
    assert pacer.due(1) == pytest.approx(clock.now + ROUND_S)
    clock.now += ROUND_S
    assert pacer.due(1) <= clock.now
    assert pacer.allowed(1) == pytest.approx(10_000 * ROUND_S, abs=1)


def test_another_speed_takes_up_where_the_old_one_stood(clock):
    pacer = Pacer((100.0, 0.0))
    assert taken(pacer, clock, 1) == pytest.approx(101, abs=1)
    pacer.change((10.0, 0.0))
    assert taken(pacer, clock, 1) == pytest.approx(10, abs=1)
    pacer.change(None)
    assert pacer.allowed(0) == FAR


def test_a_bound_that_comes_late_gives_no_steps_for_the_time_before_it(clock):
    pacer = Pacer()
    clock.now += 60
    pacer.change((100.0, 0.0))
    assert pacer.allowed(0) == 0
    assert taken(pacer, clock, 1) == pytest.approx(100, abs=1)
