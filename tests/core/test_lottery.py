"""A cut keeps the largest of the living; rewinding gives them back what they started with."""

import torch

from lab.core.lottery import by_inputs, cut, tune
from lab.core.mlp import Mlp
from lab.core.random import Rng

NET = Mlp((6, 5, 3))
START, W = NET.init(Rng(0)), NET.init(Rng(1))


def living(found):
    return torch.cat([part.flatten() for part in NET.weights(found["alive"])])


def test_the_largest_stay_and_go_on():
    found = cut(NET, W, 0.4)
    alive = living(found)
    assert int(alive.sum()) == 18
    sizes = torch.cat([part.abs().flatten() for part in NET.weights(W)])
    assert sizes[alive].min() > sizes[~alive].max()
    assert torch.equal(found["w"], W * found["alive"])
    assert all(bool((m["all"] == 0).all()) for m in found["memory"].values())


def test_rewinding_takes_the_start_under_the_mask_of_the_trained():
    on, back = cut(NET, W, 0.4), cut(NET, W, 0.4, start=START)
    assert torch.equal(on["alive"], back["alive"])
    assert torch.equal(back["w"], START * back["alive"])


def test_the_dead_stay_dead_also_where_their_start_was_large():
    first = cut(NET, W, 0.5)
    second = cut(NET, START, 0.3, alive=first["alive"])
    assert bool(living(first)[living(second)].all()) and int(living(second).sum()) == 14
    lot = [torch.rand(p.shape, generator=torch.Generator().manual_seed(1)) for p in NET.weights(W)]
    other = cut(NET, W, 0.3, alive=first["alive"], scores=lot)
    assert bool(living(first)[living(other)].all())


def test_scores_by_inputs_compare_layers_of_unlike_width():
    weights = [torch.full((4, 100), 0.1), torch.full((2, 4), -0.5)]
    scores = by_inputs(weights)
    torch.testing.assert_close(scores[0], torch.ones(4, 100))
    torch.testing.assert_close(scores[1], torch.ones(2, 4))


def test_tuning_is_the_networks_own_training_with_a_falling_rate():
    data = {"x": torch.randn(20, 6, generator=torch.Generator().manual_seed(2))}
    data["y"] = torch.arange(20) % 3
    state = {**cut(NET, W, 0.5), "kept": 7}
    expect = NET.trained(data, Rng(5), steps=8, start=W, alive=state["alive"], batch=4, l2=1e-2)
    for t in range(8):
        state = tune(NET, state, data, Rng(5, t), t, 8, rate=3e-3, l2=1e-2, batch=4)
    assert torch.equal(state["w"], expect) and state["kept"] == 7
    assert bool((state["w"][~state["alive"]] == 0).all())
