"""Blocks keep exactly N, the static mask never moves, what is dead and faded stands still."""

import pytest
import torch

from lab.core.pairs import pair
from lab.engine import Session
from lab.experiments.sparsity.n_of_m_training import DIGITS, WORDS


def run(steps, **controls):
    session = Session("n-of-m-training", controls={"length": 40, **controls}, seed=2)
    session.advance(steps)
    return session


def counts(state, m):
    return [
        mask.view(len(mask), -1, m).sum(-1) for mask in pair(DIGITS).net.weights(state["alive"])[:2]
    ]


@pytest.mark.parametrize("rule", ["straight", "exponential", "static"])
@pytest.mark.parametrize(("n", "m"), [(1, 16), (2, 4)])
def test_every_block_keeps_as_many(rule, n, m):
    state = run(3, rule=rule, n=n, m=m).state
    assert all((count == n).all() for count in counts(state, m))
    assert pair(DIGITS).net.weights(state["alive"])[2].all()


def test_layers_that_the_widest_block_does_not_divide_stay_whole():
    first, *between, last = pair(WORDS).net.weights(run(1, net=WORDS).state["alive"])
    assert first.all() and last.all()
    assert [mask.sum() for mask in between] == [64 * 64 / 16] * 2


def test_structure_starts_with_nearly_all_and_dense_with_all():
    assert all((count == 15).all() for count in counts(run(1, rule="structure").state, 16))
    assert run(2, rule="dense").state["alive"].all()


def test_static_masks_stay_and_straight_ones_move():
    for rule, moves in (("static", False), ("straight", True)):
        session = run(0, rule=rule)
        before = session.state["alive"].clone()
        session.advance(12)
        assert bool((session.state["alive"] != before).any()) == moves
        assert (max(session.trace["flips"]) > 0) == moves


def test_faded_weights_stand_still():
    session = run(31)  # the decay ends at 30
    before, dead = session.state["w"].clone(), ~session.state["alive"]
    session.advance(1)
    drift = (session.state["w"] - before).abs()
    # Only Adam's memory of the time before still moves them.
    assert drift[dead].mean() < 0.2 * drift[~dead].mean()
    assert torch.equal(session.state["last"][dead & ~session.state["alive"]].unique(),
                       torch.zeros(1))  # fmt: skip


def test_the_variance_is_half_the_squared_change():
    session = run(1, rule="straight")
    before = session.state["last"].clone()
    session.advance(1)
    expected = (session.state["last"] - before).square().sum() / 2
    assert float(session.state["told"]["noise"]) == pytest.approx(float(expected), rel=1e-5)
