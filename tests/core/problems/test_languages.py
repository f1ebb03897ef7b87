"""Translations are what the kind of language says."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.problems.languages import KINDS, Language
from lab.core.random import Rng

RNG = Rng(1, backend=Backend())


@pytest.mark.parametrize("kind", KINDS)
def test_word_after_word(kind):
    to = Language(kind, 9, 4)
    x, y = to.draw(RNG.at(5), 50)
    dictionary = RNG.permutation("dictionary", 8).tolist()
    table = to.table(RNG).tolist()
    assert y.shape == (50, 10)
    for source, target in zip(x.tolist(), y.tolist()):
        words = [w for w in source if w != to.pad]
        assert 4 <= len(words) <= 9
        assert target[len(words) :] == [to.end] * (10 - len(words))
        before = 0
        for i, word in enumerate(words):
            if kind == "word by word":
                expected = dictionary[word]
            elif kind == "swapped":
                other = i + 1 if i % 2 == 0 else i - 1
                expected = dictionary[words[other] if other < len(words) else word]
            elif kind != "chain" and word < 4:
                expected = dictionary[word]
            else:
                expected = table[before][word]
            assert target[i] == expected
            before = expected


@pytest.mark.parametrize("kind", ["chain", "runs of sums"])
def test_each_word_stands_once_in_each_row_and_column_of_the_table(kind):
    table = Language(kind).table(RNG)
    for lines in (table, table.T):
        assert torch.equal(lines.sort(1).values, torch.arange(8).expand(8, 8))


def test_what_a_decoder_reads():
    to = Language("chain", 3, 3)
    x, y = to.draw(RNG, 2)
    assert to.before(x, y).tolist() == [
        [*a, to.start, *b[:-1]] for a, b in zip(x.tolist(), y.tolist())
    ]
    assert to.before(x, y).shape[1] == to.length
    assert to.blank(2).tolist() == [[to.pad] * 4] * 2


def test_what_is_refused():
    with pytest.raises(ValueError, match="kind"):
        Language("dreams")
    with pytest.raises(ValueError, match="words"):
        Language("chain", 4, 5)
