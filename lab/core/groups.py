"""Finite groups as tables: their product, their inverse, and words in two letters.

The groups are made by their generators, permutations of a few points. Elements are numbered in
the order of these permutations as tuples, so that the neutral element is number 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import final

import torch

Permutation = tuple[int, ...]
LETTER = re.compile("([ab])(⁻¹|²)?")


@final
@dataclass(frozen=True, eq=False)
class Group:
    """A finite group of n elements.

    Attributes
    ----------
    name : str
    elements : tuple of tuple of int
        The permutations, in the order of their numbers.
    product : int64 Tensor (n, n)
        Entry (a, b) is the number of ab: first b, then a.
    inverse : int64 Tensor (n,)
    """

    name: str
    elements: tuple[Permutation, ...]
    product: torch.Tensor
    inverse: torch.Tensor

    def __len__(self) -> int:
        return len(self.elements)

    def word(self, text: str) -> torch.Tensor:
        """The table of a word in a and b, such as "ab", "a²b" or "aba⁻¹b⁻¹", int64 (n, n).

        Raises
        ------
        ValueError
            The text is no such word.
        """
        if not re.fullmatch(f"({LETTER.pattern})+", text):
            raise ValueError(f"no word in a, b, a⁻¹, b⁻¹, a², b²: {text!r}")
        n = len(self)
        letters = {"a": torch.arange(n)[:, None].expand(n, n), "b": torch.arange(n).expand(n, n)}
        found = torch.zeros(n, n, dtype=torch.int64)
        for letter, power in LETTER.findall(text):
            x = letters[letter]
            x = {"": x, "⁻¹": self.inverse[x], "²": self.product[x, x]}[power]
            found = self.product[found, x]
        return found


def tensor(table: torch.Tensor, dtype=torch.float64) -> torch.Tensor:
    """A table (n, n) of numbers below n as a 3-tensor: 1 at (a, b, table[a, b]), else 0."""
    return torch.nn.functional.one_hot(table, len(table)).to(dtype)


def generators(name: str) -> list[Permutation]:
    """Permutations that generate the group of this name.

    Parameters
    ----------
    name : str
        "Z7" (cyclic), "D4" (the 8 motions of a square), "S4" (all permutations of 4 points), "A4"
        (the even ones); other numbers likewise.

    Raises
    ------
    ValueError
        No such group, or too few points.
    """
    found = re.fullmatch("([ZDSA])([0-9]+)", name)
    if not found:
        raise ValueError(f"no group {name!r}; there are Z7, D4, S4, A4 and other numbers likewise")
    kind, n = found[1], int(found[2])
    if n < {"Z": 1, "D": 3, "S": 2, "A": 3}[kind]:
        raise ValueError(f"{name}: too few points")
    turn = tuple((i + 1) % n for i in range(n))
    if kind == "Z":
        return [turn]
    if kind == "D":
        return [turn, tuple(-i % n for i in range(n))]
    if kind == "S":
        return [turn, (1, 0, *range(2, n))]
    cycles = [{0: 1, 1: k, k: 0} for k in range(2, n)]
    return [tuple(cycle.get(i, i) for i in range(n)) for cycle in cycles]


def closure(start: list[Permutation]) -> list[Permutation]:
    """Every product of these permutations, sorted."""
    found = {tuple(range(len(start[0])))}
    new = found
    while new:
        new = {compose(s, x) for x in new for s in start} - found
        found = found | new
    return sorted(found)


def compose(x: Permutation, y: Permutation) -> Permutation:
    """First y, then x."""
    return tuple(x[i] for i in y)


@cache
def group(name: str) -> Group:
    """The group of this name, as `generators` reads it."""
    elements = closure(generators(name))
    number = {x: i for i, x in enumerate(elements)}
    product = torch.tensor([[number[compose(x, y)] for y in elements] for x in elements])
    return Group(name, tuple(elements), product, (product == 0).int().argmax(1))
