"""The programme's answer is where nothing is pulled; pulls are gradients; optimism starts plain."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.problems.decision import occupancy
from lab.core.random import Rng
from lab.engine import Session
from lab.experiments.games.optimistic_constrained_mdp import drawn, mixed, pull, two_states

NAME = "optimistic-constrained-mdp"
PROCESSES = [("two states", 0), ("random", 0), ("random", 1), ("random", 2)]


def problem(process, seed):
    return Session(NAME, {"process": process}, seed=seed).given.problem


@pytest.mark.parametrize(("process", "seed"), PROCESSES)
def test_linprog_found_a_saddle_point(process, seed):
    """The budget is met, and under its price no action is better than those that are used."""
    p = problem(process, seed)
    q, g = pull(p, p["policy"], p["occupancy"], p["price"][None])
    assert float(g.abs()) < 1e-9
    best = q.amax(-1, keepdim=True)
    used = p["policy"] > 1e-9
    assert float((best - q)[used].max()) < 1e-9
    assert float((best - q).min()) >= 0
    assert int((used.sum(-1) > 1).sum()) == 1
    assert 0 < float(drawn(p, p["policy"])) < 1


def test_the_two_states_by_hand():
    """The budget b is spent on work alone: reward b, and one more unit of it earns one."""
    p = problem("two states", 0)
    assert float(p["most"]) == pytest.approx(float(p["budget"]))
    assert float(p["price"]) == pytest.approx(1.0)
    assert float(p["occupancy"][0, 0]) == pytest.approx(float(p["budget"]))
    assert float(p["occupancy"][1, 1]) == pytest.approx(0)


@pytest.mark.parametrize(("process", "seed"), PROCESSES)
def test_pulls_are_gradients_of_the_lagrangian(process, seed):
    p = problem(process, seed)
    price = torch.tensor([0.3], dtype=torch.float64, requires_grad=True)
    logits = Rng(seed, backend=Backend(dtype="float64")).normal("logits", p["policy"].shape)
    logits.requires_grad_()
    policy = logits.softmax(-1)
    d = occupancy(p, policy)
    value = (d * (p["reward"] - price * p["cost"])).sum() + price[0] * p["budget"]
    value.backward()
    with torch.no_grad():
        q, g = pull(p, policy, d, price)
        torch.testing.assert_close(price.grad, -g)
        better = q - (policy * q).sum(-1, keepdim=True)
        torch.testing.assert_close(logits.grad, d * better / (1 - p["discount"]))


@pytest.mark.parametrize(("process", "seed"), PROCESSES)
def test_arrows_show_what_a_small_step_does(process, seed):
    session = Session(NAME, {"process": process}, seed=seed)
    p = session.given.problem
    for share, price, across, up in session.given.field[3::40].tolist():
        policy = mixed(p, share)
        q, g = pull(p, policy, occupancy(p, policy), p["price"].new_tensor([price]))
        moved = policy * torch.exp(1e-6 * q)
        moved = moved / moved.sum(-1, keepdim=True)
        assert float(drawn(p, moved) - share) / 1e-6 == pytest.approx(across, abs=1e-5)
        assert float(g) == pytest.approx(up, abs=1e-12)


def test_the_start_is_where_it_was_dragged_to():
    for process in ("two states", "random"):
        session = Session(NAME, {"process": process, "x": 0.2, "y": 1.5})
        session.advance(1)
        assert session.trace["place"][0] == pytest.approx([0.2, 1.5])


def test_optimism_knows_nothing_more_in_its_first_step():
    ends = []
    for optimistic in (True, False):
        session = Session(NAME, {"optimistic": optimistic})
        session.advance(2)
        ends.append(session.trace["place"])
    assert (ends[0][1] == ends[1][1]).all()
    assert (ends[0][2] != ends[1][2]).any()


def test_the_dearer_rest_is_never_cheaper():
    p = two_states(Backend(dtype="float64"))
    assert float(p["cost"][1, 1]) > float(p["cost"][1, 0])
    torch.testing.assert_close(p["moves"].sum(-1), torch.ones(2, 2, dtype=torch.float64))
