"""Words of Reber's grammar and words with a letter wrong: sequences judged by a known rule.

Reber, "Implicit learning of artificial grammars" (1967).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from lab.core.backend import Backend
from lab.core.random import Rng

LETTERS = "BTPSXVE"
# Two ways out of each state, as (letter, next state); state 7 is the end.
WAYS = (
    (("B", 1), ("B", 1)),
    (("T", 2), ("P", 3)),
    (("S", 2), ("X", 4)),
    (("T", 3), ("V", 5)),
    (("X", 3), ("S", 6)),
    (("P", 4), ("V", 6)),
    (("E", 7), ("E", 7)),
)
END = len(WAYS)
TO_END = (5, 4, 3, 3, 2, 2, 1, 0)  # letters that a state still needs at least
SHORTEST = TO_END[0]


@final
@dataclass(frozen=True)
class Reber:
    """Words of at most `longest` letters; in half of them one letter is exchanged.

    Parameters
    ----------
    longest : int
        Letters of a word, at least 5. A word takes the short way out where it would grow longer.
    """

    longest: int = 10

    def __post_init__(self):
        if self.longest < SHORTEST:
            raise ValueError(f"a word has {SHORTEST} letters at least; not {self.longest}")

    def make(self, n: int, rng: Rng, backend: Backend, name: str = "reber") -> dict[str, Tensor]:
        """Draws `n` words under the name `name`.

        Returns
        -------
        dict of Tensor
            `x`: shape (n, 7 * longest), for each place seven numbers, 1 for its letter and 0 for
            the others; all 0 behind the word. `y`: shape (n,), int64, 1 for words of the grammar.
        """
        if n < 1:
            raise ValueError(f"at least one word is drawn; not {n}")
        words = self.words(n, rng, name)
        lengths = (words >= 0).sum(1)
        where = 1 + (rng.uniform(f"{name}/where", (n,)).cpu() * (lengths - 2)).long()
        row = torch.arange(n)
        other = (words[row, where] + rng.integers(f"{name}/letter", 1, 7, (n,)).cpu()) % 7
        spoilt = rng.integers(f"{name}/spoilt", 0, 2, (n,)).cpu() == 1
        words[row, where] = torch.where(spoilt, other, words[row, where])
        x = one_hot(words + 1, len(LETTERS) + 1)[..., 1:].reshape(n, -1).double()
        return {"x": backend.tensor(x), "y": backend.tensor(grammatical(words).long())}

    def words(self, n: int, rng: Rng, name: str = "reber") -> Tensor:
        """Words of the grammar, (n, longest): indices of LETTERS, -1 behind the end."""
        coin = rng.integers(f"{name}/way", 0, 2, (n, self.longest)).cpu()
        letter, onward = _tables()
        need = torch.tensor(TO_END)
        state = torch.zeros(n, dtype=torch.int64)
        found = torch.full((n, self.longest), -1)
        for i in range(self.longest):
            going = (state < END).nonzero()[:, 0]
            here, way = state[going], coin[going, i]
            too_long = need[onward[here, way]] > self.longest - i - 1
            way = torch.where(too_long, 1 - way, way)
            found[going, i] = letter[here, way]
            state[going] = onward[here, way]
        return found

    def split(
        self, rng: Rng, backend: Backend, shown: int = 1000, hidden: int = 2000
    ) -> dict[str, dict[str, Tensor]]:
        """`train` and `test`, as `make` gives them."""
        return {
            "train": self.make(shown, rng, backend, "train"),
            "test": self.make(hidden, rng, backend, "test"),
        }


def grammatical(words: Tensor) -> Tensor:
    """Which words, (n, longest) as `Reber.words` gives them, the grammar makes, (n,) of bool."""
    letter, onward = _tables()
    state = torch.zeros(len(words), dtype=torch.int64)
    right = torch.ones(len(words), dtype=torch.bool)
    for told in words.T:
        inside = state < END
        fits = letter[state.clamp(max=END - 1)] == told[:, None]
        right &= torch.where(inside, fits.any(1), told == -1)
        way = onward[state.clamp(max=END - 1), fits.long().argmax(1)]
        state = torch.where(inside & right, way, state)
    return right & (state == END)


def _tables() -> tuple[Tensor, Tensor]:
    """For each state and way the letter and the next state, (7, 2) each."""
    letter = torch.tensor([[LETTERS.index(name) for name, _ in ways] for ways in WAYS])
    return letter, torch.tensor([[state for _, state in ways] for ways in WAYS])
