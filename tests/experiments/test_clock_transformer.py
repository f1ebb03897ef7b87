"""The transformer on the clock: what is observed and pictured is what it says, in every task."""

import numpy as np
import pytest
import torch

from lab.core.clock_transformer import ClockTransformer as Network
from lab.engine import Session
from lab.experiments.grokking.clock_transformer import KEYS, TASKS, ClockTransformer

SMALL = {"p": 13, "d": 8, "width": 32, "fraction": 0.6}
POWERS_OF_TWO = [1, 2, 4, 8, 3, 6, 12, 11, 9, 5, 10, 7]  # modulo 13


def _run(steps=60, **changes):
    session = Session(ClockTransformer, ClockTransformer.controls_for(**SMALL | changes), seed=1)
    session.advance(steps)
    return session


def _every_logit(run):
    """From each pair by itself, (p, p, p)."""
    p, weights = 13, run.state["weights"]
    net = Network(p, 8, 4, 32)
    rows = [net.logits(weights, torch.tensor([[a, b]])) for a in range(p) for b in range(p)]
    return torch.cat(rows).view(p, p, p).double().numpy()


def _loss(logits, answer):
    return np.log(np.exp(logits).sum(1)) - logits[np.arange(len(answer)), answer]


@pytest.mark.parametrize("task, order", [("a + b", range(13)), ("a * b", POWERS_OF_TWO)])
def test_spectrum_and_loss_of_the_waves_are_numpys_in_clock_order(task, order):
    run, order = _run(task=task), [*order]
    embed = run.state["weights"]["embed"].double().numpy()[order]
    power = (np.abs(np.fft.fft(embed, axis=0)) ** 2)[1 : len(order) // 2 + 1].sum(1)
    power[: (len(order) - 1) // 2] *= 2  # the frequency in the middle is its own mirror
    seen = run.trace["spectrum"][-1]
    np.testing.assert_allclose(seen, power / power.sum(), rtol=1e-4)
    assert run.trace["strongest"][-1] == power.argmax() + 1
    assert run.trace["top"][-1] == pytest.approx(np.sort(power)[-5:].sum() / power.sum(), rel=1e-4)

    logits = _every_logit(run)
    a, b = np.indices((13, 13))
    answer = (a + b if task == "a + b" else a * b) % 13
    means = np.stack([logits[answer == c].mean(0) for c in order])[:, order]
    fourier, m = np.fft.fft(means, axis=0), len(order)
    keys = np.argsort(-power, kind="stable")[:KEYS] + 1
    fourier[~np.isin(np.arange(m), [0, *keys, *(m - keys)])] = 0
    waves = np.fft.ifft(fourier, axis=0).real
    assert run.trace["restricted"][-1] == pytest.approx(_loss(waves, np.arange(m)).mean(), rel=1e-3)


@pytest.mark.parametrize("task", TASKS)
def test_every_task_is_learned_by_heart(task):
    run = _run(120, task=task, fraction=0.3, decay=0.0)
    assert run.trace["train_acc"][-1] > 0.95 > run.trace["train_acc"][0]
    assert set(run.picture()) == {"circle", "chain", "hour", "attention", "neurons"}


def test_accuracy_is_that_of_pairs_one_by_one():
    run = _run(task="a - b")
    pairs, n = run.given.table["pairs"].numpy(), run.given.table["shown"]
    logits = _every_logit(run)[pairs[:, 0], pairs[:, 1]]
    answer = (pairs[:, 0] - pairs[:, 1]) % 13
    right = logits.argmax(1) == answer
    assert run.trace["train_acc"][-1] == pytest.approx(right[:n].mean())
    assert run.trace["test_acc"][-1] == pytest.approx(right[n:].mean())
    assert run.trace["test_loss"][-1] == pytest.approx(_loss(logits, answer)[n:].mean(), rel=1e-3)


def test_attention_of_a_pair_stands_at_its_place_on_the_clock():
    run = _run(task="a * b")
    images = run.picture()["attention"]
    net = Network(13, 8, 4, 32)
    for row, column in ((0, 0), (3, 7), (11, 2)):
        pair = torch.tensor([[POWERS_OF_TWO[row], POWERS_OF_TWO[column]]])
        share = net.read(run.state["weights"], pair).share[0, 0]
        np.testing.assert_allclose(images[:, row, column], share, rtol=1e-4)
    assert images.shape == (4, 12, 12)


def test_waves_by_lot_change_what_is_observed_and_nothing_else():
    lot, best = _run(kept="random", p=31), _run(p=31)
    np.testing.assert_array_equal(lot.trace["train_loss"], best.trace["train_loss"])
    assert lot.trace["restricted"][-1] != best.trace["restricted"][-1]
    waves = lot.given.drawn.tolist()
    assert len(set(waves)) == KEYS and min(waves) >= 1 and max(waves) <= 15
