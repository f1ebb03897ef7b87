"""The gap is the value against the best answer; lanes take steps of their own."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from lab import Study
from lab.engine import Grid, Session, steps
from lab.experiments.games.accelerated_primal_dual import arrows, saddle

NAME = "accelerated-primal-dual"
SMALL = {"n": 12, "smoothness": 5.0, "coupling": 2.0, "concavity": 0.5}


def test_the_gap_is_what_scipy_finds_against_the_best_answer():
    session = Session(NAME, {**SMALL, "flattest": 0.01})
    session.advance(7)
    p, c = session.given.problem, session.controls_at(0)
    x = session.state["mean_x"].numpy()
    K = c.coupling * p["K"].numpy()
    f = float(c.smoothness * p["values"].numpy() @ x**2 / 2)
    found = minimize(lambda y: c.concavity * y @ y / 2 - (K @ x) @ y, np.zeros(len(K)), tol=1e-12)
    assert session.trace["gap"][-1] == pytest.approx(f - found.fun, rel=1e-6)


@pytest.mark.parametrize("method", ["accelerated", "linearised"])
def test_the_saddle_point_is_at_the_origin(method):
    """Where the gradients of both players vanish; with curvature everywhere both get there."""
    session = Session(NAME, {**SMALL, "flattest": 0.1, "method": method})
    problem = saddle(session.given, session.controls_at(0))
    K = session.controls_at(0).coupling * session.given.problem["K"]
    size = K.shape[1] + K.shape[0]
    curvature = torch.diag(problem.gradient(torch.ones(12, dtype=K.dtype)))
    system = torch.cat([torch.cat([curvature, K.mT], 1), torch.cat([K, -0.5 * torch.eye(10)], 1)])
    assert torch.linalg.matrix_rank(system) == size
    session.advance(2_000)
    assert session.trace["gap"][-1] < 1e-6 * session.trace["gap"][0]


def test_lanes_of_several_steepnesses_are_the_single_runs():
    grid = Grid({"arm": "all", "smoothness": (10.0, 100.0)}, 4, {"n": 12}, steps(20), "end")
    study = Study(NAME, grid)
    study.run()
    d = study.dataset()
    for arm, method in (("Accelerated", "accelerated"), ("Linearised", "linearised")):
        for smoothness in (10.0, 100.0):
            session = Session(NAME, {"n": 12, "method": method, "smoothness": smoothness}, seed=2)
            session.advance(20)
            lane = d.gap.sel(arm=arm, smoothness=smoothness, seed=2)
            assert float(lane) == pytest.approx(session.trace["gap"][-1], rel=1e-9)


def test_the_drawn_directions_are_two_and_start_where_told():
    for controls in ({}, {"n": 8, "flattest": 0.1}, {"n": 400}):
        session = Session(NAME, {"x": 0.3, "y": -0.7, **controls})
        session.advance(1)
        assert list(session.trace["place"][0]) == [0.3, -0.7]
        first, second = session.given.problem["drawn"].tolist()
        assert 0 <= first < second


def test_arrows_keep_directions_and_bound_lengths():
    v = torch.tensor([[3.0, 4.0], [0.0, 0.05], [0.0, 0.0]], dtype=torch.float64)
    drawn = arrows(v, 0.2)
    assert float(drawn[0].norm()) == pytest.approx(0.2)
    assert float(drawn[1, 1]) == pytest.approx(0.2 * math.sqrt(0.01))
    assert not drawn[2].any()
