"""What a sweep is asked for and what comes out of it, without a browser."""

import math

import pytest

from lab.ui.sweep import choice as choices
from lab.ui.sweep.choice import REACH, Choice
from lab.ui.sweep.map import scale
from lab.ui.sweep.outcome import DIVERGED, FAILED, SLOW, VALUE, outcome, words


@pytest.fixture
def chosen():
    return Choice("rate", "anchor", "residual", "residual < 1e-6", 4, 100)


def test_a_page_opens_on_two_controls_that_differ(entry):
    found = choices.default(entry)
    assert (found.x, found.y) == ("anchor", "rate")  # the live one first
    assert found.show == "residual" and found.until == "residual < 1e-6"
    assert found.steps <= entry.max_steps


def test_an_arm_s_own_control_comes_last(entry):
    ranked = choices.axes_of(entry)
    assert "method" in ranked and "n" not in ranked and "word" not in ranked
    assert "method" not in (choices.default(entry).x, choices.default(entry).y)


def test_values_are_even_in_the_logarithm_where_the_slider_is(entry, chosen):
    xs, ys = chosen.axes(entry)
    assert xs[0] == 1e-4 and xs[-1] == 10.0
    assert xs[1] / xs[0] == pytest.approx(xs[2] / xs[1])
    assert ys == pytest.approx((0, 2 / 3, 4 / 3, 2))


def test_coarse_cells_come_first_and_none_twice(entry, chosen):
    asked, order = choices.question(chosen, entry, entry.controls_for(), 3)
    assert sorted(order) == [(i, j) for i in range(4) for j in range(4)]
    assert order[0] == (0, 0) and [len(chunk) for chunk in asked.chunks] == [1, 3, 12]
    assert all(seed == 3 for chunk in asked.chunks for _, seed in chunk)
    rest, left = choices.question(chosen, entry, entry.controls_for(), 3, made=order[:4])
    assert left == order[4:] and rest.runs == 12


def test_a_choice_goes_through_a_link(entry, chosen):
    _, opened = choices.opening("name=two-orbits&c.n=5", entry)
    text = choices.query(chosen, entry, opened.recipe)
    again, run = choices.opening(text, entry)
    assert again == chosen and run.recipe.controls["n"] == 5


def test_a_curve_and_an_exchange_of_axes(entry, chosen):
    assert choices.changed(chosen, entry, "y", "none").y is None
    swapped = choices.changed(chosen, entry, "x", "anchor")
    assert (swapped.x, swapped.y) == ("anchor", "rate")


@pytest.mark.parametrize(
    "key, text, said",
    [
        ("x", "rat", "did you mean 'rate'"),
        ("x", "word", "cannot be swept"),
        ("show", "residul", "did you mean 'residual'"),
        ("until", "residul < 1", "did you mean 'residual'"),
        ("until", "residual <", "was expected"),
        ("points", "900", "from 2 to 32"),
        ("steps", "-1", "from 2 to 600"),
    ],
)
def test_what_a_choice_cannot_be_is_said_in_one_line(entry, chosen, key, text, said):
    with pytest.raises(ValueError, match=said) as caught:
        choices.changed(chosen, entry, key, text)
    assert "\n" not in str(caught.value)


def test_an_arm_of_the_explorer_s_link_stays(entry):
    _, opened = choices.opening("name=two-orbits&arm=B", entry)
    assert opened.recipe.controls["method"] == "b" and opened.said == ()


def cell(status, steps=100, **end):
    return {"status": status, "steps": steps, "seconds": 0.0, "sentence": "", "end": end}


def test_a_diverged_cell_a_slow_one_and_one_without_a_number_are_told_apart(chosen):
    reach = Choice("rate", "anchor", REACH, "residual < 1e-6", 4, 100)
    assert outcome(chosen, cell("budget", residual=0.5)).kind == VALUE
    assert outcome(chosen, cell("diverged", 12)).kind == DIVERGED
    assert outcome(chosen, cell("failed")).kind == FAILED
    assert outcome(chosen, cell("budget", residual=None)).kind == FAILED
    assert outcome(reach, cell("rule", 40)).value == 40
    assert outcome(reach, cell("rule", 101)).kind == SLOW
    assert outcome(reach, cell("done", 40)).kind == SLOW


def test_each_cell_is_told_in_words(chosen):
    assert words(chosen, None) == "not computed yet"
    assert words(chosen, outcome(chosen, cell("diverged", 12))) == "diverged at 12"
    assert words(chosen, outcome(chosen, cell("budget", residual=0.5))) == "0.500 after 100 steps"


def test_the_scale_is_round_and_logarithmic_only_where_it_may_be():
    assert scale([2e-6, 3e-3], True) == (1e-6, 1e-2, True)
    low, high, log = scale([-1.0, 3.0], True)
    assert not log and low <= -1 and high >= 3
    low, high, _ = scale([2.0, 2.0], False)
    assert low < 2 < high
    assert scale([math.nan], True) == (0.0, 1.0, False)


def test_a_cell_that_is_not_made_takes_the_colour_of_a_coarser_one():
    near = choices.nearest([4, 4], {(0, 0), (2, 2)})
    assert near[(1, 1)] == (0, 0) and near[(3, 3)] == (2, 2) and near[(3, 1)] == (0, 0)
    assert (0, 0) not in near
