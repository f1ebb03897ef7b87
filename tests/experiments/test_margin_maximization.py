"""The largest margin: what is observed is what it says, and theory's weights get full marks."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lab.core import margins
from lab.engine import Session
from lab.experiments.grokking.margin_maximization import MarginMaximization

SMALL = MarginMaximization.controls_for(group="Z7", width=48)


@pytest.fixture(scope="module")
def run():
    session = Session(MarginMaximization, SMALL, seed=0)
    session.advance(600)
    return session


def test_margin_by_numpy(run):
    W = {name: w.double().numpy() for name, w in run.state["weights"].items()}
    logits = (W["left"][:, None] + W["right"]) ** 2 @ W["out"].T
    answer = np.add.outer(np.arange(7), np.arange(7)) % 7
    right = np.take_along_axis(logits, answer[..., None], 2)
    np.put_along_axis(logits, answer[..., None], -np.inf, 2)
    cubed = (sum((w**2).sum(0) for w in W.values()) ** 1.5).sum()
    share = (right[..., 0] - logits.max(2)).min() / cubed / margins.addition_optimum(7)
    assert run.trace["margin"][-1] == pytest.approx(share, rel=1e-4)
    assert 0.95 < share < 1


def test_neurons_are_waves_by_numpy(run):
    W = np.stack([w.double().numpy() for w in run.state["weights"].values()])
    fourier = np.fft.rfft(W, axis=1)[:, 1:]
    power = (np.abs(fourier) ** 2).sum(0)
    length = np.sqrt((W**2).sum((0, 1)))
    alive = length >= 0.05 * length.max()
    share = (power.max(0) / power.sum(0))[alive]
    assert run.trace["alive"][-1] == alive.sum()
    assert run.trace["mean_purity"][-1] == pytest.approx(share.mean(), abs=0.02)
    best = power.argmax(0)
    angle = np.angle(np.take_along_axis(fourier, best[None, None], 1)[:, 0]) / (2 * np.pi)
    miss = (angle[0] + angle[1] - angle[2])[alive]
    assert run.trace["phase"][-1] == pytest.approx(np.abs(miss - miss.round()).mean(), abs=1e-4)
    points = run.picture()["points"]
    assert len(points) == alive.sum()
    np.testing.assert_allclose(points[:, 0], points[:, 1], atol=0.03)
    assert set(best[alive]) == {0, 1, 2} and run.trace["found"][-1] == 1


def test_the_weights_of_theory_have_the_largest_margin():
    session = Session(MarginMaximization, SMALL)
    weights = {name: w.float() for name, w in margins.addition_network(7).items()}
    seen = MarginMaximization.observe({"weights": weights}, session.given, SimpleNamespace(**SMALL))
    assert float(seen["margin"]) == pytest.approx(1, abs=1e-5)
    assert float(seen["purity"]) == pytest.approx(1) and float(seen["phase"]) < 1e-6
    assert seen["found"] == 1 and seen["alive"] == 48
    torch.testing.assert_close(seen["length"], torch.tensor([0, 1 / 3, 1 / 3, 1 / 3]))


def test_other_groups_have_representations_but_no_phases():
    session = Session(MarginMaximization, MarginMaximization.controls_for(group="S3", width=24))
    session.advance(50)
    assert list(session.picture()["names"]) == ["1a", "1b", "2a"]
    assert session.trace["phase"][-1] == 0 and 0 <= session.trace["margin"][-1] < 1
