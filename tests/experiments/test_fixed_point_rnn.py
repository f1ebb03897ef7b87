"""Words are composed as permutations are, and the sweeps end in the dense network's answers."""

from itertools import permutations

import numpy as np
import pytest
import torch

from lab.core.backend import Backend
from lab.core.random import Rng
from lab.engine import Session
from lab.experiments.fixed_point.fixed_point_rnn import FixedPointRnn, product, words

SMALL = {"training": 3, "mixing": 0.5, "length": 6}


@pytest.mark.parametrize("group, things", [("S3", 3), ("parity", 2)])
def test_words_move_things_one_after_the_other(group, things):
    every = list(permutations(range(things)))
    x, done = words(group, Rng(1, backend=Backend()), 5, 9, "words")
    for i in range(5):
        places = np.arange(things)
        for t in range(9):
            places = np.array(every[x[t, i]])[places]
            assert every[done[t, i]] == tuple(places)


def test_three_cups_do_not_commute_and_two_do():
    for group, commutes in (("S3", False), ("parity", True)):
        table = product(group)
        assert torch.equal(table, table.T) == commutes


def test_the_sweeps_end_in_the_dense_networks_answers():
    session = Session(FixedPointRnn, FixedPointRnn.controls_for(**SMALL), seed=1)
    session.advance(300)
    trace = session.trace
    assert session.sentence == "The guess has come to rest."
    assert trace["error"][-1] < 1e-9
    assert trace["accuracy"][-1] == trace["limit"][-1]


def test_a_diagonal_network_is_found_in_one_sweep():
    session = Session(FixedPointRnn, FixedPointRnn.controls_for(**SMALL | {"mixing": 0.0}), seed=1)
    session.advance()
    assert session.trace["error"][-1] < 1e-12


def test_the_inputs_matrices_stand_in_two_rows():
    session = Session(FixedPointRnn, FixedPointRnn.controls_for(**SMALL), seed=1)
    moves = session.picture()["moves"]
    A = session.given.test["A"].numpy()
    assert moves.shape == (17, 26)
    for i in range(6):
        top, left = 9 * (i // 3), 9 * (i % 3)
        np.testing.assert_allclose(moves[top : top + 8, left : left + 8], A[i], rtol=1e-6)
    assert np.isnan(moves[8]).all()
    assert np.isnan(moves[:, 8]).all()
