"""Random walks on maps, where what a walker collects from each place on is known.

A walker at i goes to a neighbour j with chance softmax(2 a - b + a b), a and b the features of the
road, and collects r_i. v = r + discount P v is what it expects to collect from i on.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lab.core.backend import Backend

NEAR = 4  # neighbours of a place


def matrix(chance: Tensor, to: Tensor) -> Tensor:
    """Chances of the neighbours (..., n, 4) as matrices (..., n, n)."""
    whole = chance.new_zeros(*chance.shape[:-1], chance.shape[-2])
    return whole.scatter(-1, to.expand(chance.shape), chance)


def walks(
    graphs: int, nodes: int, discount: float, random: np.random.Generator, backend: Backend
) -> dict[str, Tensor]:
    """Places in the unit square, with roads from each to its four nearest.

    Returns
    -------
    dict of Tensor
        `places` (g, n, 2), `to` (g, n, 4): indices of the neighbours, `roads` (g, n, 4, 2),
        `reward` and `value` (g, n).
    """
    places = backend.tensor(random.random((graphs, nodes, 2)))
    to = (torch.cdist(places, places) + 10 * backend.eye(nodes)).topk(NEAR, largest=False).indices
    roads = backend.tensor(random.standard_normal((graphs, nodes, NEAR, 2)))
    reward = backend.tensor(random.standard_normal((graphs, nodes)))
    a, b = roads.unbind(-1)
    chance = matrix(torch.softmax(2 * a - b + a * b, -1), to)
    value = torch.linalg.solve(backend.eye(nodes) - discount * chance, reward)
    return {"places": places, "to": to, "roads": roads, "reward": reward, "value": value}
