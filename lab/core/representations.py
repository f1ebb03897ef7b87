"""Real irreducible representations of a finite group, and the energy of a table in each.

A real irreducible representation turns group elements into orthogonal matrices that share no
smaller invariant space. All of them are found in the regular representation, in which the group
permutes its own elements: a symmetric matrix that commutes with it and is otherwise arbitrary has
them as its eigenspaces (Dixon, "Computing irreducible representations of groups", 1970).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import final

import torch

from lab.core.groups import Group


@final
@dataclass(frozen=True, eq=False)
class Irreducible:
    """One real irreducible representation of a group of n elements.

    Attributes
    ----------
    name : str
        Its dimension and a letter, "2a"; the trivial one is "1a".
    matrices : float64 Tensor (n, d, d)
        Orthogonal; `matrices[ab] = matrices[a] @ matrices[b]`.
    kind : int
        1, 2 or 4: the matrices that commute with all of these are the real numbers, the complex
        ones or the quaternions.
    """

    name: str
    matrices: torch.Tensor
    kind: int

    @property
    def dimension(self) -> int:
        return self.matrices.shape[1]

    @property
    def character(self) -> torch.Tensor:
        """The traces, (n,)."""
        return self.matrices.diagonal(dim1=1, dim2=2).sum(1)

    @property
    def squares(self) -> int:
        """How many dimensions of the functions on the group belong to it, d² / kind."""
        return self.dimension**2 // self.kind

    def transform(self, table: torch.Tensor) -> torch.Tensor:
        """Fourier transform of each column of a table (n, columns), (columns, d, d)."""
        return torch.einsum("gc,gij->cij", table.to(torch.float64), self.matrices)


@cache
def irreducibles(group: Group) -> tuple[Irreducible, ...]:
    """All real irreducible representations, smaller ones first, then by their characters."""
    n = len(group)
    # Row g: where the element g x stands, for each x.
    left = torch.nn.functional.one_hot(group.product, n).to(torch.float64).transpose(1, 2)
    drawn = torch.randn(n, n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    mean = torch.einsum("gij,jk,glk->il", left, drawn + drawn.T, left) / n
    value, vector = torch.linalg.eigh(mean)
    cuts = (value.diff() > 1e-9 * value.abs().max()).nonzero()[:, 0] + 1
    found = {}
    for basis in vector.tensor_split(cuts.tolist(), dim=1):
        matrices = torch.einsum("ij,gik,kl->gjl", basis, left, basis)
        character = matrices.diagonal(dim1=1, dim2=2).sum(1)
        found.setdefault(tuple(character.round(decimals=6).tolist()), matrices)
    ordered = sorted(found.items(), key=lambda item: (item[0][0], [-x for x in item[0]]))
    named, letters = [], {}
    for character, matrices in ordered:
        d = len(matrices[0])
        letters[d] = letters.get(d, 0) + 1
        kind = round(sum(x * x for x in character) / n)
        named.append(Irreducible(f"{d}{_letters(letters[d])}", matrices, kind))
    return tuple(named)


def _letters(i: int) -> str:
    """1, 2, ... 27 as a, b, ... aa."""
    return (_letters((i - 1) // 26) if i > 26 else "") + chr(ord("a") + (i - 1) % 26)


@cache
def projectors(group: Group) -> torch.Tensor:
    """The part of a function that each representation makes, (irreducibles, n, n)."""
    quotient = group.product[:, group.inverse]  # entry (g, h): g h⁻¹
    parts = irreducibles(group)
    return torch.stack([r.character[quotient] * (r.dimension / r.kind / len(group)) for r in parts])


def energy(table: torch.Tensor, group: Group) -> torch.Tensor:
    """The sum of squares of each column of a table (n, columns) by representation.

    Returns
    -------
    Tensor (irreducibles, columns)
        Columns sum to the column's sum of squares (Parseval).
    """
    parts = projectors(group).to(table.dtype)
    return (parts @ table).square().sum(1)


@cache
def basis(group: Group) -> tuple[torch.Tensor, torch.Tensor]:
    """An orthonormal basis of the functions on the group that belongs to the representations.

    Returns
    -------
    vectors : float64 Tensor (n, n)
        One in each row.
    member : float64 Tensor (n, irreducibles)
        1 where the row belongs to the representation.
    """
    vectors, members = [], []
    for i, (r, part) in enumerate(zip(irreducibles(group), projectors(group), strict=True)):
        vectors.append(torch.linalg.eigh(part).eigenvectors[:, -r.squares :].T)
        members += [i] * r.squares
    return torch.cat(vectors), torch.nn.functional.one_hot(torch.tensor(members)).double()


def triple_energy(tensor: torch.Tensor, group: Group) -> torch.Tensor:
    """The sum of squares of a 3-tensor over the group, by triples of representations.

    The tensor of the word ab has energy where all three are the same, and nowhere else; other
    words mix them as the group's products of representations allow.

    Parameters
    ----------
    tensor : Tensor (n, n, n)

    Returns
    -------
    Tensor (irreducibles, irreducibles, irreducibles)
        It sums to the tensor's sum of squares.
    """
    vectors, member = (x.to(tensor.dtype) for x in basis(group))
    found = tensor
    for _ in range(3):  # each turn takes the last axis to the front
        found = torch.tensordot(vectors, found, dims=([1], [2]))
    found = found.square()
    for _ in range(3):
        found = torch.tensordot(member, found, dims=([0], [2]))
    return found
