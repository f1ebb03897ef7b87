"""Made-up languages: sentences of a few words whose translation is known, each kind with its own
dependence between the words of the translation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from lab.core.random import Rng

KINDS = ("word by word", "swapped", "runs", "runs of sums", "chain")


@final
@dataclass(frozen=True)
class Language:
    """Sentences x of 8 words; translations y end with `end`.

    - "word by word": y_i depends on x_i alone, by a dictionary.
    - "swapped": the same, with neighbours exchanged in pairs.
    - "chain": y_i = table[y_(i-1), x_i], where each row and each column of the table holds every
      word once: without y_(i-1) nothing is known of y_i.
    - "runs": half of the words are translated by the dictionary, the others by the table, so that
      chains of random length are cut at random.
    - "runs of sums": the same, and the table is addition modulo 8.

    Parameters
    ----------
    kind : str
    longest, shortest : int
        Words of a sentence.

    Raises
    ------
    ValueError
        No such kind, or lengths out of order.
    """

    kind: str
    longest: int = 12
    shortest: int = 6

    words = 8
    pad, start, end = 8, 9, 10
    tokens = 11
    letters = "abcdefgh·▸."

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}; not {self.kind!r}")
        if not 1 <= self.shortest <= self.longest:
            raise ValueError(f"sentences of {self.shortest} to {self.longest} words")

    @property
    def places(self) -> int:
        """Tokens of a translation with its end."""
        return self.longest + 1

    @property
    def length(self) -> int:
        """Tokens that a decoder reads at most: the sentence, `start`, all but the last of y."""
        return self.longest + self.places

    def draw(self, rng: Rng, n: int, name: str = "sentences") -> tuple[Tensor, Tensor]:
        """n sentences and their translations; the dictionary and the table belong to the seed.

        Returns
        -------
        x : int64 Tensor of shape (n, longest)
            Filled up with `pad`.
        y : int64 Tensor of shape (n, longest + 1)
            Filled up with `end`.
        """
        x = rng.integers(name, 0, self.words, (n, self.longest))
        count = rng.integers(f"{name}/length", self.shortest, self.longest + 1, (n, 1))
        place = torch.arange(self.longest, device=x.device)
        y = self._translated(rng.at(-1), x, place, count)
        x = torch.where(place < count, x, self.pad)
        y = torch.where(place < count, y, self.end)
        return x, torch.nn.functional.pad(y, (0, 1), value=self.end)

    def _translated(self, rng, x, place, count):
        dictionary = rng.permutation("dictionary", self.words)
        if self.kind == "word by word":
            return dictionary[x]
        if self.kind == "swapped":  # a last word without a neighbour stays where it is
            other = place ^ 1
            source = torch.where((other < count) & (other < self.longest), other, place)
            return dictionary[x.gather(1, source)]
        table = self.table(rng)
        y, before = torch.empty_like(x), torch.zeros_like(x[:, 0])
        for i in range(self.longest):
            word = x[:, i]
            before = table[before, word]
            if self.kind != "chain":
                before = torch.where(word < self.words // 2, dictionary[word], before)
            y[:, i] = before
        return y

    def table(self, rng: Rng) -> Tensor:
        """What follows a word (rows) under a word of the sentence (columns), (8, 8)."""
        each = torch.arange(self.words, device=rng.backend.device)
        sums = (each[:, None] + each) % self.words
        if self.kind == "runs of sums":
            return sums
        rows, columns, names = (rng.permutation("table", self.words, i) for i in range(3))
        return names[sums[rows][:, columns]]

    def before(self, x: Tensor, y: Tensor) -> Tensor:
        """What a decoder reads to predict y: x, `start`, y without its last token."""
        start = torch.full_like(y[:, :1], self.start)
        return torch.cat([x, start, y[:, :-1]], 1)

    def blank(self, n: int) -> Tensor:
        """n translations of which nothing is known: `pad` everywhere, (n, longest + 1)."""
        return torch.full((n, self.places), self.pad)

    def spelled(self, tokens: Tensor) -> list[str]:
        """A letter for each token, nothing for negative ones, in the order of the flat tensor."""
        return [self.letters[t] if t >= 0 else "" for t in tokens.flatten().tolist()]
