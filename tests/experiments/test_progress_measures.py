"""Grokking: what is observed is what it says, on a small clock."""

import numpy as np
import pytest
import torch

from lab.core.networks import PairNetwork
from lab.engine import Session
from lab.experiments.grokking import progress_measures
from lab.experiments.grokking.progress_measures import KEYS, ProgressMeasures

SMALL = ProgressMeasures.controls_for(p=23, width=64)


@pytest.fixture(scope="module")
def run():
    session = Session(ProgressMeasures, SMALL, seed=1)
    session.advance(100)
    return session


def test_spectrum_is_numpys_over_the_run(run):
    for row, k in enumerate(run.trace.k):
        replay = run.replay(int(k))
        replay.advance()
        embed = replay.state["weights"]["embed"].double().numpy()
        power = (np.abs(np.fft.fft(embed, axis=0)) ** 2)[1:12].sum(1)
        np.testing.assert_allclose(
            run.trace["spectrum"][row], power / power.sum(), rtol=1e-4, atol=1e-7
        )
        order = np.sort(power)[::-1]
        assert run.trace["waves"][row] == 1 + (order.cumsum() < 0.9 * order.sum()).sum()
        assert run.trace["strongest"][row] == power.argmax() + 1


def test_restricted_and_excluded_loss_are_those_of_the_strongest_now(run):
    """From the full table of logits, numpy's FFT of its means over a + b = s."""
    p, n = 23, run.given.sums["shown"]
    every = torch.cartesian_prod(torch.arange(p), torch.arange(p))
    table = PairNetwork.logits(run.state["weights"], every).double().numpy()
    sums = (every.sum(1) % p).numpy()
    by_sum = np.stack([table[sums == s].mean(0) for s in range(p)])
    spectrum = run.trace["spectrum"][-1]
    keys = np.argsort(-spectrum, kind="stable")[:KEYS] + 1
    fourier = np.fft.fft(by_sum, axis=0)
    keep = np.isin(np.arange(p), [*keys, *(p - keys)])
    part = np.fft.ifft(fourier * keep[:, None], axis=0).real

    def loss(logits, answer):
        return np.log(np.exp(logits).sum(1)) - logits[np.arange(len(answer)), answer]

    restricted = loss(part + by_sum.mean(0), np.arange(p)).mean()
    assert run.trace["restricted"][-1] == pytest.approx(restricted, rel=1e-3)
    shown = (run.given.sums["pairs"][:n] @ torch.tensor([p, 1])).numpy()
    excluded = loss(table[shown] - part[sums[shown]], sums[shown]).mean()
    assert run.trace["excluded"][-1] == pytest.approx(excluded, rel=1e-3)
    assert run.trace["train_loss"][-1] == pytest.approx(
        loss(table[shown], sums[shown]).mean(), rel=1e-3, abs=1e-6
    )


def test_picture_holds_every_number_and_neuron_once(run):
    picture = run.picture()
    assert np.hypot(*picture["circle"].T).max() == pytest.approx(1, rel=1e-5)
    starts = {tuple(row) for row in picture["chain"][:, :2].tolist()}
    assert starts == {tuple(row) for row in picture["circle"].tolist()}
    table = PairNetwork.table(run.state["weights"]).numpy()
    shown = np.sort(picture["weights"], 1) * np.abs(table).max()
    np.testing.assert_allclose(shown, np.sort(table, 1), rtol=1e-5, atol=1e-7)


def test_hours_go_round_the_circle_by_the_strongest_frequency(run):
    f = int(run.trace["strongest"][-1])
    hour = run.picture()["hour"]
    np.testing.assert_allclose(hour, f * np.arange(23) % 23 / 23, atol=1e-6)
    x, y = run.picture()["circle"].T
    turns = np.exp(2j * np.pi * hour)
    assert abs(np.sum((x + 1j * y) * turns.conj())) > abs(np.sum((x + 1j * y) * turns))


def test_logits_of_the_picture_are_means_over_all_pairs_of_a_sum(run):
    """And their power is that of numpy's two-dimensional FFT."""
    p = 23
    every = torch.cartesian_prod(torch.arange(p), torch.arange(p))
    table = PairNetwork.logits(run.state["weights"], every).double().numpy()
    by_sum = np.stack([table[(every.sum(1) % p).numpy() == s].mean(0) for s in range(p)])
    wanted = by_sum - by_sum.mean(0)
    picture = run.picture()
    np.testing.assert_allclose(picture["logits"], wanted / np.abs(wanted).max(), atol=1e-5)
    whole = np.abs(np.fft.fft2(by_sum)) ** 2
    folded = whole + np.roll(whole[::-1], 1, 0) + np.roll(whole[:, ::-1], 1, 1)
    folded = (folded + np.roll(whole[::-1, ::-1], 1, (0, 1)))[1:12, 1:12]
    np.testing.assert_allclose(picture["their power"], folded / folded.max(), atol=1e-5)


def test_neurons_of_the_picture_stand_at_their_strongest_frequency(run):
    table = np.fft.rfft(PairNetwork.table(run.state["weights"]).double().numpy(), axis=0)[1:]
    best = np.abs(table).argmax(0)
    power = np.bincount(best, np.abs(table).max(0) ** 2, minlength=11)
    rows = run.picture()["neurons"].sum(1)
    np.testing.assert_allclose(rows / rows.sum(), power / power.sum(), atol=1e-5)


def test_stages_go_forward_and_decay_can_be_stopped_while_it_runs():
    session = Session(ProgressMeasures, ProgressMeasures.controls_for(preset="check"))
    session.advance(80)
    assert [name for _, name in session.trace.stages] == [*ProgressMeasures.stages]
    before = session.trace["norm"][-1]
    session.set(decay=0.0)
    session.advance(80)
    assert session.trace["norm"][-1] > before


def test_waves_of_the_end_are_those_that_the_run_ends_with(monkeypatch):
    """Named beforehand, they change what is observed and not how it is learned."""
    monkeypatch.setattr(progress_measures, "AHEAD", 100)
    named = Session(ProgressMeasures, SMALL | {"kept": "last"}, seed=1)
    plain = Session(ProgressMeasures, SMALL, seed=1)
    named.advance(100)
    plain.advance(100)
    np.testing.assert_array_equal(named.trace["test_loss"], plain.trace["test_loss"])
    final = np.argsort(-plain.trace["spectrum"][-1], kind="stable")[:KEYS] + 1
    assert named.state["waves"].tolist() == final.tolist()
    first, last = named.trace["restricted"][[0, -1]], plain.trace["restricted"][[0, -1]]
    assert first[1] == last[1] and first[0] != last[0]


def test_the_share_that_grokked_is_a_yes_or_no():
    session = Session(ProgressMeasures, ProgressMeasures.controls_for(preset="check"))
    session.advance(80)
    np.testing.assert_array_equal(session.trace["above"], session.trace["test_acc"] >= 0.95)


def test_six_waves_by_lot_change_what_is_observed_and_nothing_else():
    lot = Session(ProgressMeasures, SMALL | {"kept": "random"}, seed=1)
    best = Session(ProgressMeasures, SMALL, seed=1)
    lot.advance(100)
    best.advance(100)
    np.testing.assert_array_equal(lot.trace["train_loss"], best.trace["train_loss"])
    np.testing.assert_array_equal(lot.trace["strongest"], best.trace["strongest"])
    assert lot.trace["restricted"][-1] > best.trace["restricted"][-1]
    waves = lot.given.drawn.tolist()
    assert len(set(waves)) == KEYS and min(waves) >= 1 and max(waves) <= 23 // 2
