"""Stepping a method until every row of a batch has arrived."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lab.core.broyden import quotient
from lab.core.fixed_point import Map

State = dict[str, Any]


def solve(
    method, T: Map, x: Tensor, tol: float, steps: int, relative: bool = False, root: bool = False
) -> State:
    """The state of a method once |x - Tx| <= tol in each row.

    A row that has arrived is left alone: its iterate, memory and counters stay as they are, and
    what the others still do does not touch it. The residual is the true one, from the evaluation
    that a step begins with.

    Parameters
    ----------
    method : has `init` and `step`, as those of `lab.core.fixed_point`
    T : callable
        Tensor of shape (..., d) to tensor of shape (..., d), row by row.
    x : Tensor of shape (..., d)
    tol : float
    steps : int
        At most so many steps.
    relative : bool
        The tolerance is in units of |Tx|.
    root : bool
        T is the F of `lab.core.newton`: its zeros are sought, and the residual is |F(x)|.

    Returns
    -------
    dict
        The method's state and `residual`, shape (...): |x - Tx|, over |Tx| if `relative`. The
        evaluation that found it is counted.
    """
    first: list[Tensor] = []

    def watched(y: Tensor) -> Tensor:
        value = T(y)
        if not first:
            first.append(value)
        return value

    state = method.init(x)
    for k in range(steps + 1):
        first.clear()
        ahead = method.step(state, watched, k)
        residual = (first[0] if root else state["x"] - first[0]).norm(dim=-1)
        if relative:
            residual = quotient(residual, first[0].norm(dim=-1))
        here = residual <= tol
        if k == steps or bool(here.all()):
            break
        if bool(here.any()):
            ahead = {name: _keep(here, state[name], new) for name, new in ahead.items()}
        state = ahead
    return {**state, "evaluations": state["evaluations"] + 1, "residual": residual}


def _keep(here: Tensor, old: Tensor, new: Tensor) -> Tensor:
    return torch.where(here.reshape(*here.shape, *[1] * (new.dim() - here.dim())), old, new)
