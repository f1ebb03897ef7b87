"""Most of the way in a cheap precision, the end in that of the problem.

What an iteration is worth is told by its last residual. Rounding on the way there is one more
error of an iterate, and a contraction forgets those. So an answer in float64 to a tolerance that
float32 can tell apart costs what it costs in float32, and one evaluation that confirms it
(N. J. Higham and T. Mary, "Mixed precision algorithms in numerical linear algebra", Acta Numerica
31, 2022).
"""

from __future__ import annotations

import torch
from torch import Tensor

from lab.core.fixed_point import Map
from lab.core.solve import State, solve

SHARE = 0.5  # of the tolerance is sought first, so that the last evaluation finds it kept
UNITS = 20  # of rounding: the least residual that is sought in the cheap precision


def solve_in_two(
    method,
    T: Map,
    rounded: Map,
    x: Tensor,
    tol: float,
    steps: int,
    dtype: torch.dtype = torch.float32,
) -> State:
    """The state of a method once |x - Tx| <= tol |Tx| in each row, begun in `dtype`.

    Parameters
    ----------
    method, T, x, tol
        As for `lab.core.solve.solve`.
    rounded : callable
        The same map in `dtype`: tensor (..., d) to tensor (..., d), both of that type.
    steps : int
        At most so many in each precision.
    dtype : torch.dtype
        Of the first part; coarser than that of `x`.

    Returns
    -------
    dict
        The state of the second part, as `solve` gives it, and `rounded`, shape (...): the
        evaluations of `rounded`, which `evaluations` does not count.
    """
    first = max(SHARE * tol, UNITS * torch.finfo(dtype).eps)
    begun = solve(method, rounded, x.to(dtype), first, steps, relative=True)
    end = solve(method, T, begun["x"].to(x.dtype), tol, steps, relative=True)
    return {**end, "rounded": begun["evaluations"]}
