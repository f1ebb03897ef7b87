"""The sheet shows each call, and the network is never asked about words to come."""

import numpy as np
import pytest

from lab.engine import Session
from lab.experiments.fixed_point.parallel_decoding import ParallelDecoding

SMALL = {"training": 0, "longest": 5, "shortest": 3}


@pytest.mark.parametrize("arm", list(ParallelDecoding.arms))
def test_all_sentences_end_equal_to_one_by_one(arm):
    session = Session(ParallelDecoding, ParallelDecoding.controls_for(arm=arm, **SMALL), seed=2)
    session.advance(20)
    trace = session.trace
    assert trace["equal"][-1] == trace["finished"][-1] == 1
    assert trace["wrong"][-1] == 0
    if arm == "One by one":
        assert trace["pace"][-1] == 1


def test_the_sheet_holds_the_sentence_and_a_row_for_each_call():
    session = Session(ParallelDecoding, ParallelDecoding.controls_for(**SMALL), seed=2)
    for k in range(3):
        sheet = session.picture()["sheet"]
        assert sheet.shape == (8, 6)
        words = session.given.text["x"][session.given.text["shown"]].numpy()
        assert np.isfinite(sheet[0]).tolist() == [*(words < 8), False]
        assert np.isfinite(sheet[1:]).all(1).tolist() == [True] * (k + 1) + [False] * (6 - k)
        session.advance()
    letters = np.array(session.picture()["letters"]).reshape(8, 6)
    assert set(letters[1]) == {"·"}
    assert all(letters[0, :3])


def test_with_an_eye_on_words_to_come_answers_differ():
    controls = ParallelDecoding.controls_for(sees="all", **SMALL)
    session = Session(ParallelDecoding, controls, seed=2)
    session.advance(20)
    assert session.trace["equal"][-1] < 1
