"""Annealed masks: survivors always present, the others by lot and ever less, none in the end."""

import numpy as np
import pytest
import torch

from lab.core.mlp import Mlp
from lab.engine import Session
from lab.experiments.sparsity.subnetwork_annealing import SubnetworkAnnealing, chance, share

NET = Mlp((144, 10, 10, 10))
STEPS = 20


def run(steps, method="annealed", **controls):
    controls = SubnetworkAnnealing.controls_for(
        hidden=10, tune=STEPS, method=method, kept=0.1, **controls
    )
    session = Session(SubnetworkAnnealing, controls, seed=1)
    session.advance(steps)
    return session


def count(flat):
    return sum(int(part.sum()) for part in NET.weights(flat))


@pytest.fixture(scope="module")
def soft():
    return run(3)


def test_survivors_are_always_present_and_others_by_lot(soft):
    alive, present = soft.state["alive"], soft.state["present"]
    assert count(alive) == round(0.1 * NET.weights_size)
    assert bool(present[alive].all())
    others = (count(present) - count(alive)) / (NET.weights_size - count(alive))
    assert others == pytest.approx(0.5 * (1 - 2 / 10), abs=0.05)
    assert bool((soft.state["w"][~alive] != 0).any())


def test_in_the_end_the_mask_is_hard_and_what_runs_are_the_survivors():
    session = run(STEPS)
    state = session.state
    assert torch.equal(state["present"], state["alive"])
    assert bool((state["w"][~state["alive"]] == 0).all())
    assert session.trace["run"][-1] == session.trace["accuracy"][-1]
    assert session.trace["present"][-1] == pytest.approx(0.1, abs=0.001)


def test_one_cut_never_brings_a_weight_back():
    state = run(1, "at once").state
    assert torch.equal(state["present"], state["alive"])
    assert count(state["alive"]) == round(0.1 * NET.weights_size)


def test_stages_leave_the_same_fraction_each():
    session = run(STEPS, "gradual")
    present = np.unique(np.asarray(session.trace["present"]))[::-1]
    np.testing.assert_allclose(present, 0.1 ** (np.arange(5) / 4), atol=2e-3)


def test_the_chance_falls_to_nothing_and_the_last_stage_leaves_what_is_kept():
    c = type("C", (), dict(method="annealed", start=0.8, annealed=0.5, tune=10, kept=0.16))
    assert [round(chance(c, k), 2) for k in range(7)] == [0.8, 0.64, 0.48, 0.32, 0.16, 0.0, 0.0]
    assert share(c, 0) == pytest.approx(0.16**0.25)
    assert share(c, 4) == share(c, 9) == 0.16
