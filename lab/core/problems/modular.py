"""Arithmetic modulo p as a table to be learned: some entries are shown, the others are hidden."""

from __future__ import annotations

import math

import torch

from lab.core.random import Rng

TASKS = {
    "a + b": lambda a, b: a + b,
    "a - b": lambda a, b: a - b,
    "a * b": lambda a, b: a * b,
    "a / b": lambda a, b: a * b,  # with the inverse of b in its place
    "a² + b²": lambda a, b: a * a + b * b,
    "a² + ab + b²": lambda a, b: a * a + a * b + b * b,
}
UNEVEN = ("a - b", "a / b")  # the order of the numbers matters


def inverses(p: int) -> torch.Tensor:
    """What takes each number back to 1 modulo a prime, int64 (p,); 0 in the place of 0.

    Raises
    ------
    ValueError
        Some number has none: the modulus is no prime.
    """
    if any(math.gcd(a, p) > 1 for a in range(1, p)):
        raise ValueError(f"modulo {p} some numbers cannot be divided by: it is no prime")
    return torch.tensor([0, *(pow(a, -1, p) for a in range(1, p))])


def on_the_clock(p: int, task: str) -> torch.Tensor:
    """Numbers in the order in which a task goes round, int64 (m,).

    Sums and differences go round 0, 1, .., p - 1. Products and shares modulo a prime go round the
    powers of its smallest primitive root, without 0: they add and subtract the powers. For the
    other tasks, which have no such order, and for a modulus that is no prime, it is 0, 1, .., p - 1
    too.
    """
    if task in ("a * b", "a / b"):
        for root in range(1, p):
            powers = [1]
            while (after := powers[-1] * root % p) not in powers:
                powers.append(after)
            if len(powers) == p - 1:
                return torch.tensor(powers)
    return torch.arange(p)


def shown_and_hidden(
    p: int, fraction: float, rng: Rng, *, task: str = "a + b", tied: bool = True
) -> dict:
    """Every pair of numbers modulo `p` in random order; the first `shown` of them are for training.

    Parameters
    ----------
    p : int
        Modulus, at least 2.
    fraction : float
        Share of the pairs that is shown, above 0 and below 1.
    rng : Rng
        Draws the order, under the name "pairs".
    task : str
        One of `TASKS`. Division leaves out the pairs whose second number is 0.
    tied : bool
        (a, b) and (b, a) count as one example. Without this the mirror image of a hidden pair may
        be shown, and its answer leaks to a network that is symmetric.

    Returns
    -------
    dict
        `pairs`: int64 Tensor (n, 2), n = p (p + 1) / 2 tied, p^2 otherwise; division p (p - 1).
        `answer`: int64 Tensor (n,).
        `weight`: Tensor (n,), how often the pair stands in the full p x p table (1 or 2).
        `shown`: int, the number of training pairs; they come first.

    Raises
    ------
    ValueError
        Modulus or fraction out of bounds; no such task; tied although the order matters; division
        by a modulus that is no prime.
    """
    if p < 2:
        raise ValueError(f"the modulus is at least 2; not {p}")
    if not 0 < fraction < 1:
        raise ValueError(f"the fraction lies between 0 and 1; not {fraction:g}")
    if task not in TASKS:
        raise ValueError(f"no task {task!r}; there is {', '.join(TASKS)}")
    if tied and task in UNEVEN:
        raise ValueError(f"the order of the numbers matters to {task}: it cannot be tied")
    backend = rng.backend
    if tied:
        pairs = torch.triu_indices(p, p, device=backend.device).T
    else:
        pairs = torch.cartesian_prod(backend.arange(p), backend.arange(p))
    if task == "a / b":
        pairs = pairs[pairs[:, 1] > 0]
    pairs = pairs[rng.permutation("pairs", len(pairs))].contiguous()
    a, b = pairs.unbind(1)
    weight = torch.where((a != b) & tied, 2.0, 1.0)
    second = inverses(p).to(b.device)[b] if task == "a / b" else b
    return {
        "pairs": pairs,
        "answer": TASKS[task](a, second) % p,
        "weight": weight.to(backend.torch_dtype),
        "shown": min(max(round(fraction * len(pairs)), 1), len(pairs) - 1),
    }
