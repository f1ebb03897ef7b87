"""The network in one vector: its gradient is autograd's, its layers are views."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from lab.core.backend import Backend
from lab.core.mlp import Mlp, layer_inputs, minibatch, side_by_side
from lab.core.random import Rng

DOUBLE = Backend("cpu", "float64")


def problem(widths=(6, 5, 4, 3), n=16):
    net, rng = Mlp(widths), Rng(0, -1, DOUBLE)
    data = {"x": rng.normal("x", (n, widths[0])), "y": rng.integers("y", 0, widths[-1], (n,))}
    return net, net.init(rng), data


@pytest.mark.parametrize("widths", [(6, 3), (6, 5, 3), (6, 5, 4, 3)])
def test_gradient_equals_autograd(widths):
    net, flat, data = problem(widths)
    loss, gradient = net.gradient(flat, data["x"], data["y"])
    leaf = flat.clone().requires_grad_()
    x = data["x"]
    for i, (weights, biases) in enumerate(net.layers(leaf)):
        x = x @ weights.T + biases
        if i < len(net.shapes) - 1:
            x = x.relu()
    expect = cross_entropy(x, data["y"])
    expect.backward()
    torch.testing.assert_close(loss, expect.detach())
    torch.testing.assert_close(gradient, leaf.grad)
    torch.testing.assert_close(net.loss(flat, data["x"], data["y"]), expect.detach())


def test_layers_are_views_and_masks_have_their_layout():
    net, flat, _ = problem()
    assert flat.numel() == net.size == 6 * 5 + 5 + 5 * 4 + 4 + 4 * 3 + 3
    assert net.weights_size == 6 * 5 + 5 * 4 + 4 * 3
    for (weights, biases), shape in zip(net.layers(flat), net.shapes):
        assert tuple(weights.shape) == shape
        assert weights.untyped_storage().data_ptr() == flat.untyped_storage().data_ptr()
        assert bool((biases == 0).all())
    masks = [w > 0 for w in net.weights(flat)]
    alive = net.alive(masks)
    assert all(torch.equal(m, a) for m, a in zip(masks, net.weights(alive)))
    assert all(bool(biases.all()) for _, biases in net.layers(alive))


def test_what_each_layer_gets_gives_the_answers():
    net, flat, data = problem()
    got = layer_inputs(net, flat, data["x"])
    assert torch.equal(got[0], data["x"]) and [x.shape[1] for x in got] == [6, 5, 4]
    weights, biases = net.layers(flat)[-1]
    torch.testing.assert_close(got[-1] @ weights.T + biases, net.logits(flat, data["x"]))


def test_start_has_the_variance_of_he():
    net = Mlp((200, 300, 10))
    for weights, (_, into) in zip(net.weights(net.init(Rng(1, -1, DOUBLE))), net.shapes):
        assert float(weights.var()) == pytest.approx(2 / into, rel=0.1)


def test_trained_learns_and_repeats_itself():
    net, _, data = problem((6, 40, 3), n=40)
    flat = net.trained(data, Rng(3, -1, DOUBLE), steps=200, rate=0.02, batch=10)
    assert float(net.accuracy(flat, data["x"], data["y"])) > 0.9
    again = net.trained(data, Rng(3, -1, DOUBLE), steps=200, rate=0.02, batch=10)
    assert torch.equal(flat, again)


def test_minibatch_takes_pairs():
    data = {"x": torch.arange(9.0)[:, None], "y": torch.arange(9)}
    x, y = minibatch(data, Rng(0, 4), 5)
    assert torch.equal(x[:, 0].long(), y)
    assert not torch.equal(y, minibatch(data, Rng(0, 5), 5)[1])


def test_side_by_side_centres_and_leaves_gaps():
    shown = side_by_side([torch.ones(3, 2), 2 * torch.ones(1, 1)], 1, -1.0)
    assert shown.tolist() == [[1, 1, -1, -1], [1, 1, -1, 2], [1, 1, -1, -1]]


def test_widths_are_checked():
    with pytest.raises(ValueError, match="from the input to the classes"):
        Mlp((4,))


def test_what_is_cut_stays_zero_while_the_rest_is_trained():
    net, flat, data = problem((6, 40, 3), n=40)
    alive = net.alive([w > 0 for w in net.weights(flat)])
    left, memory = net.cut(flat, net.memory(flat), alive)
    for k in range(5):
        _, left, memory = net.descend(
            left, memory, (data["x"], data["y"]), k, rate=0.02, l2=1e-3, alive=alive
        )
    assert not bool(left[~alive].any())
    assert not bool(memory["mean"]["all"][~alive].any())
    assert bool((left[alive] != flat[alive]).any())


def test_training_goes_on_from_a_start_and_leaves_it_alone():
    net, flat, data = problem((6, 40, 3), n=40)
    alive, before = net.alive([w > 0 for w in net.weights(flat)]), flat.clone()
    rng = Rng(3, -1, DOUBLE)
    tuned = net.trained(data, rng, steps=30, rate=0.02, batch=10, start=flat, alive=alive)
    assert torch.equal(flat, before)
    assert not bool(tuned[~alive].any())
    assert float(net.loss(tuned, data["x"], data["y"])) < float(
        net.loss(flat * alive, data["x"], data["y"])
    )
