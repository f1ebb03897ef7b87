"""Soups: one mask for all members, the mean is theirs, the line is what it says."""

import numpy as np
import pytest
import torch

from lab.core.pairs import pair
from lab.engine import Session
from lab.experiments.sparsity.sparse_model_soups import POINTS, REBER, SparseModelSoups

NET = pair(REBER).net
SMALL = dict(members=2, tune=6, net=REBER)


def run(steps=None, **controls):
    controls = SparseModelSoups.controls_for(**{**SMALL, **controls})
    session = Session(SparseModelSoups, controls, seed=1)
    session.advance(steps or 50)
    return session


@pytest.fixture(scope="module")
def soup():
    return run()


def test_members_differ_under_one_mask_and_the_average_keeps_it(soup):
    members = soup.state["members"]
    kept = sum(int(w.sum()) for w in NET.weights(members[0]["alive"]))
    assert kept == round(0.1 * NET.weights_size)
    for member in members:
        assert torch.equal(member["alive"], members[0]["alive"])
        assert bool((member["w"][~member["alive"]] == 0).all())
    assert not torch.equal(members[0]["w"], members[1]["w"])
    assert soup.trace["density"][-1] == pytest.approx(kept / NET.weights_size)


def test_what_is_recorded_is_the_mean_of_the_weights(soup):
    test = soup.given.data["test"]
    weights = [member["w"] for member in soup.state["members"]]
    right = [float(NET.accuracy(w, **test)) for w in weights]
    mean = torch.stack(weights).mean(0)
    assert soup.trace["accuracy"][-1] == pytest.approx(float(NET.accuracy(mean, **test)))
    assert soup.trace["member"][-1] == pytest.approx(np.mean(right))
    assert soup.trace["best"][-1] == pytest.approx(max(right))
    line = soup.picture()["loss"]
    assert len(line) == POINTS
    placed = {name: part[:1000] for name, part in test.items()}
    assert line[-1] == pytest.approx(float(NET.loss(weights[-1], **placed)), rel=1e-5)


def test_other_starts_have_other_masks_and_a_denser_average():
    session = run(vary="starts")
    members = session.state["members"]
    assert not torch.equal(members[0]["alive"], members[1]["alive"])
    assert session.trace["density"][-1] > 0.15


def test_with_decay_alone_the_first_two_see_the_same_batches_and_one_member_is_itself():
    found = [run(2, vary=vary).state["members"] for vary in ("decay", "batches")]
    apart = [float((m[0]["w"] - m[1]["w"]).norm()) for m in found]
    assert 0 < apart[0] < apart[1]
    assert run(members=1).trace["rise"][-1] == pytest.approx(0, abs=1e-6)


def test_a_new_cycle_starts_from_the_average():
    before, after = (run(steps, cycles=2).state["members"] for steps in (7, 8))
    mean = torch.stack([member["w"] for member in before]).mean(0)
    for member in after:
        torch.testing.assert_close(member["w"], mean * member["alive"])
        assert bool(before[0]["alive"][member["alive"]].all())
    weights = sum(int(w.sum()) for w in NET.weights(after[0]["alive"]))
    assert weights == round(0.1 * NET.weights_size)


def test_a_random_mask_is_one_for_all_and_its_cuts_are_nested():
    first, second = (run(steps, score="random", cycles=2).state["members"] for steps in (1, 8))
    for members in (first, second):
        assert torch.equal(members[0]["alive"], members[1]["alive"])
    assert bool(first[0]["alive"][second[0]["alive"]].all())
    assert not torch.equal(first[0]["alive"], run(1, cycles=2).state["members"][0]["alive"])
