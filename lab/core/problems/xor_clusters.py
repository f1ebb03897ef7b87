"""Clusters in the pattern of exclusive or, in many dimensions, known by their products alone."""

from __future__ import annotations

import math

import torch

from lab.core.random import Rng

COORDINATES = 2_000  # drawn at once: all of them together would take a hundred megabytes


def xor_clusters(
    n: int,
    tests: int,
    p: int,
    signal: float | torch.Tensor,
    starts: int,
    rng: Rng,
    *,
    even: bool = True,
) -> dict[str, torch.Tensor]:
    """Products between examples, and between random weights and examples.

    An example is the mean of its cluster plus standard normal noise. The four means are mu_1 and
    -mu_1, whose label is +1, and mu_2 and -mu_2, whose label is -1; mu_1 and mu_2 are orthogonal
    and of one length, |mu|^2 = signal sqrt(p). Noise and weights are alike in all directions, so
    the means may lie along the first two axes. Setting of Xu, Wang, Frei, Vardi, Hu, "Benign
    overfitting and grokking in ReLU networks for XOR cluster data" (ICLR 2024).

    Parameters
    ----------
    n, tests : int
        Training and test examples; training examples come first, N of both.
    p : int
        Dimension, 2 at least.
    signal : float or 0-d Tensor
    starts : int
        How many weight vectors, of standard normal numbers.
    rng : Rng
    even : bool
        Whether training examples fall into the clusters evenly, as test examples do, or by lot.

    Returns
    -------
    dict of Tensor
        `gram` (n, N): training examples with all; `start` (starts, N): weights with all;
        `square` (starts,): squared lengths of the weights; `plane` (N, 2), `start_plane`
        (starts, 2): along the two means; `label` (N,): +1 or -1, before any is flipped;
        `length`, 0-d: |mu|.

    Raises
    ------
    ValueError
        Fewer than two dimensions.
    """
    if p < 2:
        raise ValueError(f"two means need two dimensions; not {p}")
    backend = rng.backend
    some = backend.arange(n) % 4 if even else rng.integers("cluster", 0, 4, (n,))
    cluster = torch.cat([some, backend.arange(tests) % 4])
    axis, side = cluster // 2, 1.0 - 2.0 * (cluster % 2)
    length = torch.as_tensor(signal * math.sqrt(p), dtype=backend.torch_dtype).sqrt()
    means = torch.nn.functional.one_hot(axis, 2) * side[:, None] * length
    gram, start, square = 0.0, 0.0, 0.0
    for i, first in enumerate(range(0, p, COORDINATES)):
        some = min(COORDINATES, p - first)
        x = rng.normal("noise", (n + tests, some), index=i)
        w = rng.normal("weights", (starts, some), index=i)
        if first == 0:
            x = torch.cat([x[:, :2] + means, x[:, 2:]], 1)
            plane, start_plane = x[:, :2].clone(), w[:, :2].clone()
        gram, start, square = gram + x[:n] @ x.T, start + w @ x.T, square + w.square().sum(1)
    return {
        "gram": gram,
        "start": start,
        "square": square,
        "plane": plane,
        "start_plane": start_plane,
        "label": 1.0 - 2.0 * axis.to(gram.dtype),
        "length": length,
    }
