"""What is seen and what is passed on, at the ends of each recipe; chain rule against autograd."""

import pytest
import torch

from lab.core.straight_through import RULES, Recipe


def layer():
    made = torch.Generator().manual_seed(0)
    w, g = torch.randn((2, 6, 8), generator=made, dtype=torch.float64)
    return w, g, w.abs() > w.abs().median()


def test_structure_halves_what_lives():
    rule = Recipe("structure", 1, 16, 100)
    alive = [rule.alive(k) for k in range(110)]
    assert sorted(set(alive), reverse=True) == [15, 8, 4, 2, 1]
    assert alive == sorted(alive, reverse=True)
    assert alive[0] == 15 and alive[100] == 1
    assert [Recipe("structure", 2, 4, 10).alive(k) for k in (0, 9, 10)] == [3, 3, 2]
    assert Recipe("structure", 1, 2, 10).alive(0) == 1  # nothing lies between
    assert Recipe("structure", 3, 4, 10).alive(0) == 3


@pytest.mark.parametrize("rule", ["linear", "exponential"])
def test_decay_falls_from_one_to_zero(rule):
    shares = [Recipe(rule, 1, 4, 50).share(k) for k in range(52)]
    assert shares[0] == 1 and shares[50] == shares[51] == 0
    assert all(after < before for before, after in zip(shares[:50], shares[1:51]))
    half = Recipe(rule, 1, 4, 50).share(25)
    assert half == pytest.approx(0.5 if rule == "linear" else 2**-5)


@pytest.mark.parametrize("rule", ["linear", "exponential", "static"])
def test_decayed_gradient_is_that_of_what_is_seen(rule):
    w, g, alive = layer()
    recipe = Recipe(rule, 1, 4, 50)
    w.requires_grad_()
    (expected,) = torch.autograd.grad((recipe.seen(w, alive, 10) * g).sum(), w)
    torch.testing.assert_close(recipe.passed(g, w.detach(), alive, 10), expected)


@pytest.mark.parametrize("rule", ["straight", "structure"])
def test_straight_through_gives_the_dead_all_and_pulls_them(rule):
    w, g, alive = layer()
    recipe = Recipe(rule, 1, 4, 50, pull=0.1)
    assert torch.equal(recipe.seen(w, alive, 10), w * alive)
    torch.testing.assert_close(recipe.passed(g, w, alive, 10), g + 0.1 * ~alive * w)


def test_after_the_decay_the_dead_are_out():
    w, g, alive = layer()
    for rule in ("linear", "exponential"):
        recipe = Recipe(rule, 1, 4, 50)
        assert torch.equal(recipe.seen(w, alive, 50), w * alive)
        assert torch.equal(recipe.passed(g, w, alive, 50), g * alive)


def test_dense_has_no_dead():
    assert Recipe("dense", 1, 4, 50).alive(7) == 4


@pytest.mark.parametrize("asked", [("lazy", 1, 4), ("linear", 0, 4), ("linear", 5, 4)])
def test_refuses(asked):
    with pytest.raises(ValueError):
        Recipe(*asked, 10)


def test_every_rule_is_told():
    assert all(f'"{rule}"' in Recipe.__doc__ for rule in RULES)
