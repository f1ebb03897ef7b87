"""sympy's permutation groups have the same elements, products, inverses and classes."""

import pytest
import torch

from lab.core.groups import group
from lab.core.representations import irreducibles

combinatorics = pytest.importorskip("sympy.combinatorics")
named = pytest.importorskip("sympy.combinatorics.named_groups")

PEERS = {
    "Z7": lambda: named.CyclicGroup(7),
    "S3": lambda: named.SymmetricGroup(3),
    "D4": lambda: named.DihedralGroup(4),
    "D6": lambda: named.DihedralGroup(6),
    "A4": lambda: named.AlternatingGroup(4),
    "S4": lambda: named.SymmetricGroup(4),
    "A5": lambda: named.AlternatingGroup(5),
}


@pytest.mark.parametrize("name", PEERS)
def test_the_same_group(name):
    ours, theirs = group(name), PEERS[name]()
    assert {tuple(x.array_form) for x in theirs.elements} == set(ours.elements)
    permutations = [combinatorics.Permutation(list(x)) for x in ours.elements]
    number = {tuple(x.array_form): i for i, x in enumerate(permutations)}
    for a in range(0, len(ours), 5):
        assert tuple((permutations[a] ** -1).array_form) == ours.elements[ours.inverse[a]]
        for b in range(0, len(ours), 3):  # sympy writes what is done first on the left
            assert number[tuple((permutations[b] * permutations[a]).array_form)] == int(
                ours.product[a, b]
            )


@pytest.mark.parametrize("name", ["Z7", "S3", "D4", "A4", "S4"])
def test_characters_are_constant_on_their_conjugacy_classes(name):
    ours, theirs = group(name), PEERS[name]()
    number = {x: i for i, x in enumerate(ours.elements)}
    classes = [[number[tuple(x.array_form)] for x in c] for c in theirs.conjugacy_classes()]
    found = irreducibles(ours)
    for r in found:
        for members in classes:
            values = r.character[torch.tensor(members)]
            torch.testing.assert_close(values, values[:1].expand_as(values))
    # Complex representations pair up into one real one of kind 2.
    assert len(classes) == sum(1 if r.kind == 1 else 2 for r in found)
