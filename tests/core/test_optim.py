"""AdamW and SGD beside torch's."""

import pytest
import torch

from lab.core.optim import SGD, AdamW


def _weights(dtype):
    generator = torch.Generator().manual_seed(0)
    shapes = {"a": (5, 3), "b": (7,)}
    return {
        name: torch.randn(shape, generator=generator, dtype=dtype) for name, shape in shapes.items()
    }


def _gradients(weights, k):
    """Of different size and sign at each step, and zero now and then."""
    return {
        name: (w + 0.1 * k).sin() * 10.0 ** (k % 5 - 2) * (k % 7 > 0) for name, w in weights.items()
    }


@pytest.mark.parametrize("dtype, near", [(torch.float64, 1e-13), (torch.float32, 2e-5)])
def test_equals_torch_while_rate_and_decay_change(dtype, near):
    weights = _weights(dtype)
    theirs = {name: torch.nn.Parameter(w.clone()) for name, w in weights.items()}
    peer = torch.optim.AdamW(theirs.values(), betas=(0.9, 0.98), eps=1e-6)
    memory = AdamW.init(weights)
    for k in range(200):
        lr, decay = 0.01 / (1 + k), 0.5 * (k % 3)
        gradients = _gradients(weights, k)
        for group in peer.param_groups:
            group["lr"], group["weight_decay"] = lr, decay
        for name, parameter in theirs.items():
            parameter.grad = gradients[name].clone()
        peer.step()
        optimiser = AdamW(lr, 0.9, 0.98, 1e-6, decay)
        weights, memory = optimiser.step(weights, gradients, memory, k)
        for name in weights:
            torch.testing.assert_close(weights[name], theirs[name].data, rtol=near, atol=near)


def test_same_defaults_as_torch():
    theirs = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))]).defaults
    ours = AdamW()
    assert (ours.lr, (ours.beta1, ours.beta2)) == (theirs["lr"], theirs["betas"])
    assert (ours.eps, ours.decay) == (theirs["eps"], theirs["weight_decay"])


def test_overwrites_nothing():
    weights = _weights(torch.float64)
    memory = AdamW.init(weights)
    before = {name: w.clone() for name, w in weights.items()}
    AdamW().step(weights, _gradients(weights, 1), memory, 0)
    for name, w in weights.items():
        assert torch.equal(w, before[name])
        assert not memory["mean"][name].any() and not memory["square"][name].any()


def test_lanes_of_a_batch_are_single_steps():
    """Memory, weights and gradients that differ, though the rate is one; in any layout."""
    lanes = [_weights(torch.float64), {n: w.cos() for n, w in _weights(torch.float64).items()}]
    optimiser, k = AdamW(0.1, 0.9, 0.98, decay=0.3), 4

    def one(weights):
        memory = {"mean": weights, "square": {name: w * w for name, w in weights.items()}}
        return optimiser.step(weights, {n: 3 * w.sin() for n, w in weights.items()}, memory, k)

    together = torch.func.vmap(one)({n: torch.stack([w[n] for w in lanes]) for n in lanes[0]})
    for i, weights in enumerate(lanes):
        turned = {"a": weights["a"].T.contiguous().T, "b": weights["b"]}
        for found in (one(weights), one(turned)):
            for name in weights:
                torch.testing.assert_close(together[0][name][i], found[0][name])
                for part in ("mean", "square"):
                    torch.testing.assert_close(together[1][part][name][i], found[1][part][name])


def test_rate_and_decay_may_differ_between_lanes():
    weights = _weights(torch.float64)
    gradients, memory = _gradients(weights, 3), AdamW.init(weights)
    rates = torch.tensor([0.1, 0.01, 0.0], dtype=torch.float64)

    def one(lr):
        return AdamW(lr, decay=lr).step(weights, gradients, memory, 2)[0]

    lanes = torch.func.vmap(one)(rates)
    for i, lr in enumerate(rates.tolist()):
        for name, w in one(lr).items():
            torch.testing.assert_close(lanes[name][i], w, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("momentum, nesterov", [(0.0, False), (0.9, False), (0.9, True)])
def test_descent_equals_torch_while_rate_and_decay_change(momentum, nesterov):
    weights = _weights(torch.float64)
    theirs = {name: torch.nn.Parameter(w.clone()) for name, w in weights.items()}
    peer = torch.optim.SGD(theirs.values(), momentum=momentum, nesterov=nesterov)
    memory = SGD.init(weights)
    for k in range(100):
        lr, decay = 0.01 / (1 + k), 0.5 * (k % 3)
        gradients = _gradients(weights, k)
        for group in peer.param_groups:
            group["lr"], group["weight_decay"] = lr, decay
        for name, parameter in theirs.items():
            parameter.grad = gradients[name].clone()
        peer.step()
        before = {name: w.clone() for name, w in weights.items()}
        after, memory = SGD(lr, momentum, nesterov, decay).step(weights, gradients, memory, k)
        for name in weights:
            assert torch.equal(before[name], weights[name])
            torch.testing.assert_close(after[name], theirs[name].data, rtol=1e-12, atol=1e-12)
        weights = after


def test_momentum_on_a_parabola_shrinks_as_its_closed_form():
    """x'' = -x is damped by sqrt(momentum) a step when the roots are complex."""
    weights = {"x": torch.tensor([1.0], dtype=torch.float64)}
    memory, sizes = SGD.init(weights), []
    for k in range(400):
        weights, memory = SGD(0.1, 0.81).step(weights, {"x": weights["x"]}, memory, k)
        sizes.append((weights["x"] ** 2 + memory["push"]["x"] ** 2).item())
    assert (sizes[-1] / sizes[199]) ** (1 / 400) == pytest.approx(0.9, rel=5e-3)
