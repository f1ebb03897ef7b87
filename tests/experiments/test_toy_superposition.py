"""The best start is shown, and two presets end as their words say."""

import numpy as np
import pytest
import torch

from lab.engine import Session
from lab.experiments.theory_toys.toy_superposition import ToySuperposition


def run(steps, **controls):
    session = Session("toy-superposition", controls={"starts": 4, **controls}, seed=3)
    session.advance(steps)
    return session


def test_rare_features_form_a_pentagon():
    session = run(400)
    assert session.trace["stored"][-1] == 5
    assert 67 < session.trace["narrow"][-1] < session.trace["wide"][-1] < 77
    np.testing.assert_allclose(session.trace["share"][-1], 0.4, atol=0.03)
    picture = session.picture()
    np.testing.assert_allclose(picture["overlap"], picture["features"] @ picture["features"].T,
                               atol=1e-6)  # fmt: skip
    np.testing.assert_array_equal(picture["spokes"][:, 2:], picture["features"])


def test_a_linear_network_keeps_the_most_important_two():
    session = run(400, relu=False)
    share = session.trace["share"][-1]
    assert share[:2].min() > 0.9 and share[2:].max() < 0.1


def test_the_start_that_loses_least_is_shown():
    state = run(20).state
    best = int(state["loss"].argmin())
    torch.testing.assert_close(ToySuperposition.best(state), state["weights"]["w"][best])


def test_keeping_nothing_loses_all():
    assert run(0).trace["lost"][0] == pytest.approx(1.0)


def test_eight_features_fill_three_dimensions_evenly():
    session = run(600, n=8, m=3, importance=1)
    assert session.trace["stored"][-1] == 8
    np.testing.assert_allclose(session.trace["share"][-1], 3 / 8, atol=0.03)


def test_other_dimensions_are_drawn_too():
    for n, m in ((3, 1), (6, 3)):
        assert run(2, n=n, m=m).picture()["features"].shape == (n, 2)
