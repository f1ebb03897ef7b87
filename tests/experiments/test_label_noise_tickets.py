"""Tickets under label noise: rounds, rewinding, and which round is the ticket."""

import numpy as np
import pytest
import torch

from lab.core.backend import Backend
from lab.core.calibration import kl_to_conditional
from lab.core.mlp import Mlp
from lab.core.problems.labels import flipped
from lab.core.problems.reber import Reber
from lab.core.random import Rng
from lab.engine import Session
from lab.experiments.sparsity.label_noise_tickets import HELD, LabelNoiseTickets, ticket

NET = Mlp((10, 8, 8, 2))


def run(steps, **controls):
    controls = LabelNoiseTickets.controls_for(**{"width": 8, "tune": 5, "share": 0.5, **controls})
    session = Session(LabelNoiseTickets, controls, seed=1)
    session.advance(steps)
    return session


@pytest.fixture(scope="module")
def ended():
    return run(100)


def test_half_goes_in_each_round_until_few_are_left(ended):
    assert [row["left"] for row in ended.state["table"]] == [160, 80, 40]
    alive = torch.cat([part.flatten() for part in NET.weights(ended.state["alive"])])
    assert int(alive.sum()) == 40


def test_what_is_recorded_is_of_the_inputs_that_chose_nothing(ended):
    test, last = ended.given.data["test"], ended.state["table"][-1]
    assert len(test["x"]) == len(ended.given.data["held"]["x"]) == HELD
    assert not torch.equal(test["x"], ended.given.data["held"]["x"])
    logits = NET.logits(ended.state["w"], test["x"])
    odds = torch.where(test["y"][:, None] == torch.arange(2), 0.8, 0.2)
    assert last["kl"] == pytest.approx(float(kl_to_conditional(odds, logits)))
    right = (logits.argmax(1) == test["y"]).float().mean()
    assert ended.trace["accuracy"][-1] == pytest.approx(float(right))
    assert ended.trace["dense_kl"][-1] == pytest.approx(ended.trace["kl"][0])


def test_each_cut_rewinds_to_the_first_weights():
    session = run(1)
    state = session.state
    assert torch.equal(state["w"], session.given.start * state["alive"])
    for rank in ("raw", "random"):
        other = run(1, rank=rank).state["alive"]
        assert int(other.sum()) == int(state["alive"].sum())
        assert not torch.equal(other, state["alive"])


def test_words_are_told_wrongly_to_learn_from_and_rightly_to_judge_by():
    data = run(0, problem="reber", shown=1000).given.data
    words = Reber().split(Rng(1, -1), Backend(), 1000, 2 * HELD)
    assert torch.equal(data["test"]["y"], words["test"]["y"][HELD:])
    told = flipped(words["train"]["y"], 0.2, 2, Rng(1), "teacher/train/flip")
    assert torch.equal(data["train"]["y"], told)
    assert not torch.equal(told, words["train"]["y"])


def test_the_ticket_is_the_best_round_with_its_neighbours():
    rows = [{"chosen": v, "left": i} for i, v in enumerate((0.80, 0.70, 0.78, 0.79, 0.6))]
    assert ticket(rows)["left"] == 1
    assert ticket(rows[:1])["left"] == 0


def test_odds_of_answers_are_drawn_against_what_comes_true(ended):
    picture = ended.picture()
    assert len(picture["told"]) == len(picture["came true"]) <= 15
    assert np.all((picture["told"] >= 0.5) & (picture["told"] <= 1))
    assert np.all((picture["came true"] >= 0.2 - 1e-6) & (picture["came true"] <= 0.8 + 1e-6))
    assert picture["left"].tolist() == [160.0, 80.0, 40.0]
