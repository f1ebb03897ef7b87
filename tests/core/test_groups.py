"""Groups, their words, and their real representations."""

import pytest
import torch

from lab.core.groups import generators, group, tensor
from lab.core.representations import energy, irreducibles, projectors, triple_energy

ORDERS = {"Z1": 1, "Z7": 7, "D4": 8, "D5": 10, "S2": 2, "S3": 6, "A3": 3, "A4": 12, "S4": 24}
# Dimension and kind of the real irreducible representations, from tables of characters.
PARTS = {
    "Z2": [(1, 1), (1, 1)],
    "Z5": [(1, 1), (2, 2), (2, 2)],
    "S3": [(1, 1), (1, 1), (2, 1)],
    "D4": [(1, 1)] * 4 + [(2, 1)],
    "A4": [(1, 1), (2, 2), (3, 1)],
    "S4": [(1, 1), (1, 1), (2, 1), (3, 1), (3, 1)],
    "A5": [(1, 1), (3, 1), (3, 1), (4, 1), (5, 1)],
}


@pytest.mark.parametrize("name", ORDERS)
def test_group_axioms(name):
    g = group(name)
    n, p = len(g), g.product
    assert n == ORDERS[name]
    everyone = torch.arange(n)
    assert (p[0] == everyone).all() and (p[:, 0] == everyone).all()
    assert (p[everyone, g.inverse] == 0).all() and (p[g.inverse, everyone] == 0).all()
    assert (p[p] == p[everyone[:, None, None], p]).all()  # (ab)c = a(bc)


def test_cyclic_group_adds():
    a = torch.arange(7)
    assert (group("Z7").product == (a[:, None] + a) % 7).all()


def test_words():
    g = group("S4")
    n, p, inv = len(g), g.product, g.inverse
    commutator, conjugate = g.word("aba⁻¹b⁻¹"), g.word("aba⁻¹")
    assert (g.word("ab") == p).all()
    for a in range(0, n, 5):
        for b in range(n):
            assert conjugate[a, b] == p[p[a, b], inv[a]]
            assert commutator[a, b] == p[conjugate[a, b], inv[b]]
            assert g.word("a²b")[a, b] == p[a, p[a, b]]
    assert (group("Z5").word("aba⁻¹b⁻¹") == 0).all()
    assert commutator.unique().numel() == 12  # the commutators of S4 are A4
    for wrong in ("", "abc", "a-1", "⁻¹a"):
        with pytest.raises(ValueError, match="no word"):
            g.word(wrong)


def test_names_that_are_none():
    for name in ("Q8", "S", "s3", "Z"):
        with pytest.raises(ValueError, match="no group"):
            generators(name)
    with pytest.raises(ValueError, match="too few"):
        generators("D2")


def test_tensor_is_one_for_each_pair():
    g = group("S3")
    T = tensor(g.product)
    assert T.sum() == 36 and (T.sum(2) == 1).all() and T[4, 5, g.product[4, 5]] == 1


@pytest.mark.parametrize("name", PARTS)
def test_irreducible_representations(name):
    g = group(name)
    found = irreducibles(g)
    assert [(r.dimension, r.kind) for r in found] == PARTS[name]
    assert sum(r.squares for r in found) == len(g)
    assert found[0].name == "1a"
    torch.testing.assert_close(found[0].character, torch.ones(len(g), dtype=torch.float64))
    for r in found:
        m = r.matrices
        torch.testing.assert_close(m[g.product], torch.einsum("aij,bjk->abik", m, m))
        torch.testing.assert_close(m @ m.transpose(1, 2), torch.eye(len(m[0])).to(m).expand_as(m))
    table = torch.stack([r.character for r in found])
    gram = table @ table.T / len(g)  # orthogonal characters: none twice
    kinds = torch.tensor([float(r.kind) for r in found]).to(gram)
    torch.testing.assert_close(gram, torch.diag(kinds))


@pytest.mark.parametrize("name", PARTS)
def test_energy_is_parsevals(name):
    g = group(name)
    n = len(g)
    table = torch.randn(n, 9, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    parts = energy(table, g)
    torch.testing.assert_close(parts.sum(0), table.square().sum(0))
    for r, part in zip(irreducibles(g), parts, strict=True):
        norm = r.transform(table).square().sum((1, 2))
        torch.testing.assert_close(part, norm * r.dimension / r.kind / n)


def test_energy_on_a_clock_is_the_fourier_power():
    from lab.core.spectra import power

    table = torch.randn(7, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    torch.testing.assert_close(energy(table, group("Z7"))[1:], power(table) / 7)


def test_projectors_add_up_to_everything():
    parts = projectors(group("S4"))
    torch.testing.assert_close(parts.sum(0), torch.eye(24, dtype=torch.float64))
    torch.testing.assert_close(parts @ parts, parts)
    torch.testing.assert_close(energy(torch.zeros(24, 2), group("S4")), torch.zeros(5, 2))


@pytest.mark.parametrize("name", ["Z5", "S3", "A4"])
def test_triples_by_their_projectors(name):
    g = group(name)
    n = len(g)
    T = torch.randn(n, n, n, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    P = projectors(g)
    parts = torch.einsum("rai,sbj,tck,ijk->rstabc", P, P, P, T).square().sum((3, 4, 5))
    torch.testing.assert_close(triple_energy(T, g), parts)


def test_a_product_keeps_representations_together_and_other_words_mix_them():
    g = group("S4")
    sizes = torch.tensor([float(r.squares) for r in irreducibles(g)], dtype=torch.float64)
    found = triple_energy(tensor(g.product), g)
    expected = torch.zeros_like(found)
    for i, size in enumerate(sizes):
        expected[i, i, i] = 24 * size
    torch.testing.assert_close(found, expected)
    mixed = triple_energy(tensor(g.word("aba⁻¹b⁻¹")), g)
    assert mixed[3, 4, 0] > 1e-9 or mixed[2, 3, 3] > 1e-9
