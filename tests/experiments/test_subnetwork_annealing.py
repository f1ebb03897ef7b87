"""Annealed masks: survivors always present, the others by lot and ever less, none in the end."""

import numpy as np
import pytest
import torch

from lab.core.pairs import pair
from lab.engine import Session
from lab.experiments.sparsity.subnetwork_annealing import (
    REBER,
    SubnetworkAnnealing,
    chances,
    share,
)

NET = pair(REBER).net
STEPS = 20


def run(steps, method="annealed", **controls):
    controls = SubnetworkAnnealing.controls_for(
        net=REBER, tune=STEPS, method=method, kept=0.1, **controls
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


def test_at_a_temperature_survivors_are_absent_as_often_as_others_are_present():
    state = run(1, "temperature").state
    alive, present = (torch.cat([p.flatten() for p in NET.weights(state[name])])
                      for name in ("alive", "present"))  # fmt: skip
    kept = 1 / (1 + np.exp(-1))
    assert float(present[alive].float().mean()) == pytest.approx(kept, abs=0.04)
    assert float(present[~alive].float().mean()) == pytest.approx(1 - kept, abs=0.02)
    biases = [(a, p) for (_, a), (_, p) in zip(NET.layers(state["alive"]),
                                               NET.layers(state["present"]))]  # fmt: skip
    assert all(bool(a.all() and p.all()) for a, p in biases)


def test_a_random_mask_is_the_same_for_all_methods_and_not_that_of_magnitudes():
    lot, again = (
        run(1, method, score="random").state["alive"] for method in ("at once", "annealed")
    )
    assert count(lot) == round(0.1 * NET.weights_size)
    assert torch.equal(lot, again)
    assert not torch.equal(lot, run(1).state["alive"])


def test_chances_fall_to_those_of_a_hard_mask_and_the_last_stage_leaves_what_is_kept():
    c = type(
        "C", (), dict(method="annealed", start=0.8, heat=0.5, annealed=0.5, tune=10, kept=0.16)
    )
    found = [chances(c, k) for k in range(7)]
    assert [stays for stays, _ in found] == [1.0] * 7
    assert [round(p, 2) for _, p in found] == [0.8, 0.64, 0.48, 0.32, 0.16, 0.0, 0.0]
    c.method = "temperature"
    found = [chances(c, k) for k in range(7)]
    logits = [np.log(stays / back) for stays, back in found[:5]]
    np.testing.assert_allclose(logits, [1 / (0.5 * (1 - k / 5)) for k in range(5)])
    assert found[5:] == [(1.0, 0.0)] * 2
    assert share(c, 0) == pytest.approx(0.16**0.25)
    assert share(c, 4) == share(c, 9) == 0.16
