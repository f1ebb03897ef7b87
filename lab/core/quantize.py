"""Quantisation: weights as whole numbers times a scale, rounded alone or against each other.

`Uniform` puts a tensor on a grid of 2^bits even levels. `CoordinateDescent` chooses the same whole
numbers for a layer so that its answers, not its weights, stay where they were.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor


@final
@dataclass(frozen=True)
class Uniform:
    """A grid of even levels between the smallest and the largest value, with 0 among them.

    A value is `scale * code`, a code one of at most 2^bits consecutive whole numbers.

    Parameters
    ----------
    bits : int
        1 to 16.
    over : int or None
        The dimension that shares a scale with no other: 0 for the columns of a matrix (each column
        has a scale), 1 for its rows; None: one scale for the whole tensor.
    symmetric : bool
        As many levels below 0 as above it, 2^(bits-1) - 1 each (at least one), and the largest
        size sets the scale.
    """

    bits: int
    over: int | None = None
    symmetric: bool = False

    def __post_init__(self):
        if not 1 <= self.bits <= 16:
            raise ValueError(f"1 to 16 bits; not {self.bits}")

    def grid(self, w: Tensor) -> dict[str, Tensor]:
        """`scale`, and the `low` and `high` code, of shapes that broadcast against `w`."""
        dims = tuple(range(w.ndim)) if self.over is None else self.over
        if self.symmetric:
            most = float(self.side)
            scale = torch.amax(w.abs(), dims, keepdim=True) / most
            scale = torch.where(scale > 0, scale, 1.0)
            return {"scale": scale, "low": scale * 0 - most, "high": scale * 0 + most}
        low = torch.amin(w, dims, keepdim=True).clamp(max=0)
        high = torch.amax(w, dims, keepdim=True).clamp(min=0)
        count = 2**self.bits - 1
        scale = (high - low) / count
        scale = torch.where(scale > 0, scale, 1.0)  # nothing but zeros: any scale does
        first = torch.round(low / scale)
        return {"scale": scale, "low": first, "high": first + count}

    @property
    def side(self) -> int:
        """Levels above 0 of a symmetric grid."""
        return max(2 ** (self.bits - 1) - 1, 1)

    def codes(self, w: Tensor, grid: dict[str, Tensor], lot: Tensor | None = None) -> Tensor:
        """The whole numbers (in w's own dtype), each within its grid's bounds.

        Parameters
        ----------
        lot : Tensor, optional
            Uniform numbers in [0, 1), of the shape of `w`: a value between two levels goes up as
            often as it is close to the upper one, so that it is right on average. Without them it
            goes to the nearest level.
        """
        exact = w / grid["scale"]
        rounded = torch.round(exact) if lot is None else torch.floor(exact + lot)
        return torch.clamp(rounded, grid["low"], grid["high"])

    def __call__(self, w: Tensor, lot: Tensor | None = None) -> Tensor:
        """The values of `w` on its grid."""
        grid = self.grid(w)
        return grid["scale"] * self.codes(w, grid, lot)


@final
@dataclass(frozen=True)
class CoordinateDescent:
    """Codes of a layer `x @ w` for which the answers move least, one input's weights at a time.

    With the rest held, the error |x w - x (scale code)|^2 of a column is a parabola in each of its
    codes, and its best whole number is a rounding. The columns do not meet, so one step moves all
    of them; each step costs inputs x outputs operations and needs only `gram` = x' x. After a
    sweep the scale is fitted by least squares. The error never rises; it stops where no single
    code helps, which need not be the best of all.

    Zhang, Yang, Wang, Qin, Xin, Li, Yin, "COMQ: a backpropagation-free algorithm for
    post-training quantization" (2024).

    Parameters
    ----------
    quantiser : Uniform
        Its grid holds the codes and gives the first scale. Columns (`over=0`), or the whole.
    greedy : bool
        In a sweep a column's inputs come by falling |weight| |input|, or in their order.
    start : {"nearest", "exact"}
        The first codes: rounded ones, or the weights over the scale, not rounded yet. From these
        the first sweep rounds one after the other, and what is not rounded yet makes up for it.
    """

    quantiser: Uniform
    greedy: bool = False
    start: str = "nearest"

    def __post_init__(self):
        if self.start not in ("nearest", "exact"):
            raise ValueError(f"the start is nearest or exact; not {self.start!r}")
        if self.quantiser.over not in (0, None):
            raise ValueError("weights are (inputs, outputs): a scale for each column is over=0")

    def init(self, gram: Tensor, w: Tensor) -> dict[str, Tensor]:
        """The state before the first sweep.

        Parameters
        ----------
        gram : Tensor, shape (inputs, inputs)
            `x.T @ x` of the layer's inputs.
        w : Tensor, shape (inputs, outputs)

        Returns
        -------
        dict of Tensor
            `codes` (inputs, outputs); `scale`, `low`, `high`; `pull` (inputs, outputs): `gram`
            times what the values still lack; `order` (inputs, outputs): who is next in a column.
        """
        grid = self.quantiser.grid(w)
        codes = w / grid["scale"]
        if self.start == "nearest":
            codes = self.quantiser.codes(w, grid)
        pull = gram @ (w - grid["scale"] * codes)
        return {"codes": codes, **grid, "pull": pull, "order": self._order(gram, w)}

    def _order(self, gram: Tensor, w: Tensor) -> Tensor:
        if not self.greedy:
            return torch.arange(len(w), device=w.device)[:, None].expand(w.shape)
        size = w.abs() * gram.diagonal()[:, None].sqrt()
        return torch.sort(size, dim=0, descending=True, stable=True).indices

    def step(self, state: dict[str, Tensor], gram: Tensor, i: int) -> dict[str, Tensor]:
        """The best code of the `i`-th input of each column."""
        at = state["order"][i]
        pull = state["pull"].gather(0, at[None])
        old = state["codes"].gather(0, at[None])
        scale, square = state["scale"], gram.diagonal()[at][None]
        way = pull / (scale * torch.where(square > 0, square, 1.0))  # a silent input: nothing moves
        new = torch.clamp(torch.round(old + way), state["low"], state["high"])
        codes = state["codes"].scatter(0, at[None], new)
        return {
            **state,
            "codes": codes,
            "pull": state["pull"] - gram[:, at] * (scale * (new - old)),
        }

    def rescale(self, state: dict[str, Tensor], gram: Tensor, w: Tensor) -> dict[str, Tensor]:
        """The scale that is best for the codes, and the order for the next sweep."""
        codes = state["codes"]
        seen = gram @ codes
        top, bottom = w * seen, codes * seen
        if self.quantiser.over is None:
            top, bottom = top.sum().view(1, 1), bottom.sum().view(1, 1)
        else:
            top, bottom = top.sum(0, keepdim=True), bottom.sum(0, keepdim=True)
        best = top / torch.where(bottom > 0, bottom, 1.0)
        scale = torch.where((bottom > 0) & (best > 0), best, state["scale"])
        order = self._order(gram, scale * codes)
        return {**state, "scale": scale, "pull": gram @ (w - scale * codes), "order": order}

    def sweep(self, state: dict[str, Tensor], gram: Tensor, w: Tensor) -> dict[str, Tensor]:
        """Every input once, then the scale."""
        for i in range(len(w)):
            state = self.step(state, gram, i)
        return self.rescale(state, gram, w)

    @staticmethod
    def values(state: dict[str, Tensor]) -> Tensor:
        """The weights that the codes stand for, (inputs, outputs)."""
        return state["scale"] * state["codes"]


def tuned(quantiser: Uniform, gram: Tensor, w: Tensor, tries: int = 41) -> Tensor:
    """Nearest levels whose scale is the best of `tries` for the answers, (inputs, outputs).

    The scales go from .3 to 1.1 of what covers all weights; what falls off the grid is clipped.
    A column with a scale of its own chooses alone.
    """
    grid = quantiser.grid(w)
    found, least = w, torch.full_like(w[:1], torch.inf)
    for factor in torch.linspace(0.3, 1.1, tries).tolist():
        shrunk = {**grid, "scale": factor * grid["scale"]}
        values = shrunk["scale"] * quantiser.codes(w, shrunk)
        error = ((w - values) * (gram @ (w - values))).sum(0, keepdim=True)
        if quantiser.over is None:
            error = error.sum().expand_as(least)
        found = torch.where(error < least, values, found)
        least = torch.minimum(error, least)
    return found


def reconstruction_error(gram: Tensor, apart: Tensor) -> Tensor:
    """Squared distance of a layer's answers, 0-d: |x a|^2 with `gram` = x' x and a = `apart`.

    `apart` is (inputs, outputs), the difference of two weights.
    """
    return (apart * (gram @ apart)).sum()


def quantised(
    weights: Tensor, inputs: Tensor, *, bits: int = 4, sweeps: int = 3, per: str = "output"
) -> Tensor:
    """A linear layer's weights by coordinate descent.

    Parameters
    ----------
    weights : Tensor, shape (outputs, inputs)
        As `nn.Linear` lays them out.
    inputs : Tensor, shape (n, inputs)
        Examples of what the layer gets.
    per : {"output", "tensor"}
        Who shares a scale.

    Returns
    -------
    Tensor, shape (outputs, inputs)
        Values on the grid.
    """
    if per not in ("output", "tensor"):
        raise ValueError(f"a scale per output or per tensor; not {per!r}")
    w, gram = weights.detach().T, inputs.T @ inputs
    method = CoordinateDescent(Uniform(bits, 0 if per == "output" else None))
    state = method.init(gram, w)
    for _ in range(sweeps):
        state = method.sweep(state, gram, w)
    return method.values(state).T.contiguous()
