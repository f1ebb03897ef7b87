"""The network of two numbers: its gradient beside autograd's, its symmetry, its start."""

import torch

from lab.bench.peers import one_thread
from lab.core.backend import Backend
from lab.core.networks import PairNetwork
from lab.core.optim import AdamW
from lab.core.problems.modular import shown_and_hidden
from lab.core.random import Rng

NETWORK = PairNetwork(p=11, d=6, width=20)
DOUBLE = Backend("cpu", "float64")


def _setting():
    sums = shown_and_hidden(11, 0.5, Rng(3, backend=DOUBLE))
    return NETWORK.init(Rng(3, backend=DOUBLE)), sums["pairs"], sums["answer"]


def test_gradient_is_autograds():
    weights, pairs, answer = _setting()
    followed = {name: w.clone().requires_grad_() for name, w in weights.items()}
    table = followed["embed"] @ followed["hidden"]
    logits = table[pairs].sum(1).relu() @ followed["out"].T
    theirs = torch.nn.functional.cross_entropy(logits, answer)
    theirs.backward()
    loss, gradient = NETWORK.gradient(weights, pairs, answer)
    torch.testing.assert_close(loss, theirs.detach(), rtol=1e-13, atol=0)
    assert gradient.keys() == weights.keys()
    for name, g in gradient.items():
        torch.testing.assert_close(g, followed[name].grad, rtol=1e-12, atol=1e-15)


def test_gradient_is_that_of_differences():
    weights, pairs, answer = _setting()

    class Written(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *values):
            loss, ctx.found = NETWORK.gradient(dict(zip(weights, values)), pairs, answer)
            return loss

        @staticmethod
        def backward(ctx, slope):
            return tuple(slope * g for g in ctx.found.values())

    values = [w.clone().requires_grad_() for w in weights.values()]
    assert torch.autograd.gradcheck(Written.apply, values)


def test_loss_of_a_certain_answer_is_its_log_share():
    """Where a share is too small for a number, and where it is nearly 1."""
    weights, pairs, answer = _setting()
    for scale in (1e4, 30):
        sharp = {**weights, "out": scale * weights["out"]}
        logits = NETWORK.logits(sharp, pairs)
        for right in (answer, logits.argmax(1)):
            theirs = torch.nn.functional.cross_entropy(logits, right)
            loss = NETWORK.gradient(sharp, pairs, right)[0]
            torch.testing.assert_close(loss, theirs, rtol=1e-12, atol=1e-15)


def test_hundred_steps_are_those_of_autograd_and_torchs_adamw():
    """The weights of the plain loop after each step, to 1e-10; 500 long, 24 neurons, modulo 67."""
    rng = Rng(0, backend=DOUBLE)
    sums = shown_and_hidden(67, 0.4, rng)
    n = sums["shown"]
    pairs, answer = sums["pairs"][:n], sums["answer"][:n]
    weights = PairNetwork(67, 500, 24).init(rng)
    followed = {name: torch.nn.Parameter(w.clone()) for name, w in weights.items()}
    peer = torch.optim.AdamW(followed.values(), lr=1e-3, weight_decay=1.0)
    own = AdamW(1e-3, decay=1.0)
    memory = own.init(weights)
    with one_thread():
        for k in range(100):
            peer.zero_grad()
            read = followed["embed"][pairs[:, 0]] + followed["embed"][pairs[:, 1]]
            logits = (read @ followed["hidden"]).relu() @ followed["out"].T
            torch.nn.functional.cross_entropy(logits, answer).backward()
            peer.step()
            gradient = PairNetwork.gradient(weights, pairs, answer)[1]
            weights, memory = own.step(weights, gradient, memory, k)
            for name, w in weights.items():
                torch.testing.assert_close(w, followed[name].detach(), rtol=0, atol=1e-10)


def test_weights_are_not_overwritten():
    weights, pairs, answer = _setting()
    before = {name: w.clone() for name, w in weights.items()}
    NETWORK.gradient(weights, pairs, answer)
    NETWORK.logits(weights, pairs)
    assert all(torch.equal(w, before[name]) for name, w in weights.items())


def test_order_of_the_numbers_does_not_matter():
    weights, pairs, _ = _setting()
    torch.testing.assert_close(
        NETWORK.logits(weights, pairs),
        NETWORK.logits(weights, pairs.flip(1)),
        rtol=1e-13,
        atol=1e-14,
    )


def test_start_is_the_seeds_and_survives_precision():
    single = NETWORK.init(Rng(3))
    double = NETWORK.init(Rng(3, backend=DOUBLE))
    for name, w in single.items():
        assert torch.equal(w, NETWORK.init(Rng(3))[name])
        torch.testing.assert_close(w, double[name].float(), rtol=1e-6, atol=0)
        assert not torch.equal(w, NETWORK.init(Rng(4))[name])
