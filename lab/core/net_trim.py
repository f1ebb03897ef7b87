"""Net-Trim: the fewest weights, by their sum of sizes, with which a layer answers as before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

SETTLED = 1_000  # from this step on the penalties rest: only with resting ones is it proven to end

SMALL = 1e-3  # of an answer's length: residuals of an output that is never on count against this


@final
@dataclass(frozen=True)
class NetTrim:
    """Weights of a relu layer of least |u|_1 that answer nearly the same on given inputs.

    For an output that is y on n inputs (rows of x), with `on` the inputs where y > 0:

        minimise |u|_1   such that   |x_on u - y_on| <= slack |y_on|   and   x_off u <= 0.

    Solved by the alternating direction method of multipliers with the copies v = u and z = x u:
    a linear solve, a shrinkage, a projection. All outputs are columns of one matrix, so that the
    solve is one product with a matrix made once. Each column has a penalty of its own and doubles
    or halves it until both residuals fall alike; the matrix does not depend on it.

    Aghasi, Abdi, Romberg, "Fast convex pruning of deep neural networks" (2020); the residuals and
    the penalty's rule: Boyd, Parikh, Chu, Peleato, Eckstein (2011).

    Parameters
    ----------
    slack : float
        How far the answers may move where they are on, as a share of their length, from 0.
    relax : float
        Over-relaxation, 1 to 2 (1: none).
    """

    slack: float = 0.1
    relax: float = 1.6

    def problem(self, x: Tensor, y: Tensor, free: Tensor | None = None) -> dict[str, Tensor]:
        """What the steps need, made once.

        Parameters
        ----------
        x : Tensor, shape (n, inputs)
        y : Tensor, shape (n, outputs)
            The layer's answers, after relu.
        free : bool Tensor, shape (inputs,), optional
            Inputs whose weights cost nothing: a column of ones carries the biases.

        Returns
        -------
        dict of Tensor
            In units in which the inputs' mean length and each answer's length are 1.
            `solve`, (inputs, inputs + n), gives the u whose copies are nearest to given ones.
        """
        unit = x.square().sum(0).mean().sqrt()
        length = y.norm(dim=0)
        length = torch.where(length > 0, length, unit)
        x = x / unit
        cost = torch.ones_like(x[0]) if free is None else (~free).to(x.dtype)
        eye = torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
        return {
            "x": x,
            "y": y / length,
            "on": y > 0,
            "solve": torch.linalg.solve(x.T @ x + eye, torch.cat([eye, x.T], 1)),
            "cost": cost[:, None],
            "size": length / unit,
        }

    @staticmethod
    def init(problem: dict[str, Tensor], start: Tensor | None = None) -> dict[str, Tensor]:
        """From zero weights, or from `start`, (inputs, outputs): the answer is the same.

        Returns
        -------
        dict of Tensor
            `copy` (inputs + n, outputs): v above z, and their scaled duals `dual`; of each column
            the `penalty` and the relative residuals `apart` and `moved` of the last look.
        """
        x, y = problem["x"], problem["y"]
        none = x.new_zeros(x.shape[1] + len(x), y.shape[1])
        first = none if start is None else torch.cat([start, x @ start]) / problem["size"]
        ones = torch.ones_like(y[0])
        penalty = ones * x.shape[1] ** 0.5  # shrinks the weights by about their size
        return {"copy": first, "dual": none, "penalty": penalty, "apart": ones, "moved": ones}

    def step(self, state: dict[str, Tensor], problem: dict[str, Tensor], k: int):
        """One round of the three; every tenth looks at the residuals and sets the penalties."""
        x, copy = problem["x"], state["copy"]
        u = problem["solve"] @ (copy - state["dual"])
        seen = torch.cat([u, x @ u])
        pushed = torch.lerp(copy, seen, self.relax) + state["dual"]
        new = self._nearest(pushed, problem, state["penalty"])
        state = {**state, "copy": new, "dual": pushed - new}
        return self._looked(state, problem, seen, copy, k) if k % 10 == 9 else state

    def _nearest(self, pushed: Tensor, problem: dict[str, Tensor], penalty: Tensor) -> Tensor:
        """The copies that the sum of sizes, and the constraints, leave of what is pushed."""
        v, z = pushed.split([problem["x"].shape[1], len(problem["x"])])
        most = problem["cost"] / penalty
        apart = torch.where(problem["on"], z - problem["y"], 0.0)
        far = apart.norm(dim=0).clamp(min=1e-12)
        factor = (self.slack / far).clamp(max=1.0)
        allowed = torch.where(problem["on"], problem["y"] + factor * apart, z.clamp(max=0))
        return torch.cat([v - torch.clamp(v, -most, most), allowed])

    def _looked(self, state, problem, seen: Tensor, old: Tensor, k: int) -> dict[str, Tensor]:
        """Residuals of each column, relative to what they are made of, and the next penalties."""

        def back(copies):  # the transpose of u -> its copies
            v, z = copies.split([problem["x"].shape[1], len(problem["x"])])
            return (v + problem["x"].T @ z).norm(dim=0)

        new, dual = state["copy"], state["dual"]
        size = torch.maximum(seen.norm(dim=0), new.norm(dim=0)).clamp(min=SMALL)
        apart = (seen - new).norm(dim=0) / size
        moved = back(new - old) / dual.norm(dim=0).clamp(min=SMALL)
        factor = torch.where(apart > 5 * moved, 2.0, torch.where(moved > 5 * apart, 0.5, 1.0))
        if k >= SETTLED:
            factor = torch.ones_like(factor)
        return {
            "copy": new,
            "dual": dual / factor,
            "penalty": state["penalty"] * factor,
            "apart": apart,
            "moved": moved,
        }

    @staticmethod
    def residual(state: dict[str, Tensor]) -> Tensor:
        """The larger of the two relative residuals, in the worst column, 0-d."""
        return torch.maximum(state["apart"], state["moved"]).max()

    @staticmethod
    def weights(state: dict[str, Tensor], problem: dict[str, Tensor]) -> Tensor:
        """The sparse weights in the layer's units, (inputs, outputs)."""
        return state["copy"][: problem["x"].shape[1]] * problem["size"]


def net_trim(
    x: Tensor,
    y: Tensor,
    slack: float = 0.1,
    *,
    free: Tensor | None = None,
    tolerance: float = 2e-5,
    most: int = 5_000,
) -> Tensor:
    """Sparse weights (inputs, outputs) of a layer that answers y = relu(x w) nearly as before.

    Parameters
    ----------
    x, y, slack, free
        As in `NetTrim`.
    tolerance : float
        Of both relative residuals, in each column.

    Raises
    ------
    ArithmeticError
        `most` steps did not reach the tolerance.
    """
    method = NetTrim(slack)
    problem = method.problem(x, y, free)
    state = method.init(problem)
    for k in range(most):
        state = method.step(state, problem, k)
        if k % 10 == 9 and method.residual(state) < tolerance:
            return method.weights(state, problem)
    reached = float(method.residual(state))
    raise ArithmeticError(f"the residual is {reached:.1e} after {most} steps, not {tolerance:g}")
