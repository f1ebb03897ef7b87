"""The orders race on equal terms, and the slider moves its own lane only."""

import numpy as np
import pytest

from lab.core.backend import Backend
from lab.core.problems import finite_sums
from lab.core.random import Rng
from lab.core.shuffling import discrepancy
from lab.engine import Session

NAME = "shuffling-lower-bounds"


def run(steps=12, seed=0, **controls):
    session = Session(NAME, {"n": 8, "copies": 2, **controls}, seed=seed)
    session.advance(steps)
    return session


def test_orders_start_alike_and_shuffling_once_begins_as_grab_does():
    once, grab = run(1, order="shuffle once"), run(1, order="GraB")
    assert once.trace["tuned"][0] == grab.trace["tuned"][0] == 450
    np.testing.assert_array_equal(once.picture()["walk"], grab.picture()["walk"])


def test_a_live_pace_moves_its_own_lane_only():
    calm, quick = run(6), run(6)
    quick.set(pace=0.4)
    calm.advance(20)
    quick.advance(20)
    np.testing.assert_array_equal(calm.trace["tuned"], quick.trace["tuned"])
    assert quick.trace["gap"][-1] < calm.trace["gap"][-1]


@pytest.mark.parametrize("pushes", ["circle", "opposite"])
def test_the_walk_is_drawn_in_the_plane_and_links_its_points(pushes):
    picture = run(pushes=pushes).picture()
    assert picture["walk"].shape == (9, 2)
    assert picture["links"].shape == (8, 4)
    np.testing.assert_array_equal(picture["links"][:, 2:], picture["walk"][1:])
    assert picture["valley"].shape == picture["paces"].shape


def test_grab_balances_once_the_start_is_forgotten():
    session = run(80, order="GraB", pace=0.4, n=64)
    stray = session.trace["herding"]
    assert stray[:5].min() > 3
    assert stray[-10:].max() < 1.5


def test_a_gap_at_the_slider_is_the_same_function_as_the_tuned_one():
    session = run(30, pace=0.1)
    valley, paces = session.picture()["valley"], session.picture()["paces"]
    gap = session.trace["gap"][-1]
    between = np.interp(np.log(0.1), np.log(paces), np.log(valley))
    assert np.log(gap) == pytest.approx(between, abs=0.1)
    assert valley.min() == pytest.approx(
        session.trace["tuned"][-1], rel=1e-6
    )  # pictures are float32


@pytest.mark.parametrize("n", [8, 32, 128])
def test_a_random_walk_on_the_circle_strays_as_far_as_the_claim_derives(n):
    """1.091: mean largest norm of a Brownian bridge in the plane; a step misses 0.58 of it."""
    backend = Backend("cpu", "float64")
    orders = Rng(0, backend=backend).uniform("order", (4000, n)).argsort(-1)
    stray = discrepancy(finite_sums.circle(n, backend), orders).mean()
    derived = 1.0912 * (n / 2 * n / (n - 1)) ** 0.5 - 0.5826 * 0.5**0.5
    assert float(stray) == pytest.approx(derived, rel=0.03)


def test_the_gap_at_each_pace_is_recorded_and_the_least_is_the_tuned_one():
    trace = run(20).trace
    np.testing.assert_array_equal(trace["gaps"].min(1), trace["tuned"])
