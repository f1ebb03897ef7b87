"""A fixed choice pays what the table says, and what is told decides what is learned."""

import numpy as np
import pytest

from lab.engine import Session
from lab.experiments.fixed_point.learning_relax import GRID, SHIFTS

NAME = "learning-relax"
SMALL = {"side": 6}


def run(steps, **controls):
    session = Session(NAME, {**SMALL, **controls}, seed=2)
    session.advance(steps)
    return session


def test_the_best_fixed_choice_pays_one_and_has_no_regret():
    best = run(0).given.table["mean"].mean(0).argmin()
    session = run(200, learner="fixed", omega=float(GRID[best]))
    assert session.trace["average"][-1] == pytest.approx(1, abs=0.2)
    table, state = session.given.table, session.state
    assert state["paid"] == pytest.approx(
        sum(table["mean"][s, best] for s in drawn_shifts(session, 200))
    )
    assert np.allclose(session.trace["relaxation"][1:], GRID[best])


def drawn_shifts(session, n):
    return [int(session._rng.at(k).generator("system").random(4)[0] * SHIFTS) for k in range(n)]


def test_the_oracle_is_not_above_the_best_fixed():
    table = run(0).given.table
    assert table["oracle"] <= table["fixed"] <= table["mean"][:, 0].mean()


def test_rows_of_the_policy_differ_only_when_shifts_are_told():
    told, bandit = (run(400, learner=kind).picture()["policy"] for kind in
                    ("contextual", "Tsallis-INF"))  # fmt: skip
    np.testing.assert_allclose(told.sum(1), 1, atol=1e-5)
    assert np.ptp(bandit, axis=0).max() == 0
    assert np.ptp(told, axis=0).max() > 0.3
