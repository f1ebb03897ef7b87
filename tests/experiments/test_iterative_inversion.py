"""With one target it takes Newton's steps; what it learns for an arm is what scipy solves for."""

import numpy as np
import pytest
import torch
from scipy.optimize import newton, root

from lab.engine.controls import Controls
from lab.engine.session import Session
from lab.experiments.fixed_point.iterative_inversion import (
    BORDER,
    ONE,
    SYSTEMS,
    answers,
    fit,
    forward,
    guess,
)


def session(k, seed=1, **controls):
    run = Session("iterative-inversion", controls, seed=seed)
    run.advance(k)
    return run


def test_the_border_is_where_newtons_method_on_arctan_swings_for_ever():
    found = newton(lambda x: 2 * x - (1 + x * x) * np.arctan(x), 1.4)
    assert pytest.approx(found, abs=1e-12) == BORDER


def test_one_target_takes_newtons_steps():
    run = session(0, **{**ONE, "explore": 1e-6, "x": 1.1, "y": -0.7})
    x = torch.tensor([1.1, -0.7], dtype=torch.float64)
    for _ in range(3):
        run.advance(1)
        x = x - (1 + x**2) * torch.atan(x)
        found = answers(run.state, Controls(run.controls), run.given.goal)[0]
        torch.testing.assert_close(found, x, atol=1e-4, rtol=0)


def test_the_arm_learns_what_scipy_solves_for():
    run = session(25, explore=0.02)
    c = Controls(run.controls)
    learned = answers(run.state, c, run.given.goal)
    for x, place in zip(learned[:10], run.given.goal[:10]):

        def miss(x, place=place):
            return (forward(c, torch.from_numpy(x)) - place).numpy()

        end = root(miss, x.numpy())
        np.testing.assert_allclose(x.numpy(), end.x, atol=0.05)


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_first_answer_is_one_for_all(system):
    run = session(0, system=system, x=-0.9, y=0.4)
    found = answers(run.state, Controls(run.controls), run.given.goal)
    assert float(found.std(0).max()) == 0


def test_an_arm_begins_at_the_asked_place():
    c = Controls({"system": "arm"})
    at = torch.tensor([-0.9, 0.4], dtype=torch.float64)
    torch.testing.assert_close(forward(c, guess(c, at)), at)


@pytest.mark.parametrize("regressor", ["affine", "cubic"])
def test_the_fit_recovers_an_inverse_of_its_class(regressor):
    c = Controls({"regressor": regressor})
    y = torch.linspace(-1, 1, 40, dtype=torch.float64).reshape(-1, 2) + 0.3 * torch.eye(20, 2)
    x = y @ torch.tensor([[1.0, 2.0], [0.5, -1.0]], dtype=torch.float64) + 0.7
    torch.testing.assert_close(answers(fit(c, y, x), c, y), x)


def test_without_exploration_the_fit_is_a_constant():
    c = Controls({"regressor": "cubic"})
    y, x = torch.full((12, 2), 0.4).double(), torch.full((12, 2), -1.0).double()
    found = answers(fit(c, y, x), c, torch.tensor([[3.0, -2.0]], dtype=torch.float64))
    torch.testing.assert_close(found, torch.full((1, 2), -1.0).double())
