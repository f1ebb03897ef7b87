"""Brain surgeon by blocks: counts stay, the model is the surgeon's own, only the mask changes."""

import pytest
import torch

from lab.core.brain_surgeon import BrainSurgeon, ExampleGradients
from lab.core.pairs import pair
from lab.engine import Session
from lab.experiments.sparsity.combinatorial_brain_surgeon import (
    DIGITS,
    SHOWN,
    WORDS,
    CombinatorialBrainSurgeon,
)

NET = pair(DIGITS).net


def session(**controls):
    found = CombinatorialBrainSurgeon.controls_for(kept=0.2, blocks=6, **controls)
    return Session(CombinatorialBrainSurgeon, found, seed=1)


@pytest.mark.parametrize("expand", ["each block", "once"])
def test_blocks_swap_and_keep_the_count(expand):
    run = session(expand=expand)
    before = run.state["alive"].clone()
    run.advance(6)
    after = run.state["alive"]
    assert run.sentence.startswith("6 blocks")
    assert after.sum() == before.sum() and not torch.equal(after, before)
    assert run.trace["swaps"][-1] >= int((after & ~before).sum())
    assert max(run.trace["fall"]) <= 0
    assert bool(torch.cat([b for _, b in NET.layers(after)]).all())


def test_the_model_made_once_is_followed_step_by_step():
    run = session(expand="once")
    run.advance(6)
    x, y = (part[:SHOWN] for part in run.given.data["train"].values())
    w = run.given.dense
    gradients = ExampleGradients(NET, w, x, y)
    promised = BrainSurgeon().model(gradients, w * run.state["alive"] - w) + NET.loss(w, x, y)
    assert run.trace["model"][-1] == pytest.approx(float(promised), rel=1e-3)


def test_a_model_for_each_block_starts_from_the_truth():
    run = session()
    run.advance(6)
    loss, model, fall = (run.trace[name] for name in ("loss", "model", "fall"))
    assert model[1:] == pytest.approx(loss[:-1] + fall[1:], rel=1e-5)
    assert loss[-1] < loss[0]


def test_without_blocks_the_run_ends_at_once():
    run = Session(
        CombinatorialBrainSurgeon, CombinatorialBrainSurgeon.controls_for(blocks=0), seed=1
    )
    run.advance(5)
    assert run.head == 0 and run.sentence.startswith("0 blocks")
    picture = run.picture()
    assert picture["alive"].shape == picture["weights"].shape
    assert picture["inputs"].sum() == NET.weights(run.state["alive"])[0].sum()


def test_words_are_drawn_as_letters_by_places():
    run = session(net=WORDS)
    run.advance(1)
    inputs = run.picture()["inputs"]
    assert inputs.shape == (7, 10)
    first = pair(WORDS).net.weights(run.state["alive"])[0]
    assert inputs[2, 4] == first[:, 4 * 7 + 2].sum()
