"""Normalised margins of two-layer networks, and the largest one for addition modulo p.

A margin is how far the right answer's score is above the best wrong one's, in the worst case. A
network whose scores grow with the cube of its weights has a margin that means something only over
the cube of a norm; here the norm is the L_{2,3} one, whose cube is the sum over the neurons of the
cubed length of a neuron's weights. Morwani, Edelman, Oncescu, Zhao, Kakade, "Feature emergence via
margin maximization: case studies in algebraic tasks" (ICLR 2024).
"""

from __future__ import annotations

import math

import numpy as np
import torch

from lab.core.groups import Group
from lab.core.representations import irreducibles

Weights = dict[str, torch.Tensor]


def lengths(weights: Weights) -> torch.Tensor:
    """The length of each neuron's weights, (width,); each tensor is (rows, width)."""
    return sum(w.square().sum(0) for w in weights.values()).sqrt()


def cubed_norm(weights: Weights) -> torch.Tensor:
    """The cube of the L_{2,3} norm, 0-d."""
    return lengths(weights).pow(3).sum()


def margin(logits: torch.Tensor, answer: torch.Tensor) -> torch.Tensor:
    """The right score above the best wrong one, in the worst of m rows, 0-d.

    Parameters
    ----------
    logits : Tensor (m, n)
    answer : int64 Tensor (m,)
    """
    right = logits.gather(1, answer[:, None])
    wrong = logits.scatter(1, answer[:, None], -math.inf).amax(1, keepdim=True)
    return (right - wrong).min()


def addition_optimum(p: int) -> float:
    """The largest margin over the cubed L_{2,3} norm for (a, b) -> a + b modulo an odd prime p.

    Of networks with squares as activation. Averaged over all pairs and wrong answers, the margin
    of one neuron with weights u, v, w is 2 / (p (p - 1)) times sum_ab u_a v_b w_{a+b}, where w is
    free of its mean. Over the lengths the sum is at most sqrt(p / 2): pure waves of one frequency
    whose phases add up. The product of the three lengths is largest when they are equal, 3^{-3/2}
    for a neuron of length 1. So no neuron brings more than the value returned, and
    `addition_network` attains it for all pairs at once.
    """
    return math.sqrt(2 / 27) / (math.sqrt(p) * (p - 1))


def group_optimum(group: Group) -> tuple[float, torch.Tensor]:
    """The largest margin over the cubed L_{2,3} norm for (a, b) -> ab, and what it is made of.

    A neuron of length 1 in a representation of dimension d lifts the right answer by 2 / n² times
    sqrt(n / d) / sqrt 27 at most, and an answer that is wrong by the factor g by chi(g) / d of
    this, on average over all pairs. The best mixture of representations against the worst g is a
    linear programme. For a prime modulus it is `addition_optimum`.

    Parameters
    ----------
    group : Group
        With representations of kind 1, or of dimension 2 and kind 2, alone.

    Returns
    -------
    value : float
    shares : float64 Tensor (irreducibles,)
        How the cubed norm is shared out; the trivial representation gets nothing.
    """
    from scipy.optimize import linprog

    n, parts = len(group), irreducibles(group)
    lift = np.array([2 / n**2 * math.sqrt(n / r.dimension / 27) for r in parts])
    chi = torch.stack([r.character / r.dimension for r in parts], 1).numpy()[1:]
    rows = np.column_stack([-(1 - chi) * lift, np.ones(n - 1)])  # margin <= sum of shares
    cost = np.append(np.zeros(len(parts)), -1.0)
    ones = np.append(np.ones(len(parts)), 0.0)[None]
    found = linprog(cost, rows, np.zeros(n - 1), ones, [1.0])
    return float(found.x[-1]), torch.from_numpy(found.x[:-1])


def addition_network(p: int) -> Weights:
    """Weights "left", "right", "out" (p, 8 (p - 1)) of float64 that attain `addition_optimum`.

    Each frequency has 16 neurons, whose phases of a and of b are the multiples of a quarter turn;
    the phase of the answer is their sum. Waves that are not of a + b - c cancel.
    """
    turn = torch.arange(p, dtype=torch.float64) * (2 * math.pi / p)
    frequency = torch.arange(1, (p + 1) // 2, dtype=torch.float64)
    quarters = torch.arange(4, dtype=torch.float64) * (math.pi / 2)
    f, x, y = torch.cartesian_prod(frequency, quarters, quarters).unbind(1)
    angle = turn[:, None] * f
    return {
        "left": (angle + x).cos(),
        "right": (angle + y).cos(),
        "out": (angle + x + y).cos(),
    }
