"""Reber's words, beside a regular expression of the grammar that was written by hand."""

import re

import pytest
import torch

from lab.core.backend import Backend
from lab.core.problems.reber import LETTERS, Reber, grammatical
from lab.core.random import Rng

# From state 3 (loops over T, leaves with V) and from state 5 the two may follow one another.
INNER = "T*V(?:PXT*V)*(?:V|PS)"
GRAMMAR = re.compile(f"B(?:TS*X(?:S|X{INNER})|P{INNER})E")


def spelt(words):
    return ["".join(LETTERS[i] for i in word if i >= 0) for word in words.tolist()]


def test_words_are_of_the_grammar_and_of_all_lengths():
    words = Reber(12).words(2000, Rng(0))
    assert all(GRAMMAR.fullmatch(word) for word in spelt(words))
    assert {len(word) for word in spelt(words)} == set(range(5, 13))
    assert bool(grammatical(words).all())


def test_what_is_told_of_a_word_is_what_the_expression_says():
    data = Reber(9).make(1000, Rng(3), Backend())
    letters = data["x"].view(1000, 9, 7)
    words = torch.where(letters.sum(2) > 0, letters.argmax(2), -1)
    right = [bool(GRAMMAR.fullmatch(word)) for word in spelt(words)]
    assert torch.equal(data["y"].bool(), torch.tensor(right))
    assert 400 < sum(right) < 600


def test_a_word_cut_short_is_wrong():
    words = Reber(8).words(50, Rng(0))
    words[:, -1], words[:, 4] = -1, -1
    assert not grammatical(words).any()


@pytest.mark.parametrize("wrong", [lambda: Reber(4), lambda: Reber().make(0, Rng(0), Backend())])
def test_no_words_are_refused(wrong):
    with pytest.raises(ValueError, match="at least|letters"):
        wrong()
