"""All ways of decoding end in the tokens of one by one, and take the calls that they must."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.decoding import Decoding, one_by_one, shades, trajectory
from lab.core.random import Rng
from lab.core.sweeps import Settle
from lab.core.transformer import Transformer

RNG = Rng(0, backend=Backend(dtype="float64"))
END, START, M = 5, 6, 7
NET = Transformer(tokens=7, length=M, width=8, heads=2)
FLAT = 2 * NET.init(RNG)


def after(y):
    """Scores after the start and each token of y."""
    start = torch.full((len(y), 1), START)
    return NET.logits(FLAT, torch.cat([start, y], 1)).argmax(-1)


def guess(n=20):
    return RNG.integers("guess", 0, 5, (n, M))


def decoded(method, predict=lambda y: after(y[:, :-1])):
    state = method.init(guess())
    states = [state]
    while state["open"].any():
        state = method.step(state, predict)
        states.append(state)
    return states


@pytest.mark.parametrize("end", [None, END])
@pytest.mark.parametrize("block", [0, 1, 2, 3])
def test_it_ends_in_the_tokens_of_one_by_one(block, end):
    tokens, counts = one_by_one(lambda y: after(y)[:, -1], guess(), END)
    state = decoded(Decoding(block, end))[-1]
    inside = torch.arange(M) < counts[:, None]
    assert torch.equal(state["y"][inside], tokens[inside])
    assert int(state["calls"].max()) <= Decoding(block, end).finite(M)


def test_one_by_one_takes_a_call_for_each_token_up_to_the_end():
    _, counts = one_by_one(lambda y: after(y)[:, -1], guess(), END)
    assert torch.equal(decoded(Decoding(1, END))[-1]["calls"], counts)
    assert (decoded(Decoding(1))[-1]["calls"] == M).all()


@pytest.mark.parametrize("block", [1, 3, M])
def test_a_sentence_alone_is_settled_as_by_sweeps(block):
    states = decoded(Decoding(block))
    for i in range(4):
        peer = Settle(block)
        one = peer.init(guess()[i])

        def parts(y, start, stop):
            return after(y[None, :-1])[0, start:stop]

        for k in range(1, len(states)):
            one = peer.step(one, parts, k)
            assert torch.equal(states[k]["y"][i], one["x"])
            assert (int(states[k]["front"][i]), int(states[k]["calls"][i])) == (
                one["front"],
                one["rounds"],
            )


def test_tokens_that_need_no_others_settle_in_one_call_and_are_confirmed_in_a_second():
    states = decoded(Decoding(), lambda y: torch.arange(M).expand(20, M) % 5)
    assert (states[-1]["calls"] <= 2).all()
    assert torch.equal(states[1]["y"], states[-1]["y"])


def test_the_trajectory_holds_every_guess():
    states = decoded(Decoding())
    guesses, calls = trajectory(lambda y: after(y[:, :-1]), guess())
    assert guesses.shape == (M + 1, 20, M)
    for k, state in enumerate(states):
        assert torch.equal(guesses[k], state["y"])
    assert torch.equal(guesses[-1], states[-1]["y"])
    assert torch.equal(calls, states[-1]["calls"])


def test_the_shades_of_a_sheet():
    rows = torch.tensor([[1, 2], [1, 3], [-1, -1]])
    known = torch.tensor([[True, True], [False, False], [True, True]])
    expected = torch.tensor([[1.0, 0.12], [0.5, 0.5], [torch.nan, torch.nan]])
    found = shades(rows, torch.tensor([1, 3]), known)
    torch.testing.assert_close(found, expected, equal_nan=True)
