"""Stepping a method until every row of a batch has arrived."""

from __future__ import annotations

from contextlib import suppress
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

    A row's iterate, memory and counters are those of the step at which it arrived, however long
    the others still take. The residual is the true one, from the evaluation that a step begins
    with.

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
    seen: list[tuple[Tensor, Tensor, Tensor]] = []

    def watched(y: Tensor) -> Tensor:
        value = T(y)
        if not seen:
            found = value.detach()  # a method may be at work on derivatives
            residual = torch.linalg.vector_norm(found if root else state["x"] - found, dim=-1)
            unit = (
                torch.linalg.vector_norm(found, dim=-1) if relative else torch.ones_like(residual)
            )
            arrived = residual <= tol * unit
            seen.append((residual, unit, arrived))
            if k == steps or bool((arrived | ~open_).all()):
                raise _Over
        return value

    state = method.init(x)
    arrivals: list[tuple[Tensor, State]] = []
    open_ = torch.ones(x.shape[:-1], dtype=torch.bool, device=x.device)
    for k in range(steps + 1):
        seen.clear()
        ahead = None
        with suppress(_Over):
            ahead = method.step(state, watched, k)
        residual, unit, arrived = seen[0]
        new = open_ & arrived
        if ahead is None or bool(new.any()):
            found = {**state, "residual": quotient(residual, unit)}
            arrivals.append((open_ if ahead is None else new, found))
        if ahead is None:
            break
        state, open_ = ahead, open_ & ~new
    return _joined(arrivals)


class _Over(Exception):
    """Every row has arrived, or there is no further step: the rest of this one is not needed."""


def _joined(arrivals: list[tuple[Tensor, State]]) -> State:
    """Each row as it was when it arrived."""
    *earlier, (_, joined) = arrivals
    for rows, state in earlier:
        joined = {name: _rows(rows, state[name], value) for name, value in joined.items()}
    return {**joined, "evaluations": joined["evaluations"] + 1}


def _rows(rows: Tensor, some: Tensor, others: Tensor) -> Tensor:
    return torch.where(rows.reshape(*rows.shape, *[1] * (some.dim() - rows.dim())), some, others)
