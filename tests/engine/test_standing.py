"""Who leads at equal cost: order, strip, and how much it takes to reach a number."""

import math

import numpy as np
import pytest

from lab.engine.standing import (
    cost_at,
    even_costs,
    leaders,
    racer,
    reach,
    standing,
    step_at,
    target,
)
from lab.engine.trace import Trace


def trace(rate, each, n=50):
    found = Trace()
    for k in range(n + 1):
        found.add(k, {"gap": rate**k, "evals": float(each * k)})
    return found


@pytest.fixture
def pair():
    """One falls to 0.8 a step at one evaluation, one to 0.7 at two."""
    return trace(0.8, 1), trace(0.7, 2)


def racers(pair, cost):
    return [racer(name, t, "gap", cost) for name, t in zip(("plain", "double"), pair)]


def test_by_step_the_faster_leads_and_by_evaluation_the_cheaper(pair):
    by_step = standing(racers(pair, "k"), 20)
    assert [p.index for p in by_step] == [1, 0]
    by_cost = standing(racers(pair, "evals"), 20)
    assert [p.index for p in by_cost] == [0, 1]
    assert [p.k for p in by_cost] == [20, 10]
    assert [p.each for p in by_cost] == [1.0, 2.0]


def test_the_cursor_compares_at_a_cost_that_every_run_has_spent(pair):
    assert cost_at(racers(pair, "evals"), 20) == 20.0
    assert cost_at(racers(pair, "k"), 20) == 20.0


def test_at_equal_cost_each_run_stands_at_a_step_of_its_own(pair):
    found = racers(pair, "evals")
    cost = cost_at(found, 20)
    assert [step_at(r, cost, 20) for r in found] == [20, 10]
    assert [step_at(r, 0.0, 0) for r in found] == [0, 0]


def test_a_run_that_ended_early_does_not_hold_the_cost_back():
    short = trace(0.1, 1, n=4)
    found = [racer("short", short, "gap", ended=True), racer("long", trace(0.9, 1), "gap")]
    assert cost_at(found, 30) == 30.0
    assert standing(found, 30)[0].k == 4


def test_a_run_that_lags_holds_the_cost_back():
    found = [racer("late", trace(0.5, 1, n=4), "gap"), racer("long", trace(0.9, 1), "gap")]
    assert cost_at(found, 30) == 4.0
    assert [p.k for p in standing(found, 4.0)] == [4, 4]


def test_equals_share_a_place_and_lead_together():
    found = [racer(name, trace(0.8, 1), "gap") for name in "ab"]
    assert [p.rank for p in standing(found, 10)] == [1, 1]
    assert leaders(found, np.array([0.0, 10.0, 20.0])) == [(0.0, 20.0, None)]


def test_the_strip_names_the_leader_of_every_stretch():
    late = Trace()
    for k in range(51):
        late.add(k, {"gap": 1.0 if k < 25 else 1e-9, "evals": float(k)})
    found = [racer("early", trace(0.9, 1), "gap"), racer("late", late, "gap")]
    stretches = leaders(found, np.arange(51.0))
    assert [index for _, _, index in stretches] == [None, 0, 1]
    assert stretches[-1][:2] == (25.0, 50.0)
    assert stretches[1][0] == 1.0


def test_more_is_better_where_the_quantity_says_so():
    found = [racer("low", trace(0.9, 1), "gap"), racer("high", trace(1.0, 1), "gap")]
    assert standing(found, 30, more=True)[0].index == 1


def test_a_number_that_is_missing_comes_last():
    broken = Trace()
    for k in range(3):
        broken.add(k, {"gap": math.nan if k else 1.0})
    found = [racer("broken", broken, "gap"), racer("fine", trace(0.99, 1), "gap")]
    assert standing(found, 2)[0].index == 1
    assert leaders(found, np.array([1.0, 2.0])) == [(1.0, 2.0, 1)]


def test_reaching_a_number_is_counted_in_steps_and_in_cost(pair):
    plain, double = racers(pair, "evals")
    k, cost = reach(double, 1e-2)
    assert (k, cost) == (13, 26.0)
    assert reach(plain, 1e-2) == (21, 21.0)
    assert reach(plain, 1e-30) is None


def test_the_target_is_round_and_reached_by_all_if_that_is_news(pair):
    assert target(racers(pair, "k"), log=True) == pytest.approx(1e-4)
    assert target([racer("still", trace(1.0, 1), "gap")], log=True) is None


def test_the_target_of_a_share_is_two_digits():
    rising = Trace()
    for k in range(11):
        rising.add(k, {"gap": 0.1 + 0.0873 * k})
    assert target([racer("up", rising, "gap")], more=True) == pytest.approx(0.97)


def test_costs_are_even_in_the_axis_that_is_drawn(pair):
    linear = even_costs(racers(pair, "evals"))
    assert linear[0] == 0 and linear[-1] == 50  # the one at two a step has not come further
    log = even_costs(racers(pair, "k"), log=True)
    assert log[0] == pytest.approx(0) and log[-1] == pytest.approx(50)
    assert np.allclose(np.diff(np.log(log + 1)), np.log(log[1] + 1))


def test_nothing_is_said_before_anything_is_recorded():
    empty = [racer("none", Trace(), "gap")]
    assert standing(empty, 0) == [] and cost_at(empty, 5) == 0.0
    assert len(even_costs(empty)) == 0 and leaders(empty, np.empty(0)) == []


def test_methods_that_all_arrive_exactly_are_counted_to_the_last_number_before():
    found = Trace()
    for k, gap in enumerate((1.0, 0.2, 0.003, 0.0, 0.0)):
        found.add(k, {"gap": gap})
    assert target([racer("a", found, "gap"), racer("b", found, "gap")], log=True) == 0.01
