"""Answers are minimisers, dual values are bounds, scipy finds the same convex optimum."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from lab.engine import Session
from lab.experiments.games.constrained_learning_duality import answer, dual_value, violation

NAME = "constrained-learning-duality"


def made(people=4, seed=0, **controls):
    session = Session(NAME, {"people": people, **controls}, seed=seed)
    return session, session.given.problem


def every_decision(people, levels):
    """All tables of levels from 0 to 1, shape (count, people)."""
    table = [i / levels for i in range(levels + 1)]
    return torch.tensor(list(itertools.product(table, repeat=people)), dtype=torch.float64)


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("price", [0.0, 0.05, 0.12])
def test_no_decision_of_the_class_has_a_smaller_lagrangian(levels, price):
    _, p = made()
    price = torch.tensor([price], dtype=torch.float64)
    found = answer(p, SimpleNamespace(convex=False, levels=levels), price)
    least = min(float(dual_value(p, d, price)) for d in every_decision(4, levels))
    assert float(dual_value(p, found, price)) == pytest.approx(least, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_the_convex_optimum_and_its_price_are_those_of_scipy(seed):
    _, p = made(10, seed)
    a, w, allowed = (p[name].numpy() for name in ("target", "weight", "allowed"))

    def solved(room):
        rule = {"type": "ineq", "fun": lambda d: allowed + room - w @ d, "jac": lambda d: -w}
        found = minimize(
            lambda d: ((d - a) ** 2).mean() / 2,
            a,
            jac=lambda d: (d - a) / len(a),
            constraints=rule,
            method="SLSQP",
            options={"ftol": 1e-14},
        )
        assert found.success
        return found.fun

    assert solved(0.0) == pytest.approx(float(p["optimum"]), rel=1e-6)
    slope = (solved(-1e-3) - solved(1e-3)) / 2e-3
    assert slope == pytest.approx(float(p["price"]), rel=1e-4)


@pytest.mark.parametrize("levels", [1, 2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_a_dual_value_is_below_every_decision_that_keeps_the_rule(seed, levels):
    session, p = made(seed=seed, levels=levels)
    table = every_decision(4, levels)
    keeps = violation(p, table)[:, 0] <= 0
    best = float(((table - p["target"]).square().mean(1) / 2)[keeps].min())
    for _ in range(60):
        session.advance(1)
        state = session.state
        value = dual_value(p, state["decision"], state["price"]["multiplier"])
        assert float(value) <= best + 1e-12


def test_the_convex_class_settles_at_the_closed_form():
    session, p = made(20, convex=True)
    session.advance(400)
    assert session.trace["pair"][-1] == pytest.approx([float(p["price"]), 0.0], abs=1e-9)
    assert session.trace["duality"][-1] < 1e-9


def test_the_stairs_are_where_the_iterates_are():
    session, p = made(10, levels=2)
    session.advance(40)
    stairs = session.picture()["stairs"][:-1]
    price, found = session.trace["pair"][-1]
    near = np.abs(stairs[:, 0] - price).argmin()
    assert np.abs(stairs[max(near - 2, 0) : near + 3, 1] - found).min() < 1e-6


def test_a_coarse_class_breaks_the_rule_again_and_again_and_its_average_does_not():
    session, _ = made(10, levels=2)
    session.advance(2_000)
    late = session.trace["violation"][-100:]
    assert (late > 1e-3).any()
    assert (late < -1e-3).any()
    assert session.trace["averaged"][-1] < 2e-3
