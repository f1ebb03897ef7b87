"""Cut and tune: the dead stay dead, tuning is the network's own, pictures are of the masks."""

import pytest
import torch

from lab.core.cut_and_tune import CutAndTune, on_a_path, places
from lab.core.mlp import Mlp
from lab.core.random import Rng

NET = Mlp((4, 6, 3))
RUN = CutAndTune(NET)


def examples():
    return Rng(1).normal("x", (8, 4)), Rng(1).integers("y", 0, 3, (8,))


def masks(share):
    return [Rng(2).uniform("lives", shape, i) < share for i, shape in enumerate(NET.shapes)]


def test_nothing_is_gone_at_first_and_the_start_is_a_copy():
    start = NET.init(Rng(0))
    state = RUN.init(start)
    assert bool(state["alive"].all()) and state["stage"] == "prune"
    state["w"].zero_()
    assert bool(start.any())


def test_the_dead_stay_dead_and_biases_live():
    state = RUN.cut(RUN.init(NET.init(Rng(0))), masks(0.5))
    for _ in range(3):
        _, state = RUN.tune(state, examples(), rate=0.1, l2=1e-3)
    for (w, b), mask in zip(NET.layers(state["w"]), masks(0.5)):
        assert torch.equal(w != 0, mask)
        assert bool((b != 0).any())
    assert torch.equal(torch.cat([m.reshape(-1) for m in RUN.masks(state)]).sum(),
                       sum(m.sum() for m in masks(0.5)))  # fmt: skip
    assert (state["k"], state["tuned"], state["stage"]) == (4, 3, "fine-tune")


def test_without_a_cut_it_is_the_networks_own_step():
    start = NET.init(Rng(0))
    loss, state = RUN.tune(RUN.init(start), examples(), rate=0.01, l2=0.1)
    expected, w, _ = NET.descend(start, NET.memory(start), examples(), 0, rate=0.01, l2=0.1)
    assert torch.equal(state["w"], w) and loss == expected


def test_a_cut_in_between_empties_the_memory_of_the_dead_alone():
    _, state = RUN.tune(RUN.init(NET.init(Rng(0))), examples(), rate=0.01)
    state = RUN.cut(state, masks(0.5))
    for moment in state["memory"].values():
        assert not bool(moment["all"][~state["alive"]].any())
        assert bool(moment["all"][state["alive"]].any())


def test_units_on_a_path():
    first = torch.zeros(6, 4, dtype=torch.bool)
    first[0, 1] = first[1, 2] = True
    last = torch.zeros(3, 6, dtype=torch.bool)
    last[2, 0] = True
    assert on_a_path([first, last]).tolist() == pytest.approx([1 / 4, 1 / 6, 1 / 3])
    assert places(NET) == ["inputs", "hidden 1", "outputs"]


def test_a_column_for_each_neuron():
    state = RUN.cut(RUN.init(NET.init(Rng(0))), masks(0.5))
    picture = RUN.picture(state)
    assert picture["weights"].shape == picture["alive"].shape == (6, 6 + 4 + 3)
    assert torch.equal(picture["alive"][1:5, :6], masks(0.5)[0].T)
    assert bool(picture["weights"][:, 6:10].isnan().all())
    assert picture["names"] == ["4 to 6", "6 to 3"]
