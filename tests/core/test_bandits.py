"""Distributions are those of the definitions, and regret stays below what uniform choice pays."""

import numpy as np
import pytest
from scipy.optimize import minimize

from lab.core.bandits import RegressionBandit, TsallisInf


def test_tsallis_minimises_its_objective():
    learner = TsallisInf(4, rate=1.5)
    state = {"sums": np.array([3.0, 5.0, 4.0, 9.0]), "times": 8}
    eta = 2 * 1.5 / 3
    found = minimize(
        lambda p: p @ state["sums"] - 4 / eta * np.sqrt(p).sum(),
        np.full(4, 0.25),
        bounds=[(1e-9, 1)] * 4,
        constraints={"type": "eq", "fun": lambda p: p.sum() - 1},
        options={"ftol": 1e-14},
    )
    np.testing.assert_allclose(learner.chances(state), found.x, atol=1e-5)


def test_least_squares_is_numpys():
    rng = np.random.default_rng(0)
    learner = RegressionBandit(2, 3)
    state, rows, costs = learner.init(), [], []
    for t in range(20):
        context, cost = rng.normal(size=3), rng.random()
        state = learner.update(state, np.full(2, 0.5), t % 2, cost, context)
        if t % 2:
            rows.append(context)
            costs.append(cost)
    F = np.array(rows)
    expected = np.linalg.solve(F.T @ F + np.eye(3), F.T @ np.array(costs))
    np.testing.assert_allclose(state["weights"][1], expected, atol=1e-12)


@pytest.mark.parametrize("learner", [TsallisInf(5), RegressionBandit(5, 1)])
def test_regret_grows_slower_than_the_rounds(learner):
    means, rng = np.array([0.5, 0.6, 0.2, 0.7, 0.6]), np.random.default_rng(1)
    state, regret = learner.init(), np.zeros(4_000)
    for t in range(4_000):
        p = learner.chances(state, np.ones(1))
        assert p.sum() == pytest.approx(1) and (p > 0).all()
        action = int(rng.choice(5, p=p))
        cost = float(rng.random() < means[action])
        state = learner.update(state, p, action, cost, np.ones(1))
        regret[t] = p @ means - means.min()
    total = regret.cumsum()
    assert np.log(total[-1] / total[399]) / np.log(10) < learner.power + 0.1
    assert total[-1] < 0.15 * 4_000 * (means.mean() - means.min())
