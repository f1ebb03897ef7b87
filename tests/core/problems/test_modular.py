"""Sums modulo p: every pair once, no mirror image leaks, the same order for the same seed."""

import pytest
import torch

from lab.core.problems.modular import TASKS, UNEVEN, on_the_clock, shown_and_hidden
from lab.core.random import Rng


@pytest.mark.parametrize("p", [2, 7, 12])
@pytest.mark.parametrize("tied", [True, False])
def test_every_pair_stands_once(p, tied):
    sums = shown_and_hidden(p, 0.5, Rng(0), tied=tied)
    found = {*map(tuple, sums["pairs"].tolist())}
    wanted = {(a, b) for a in range(p) for b in range(p) if not tied or a <= b}
    assert found == wanted and len(sums["pairs"]) == len(wanted)
    assert sums["weight"].sum() == p * p


EVEN = {
    "a + b": lambda a, b: a + b,
    "a * b": lambda a, b: a * b,
    "a² + b²": lambda a, b: a**2 + b**2,
    "a² + ab + b²": lambda a, b: a**2 + a * b + b**2,
}


def _table(task, p=7, **options):
    sums = shown_and_hidden(p, 0.3, Rng(1), task=task, **options)
    return {(a, b): c for (a, b), c in zip(sums["pairs"].tolist(), sums["answer"].tolist())}


@pytest.mark.parametrize("task", EVEN)
@pytest.mark.parametrize("tied", [True, False])
def test_answers_where_the_order_does_not_matter(task, tied):
    for (a, b), answer in _table(task, tied=tied).items():
        assert answer == EVEN[task](a, b) % 7 == EVEN[task](b, a) % 7


def test_subtraction_and_division_undo_addition_and_multiplication():
    differences, shares = (_table(task, tied=False) for task in UNEVEN)
    assert {*differences} == {(a, b) for a in range(7) for b in range(7)}
    assert {*shares} == {(a, b) for a in range(7) for b in range(1, 7)}
    assert all((answer + b) % 7 == a for (a, b), answer in differences.items())
    assert all((answer * b) % 7 == a for (a, b), answer in shares.items())
    assert {*EVEN, *UNEVEN} == {*TASKS}


@pytest.mark.parametrize("task", ["a + b", "a - b", "a * b", "a / b"])
@pytest.mark.parametrize("p", [2, 3, 13, 59])
def test_on_the_clock_each_task_adds_or_subtracts_hours(task, p):
    order = on_the_clock(p, task).tolist()
    hours = {number: hour for hour, number in enumerate(order)}
    sign = 1 if task in EVEN else -1
    assert sorted(order) == list(range(p - len(order), p))
    for (a, b), answer in _table(task, p, tied=False).items():
        if a in hours and b in hours:
            assert hours[answer] == (hours[a] + sign * hours[b]) % len(order)


def test_where_nothing_goes_round_the_numbers_stand_as_they_are():
    for p, task in ((7, "a² + b²"), (7, "a² + ab + b²"), (12, "a * b")):
        assert on_the_clock(p, task).tolist() == list(range(p))


def test_nobody_divides_modulo_twelve_or_ties_what_has_an_order():
    with pytest.raises(ValueError, match="no prime"):
        shown_and_hidden(12, 0.5, Rng(0), task="a / b", tied=False)
    for task in UNEVEN:
        with pytest.raises(ValueError, match="order"):
            shown_and_hidden(7, 0.5, Rng(0), task=task)


def test_no_mirror_image_of_a_hidden_pair_is_shown():
    sums = shown_and_hidden(13, 0.6, Rng(2))
    n = sums["shown"]
    shown = {*map(tuple, sums["pairs"][:n].tolist())}
    hidden = sums["pairs"][n:].tolist()
    assert not any((b, a) in shown or (a, b) in shown for a, b in hidden)


def test_each_sum_has_the_same_weight():
    for p in (7, 12):
        sums = shown_and_hidden(p, 0.5, Rng(0))
        totals = torch.zeros(p).index_add_(0, sums["answer"], sums["weight"])
        assert torch.equal(totals, torch.full((p,), float(p)))


def test_order_follows_the_seed_alone():
    first, again = (shown_and_hidden(11, f, Rng(5)) for f in (0.2, 0.8))
    assert (
        torch.equal(first["pairs"], again["pairs"])
        and first["shown"] == 13
        and again["shown"] == 53
    )
    assert not torch.equal(first["pairs"], shown_and_hidden(11, 0.2, Rng(6))["pairs"])


def test_something_is_always_shown_and_something_hidden():
    assert shown_and_hidden(5, 1e-9, Rng(0))["shown"] == 1
    assert shown_and_hidden(5, 1 - 1e-9, Rng(0))["shown"] == 14


@pytest.mark.parametrize(
    "arguments, words",
    [((1, 0.5), "at least 2"), ((7, 0.0), "between 0 and 1"), ((7, 1.0), "between 0 and 1")],
)
def test_refusals(arguments, words):
    with pytest.raises(ValueError, match=words):
        shown_and_hidden(*arguments, Rng(0))
    with pytest.raises(ValueError, match="no task"):
        shown_and_hidden(7, 0.5, Rng(0), task="a + c")
