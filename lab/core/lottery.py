"""Iterative pruning: cut a trained network, then train the rest, from where it started or on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from lab.core.mlp import Mlp, minibatch
from lab.core.prune import Prune
from lab.core.random import Rng
from lab.core.scores import magnitude


def by_inputs(weights: Sequence[Tensor]) -> list[Tensor]:
    """Magnitudes times the square root of a neuron's inputs.

    He's start makes the weights of a layer the smaller the more inputs it has; this undoes it, so
    that one ranking over all layers does not empty the wide ones first.
    """
    return [score * w.shape[1] ** 0.5 for w, score in zip(weights, magnitude(weights))]


def cut(
    net: Mlp,
    w: Tensor,
    left: float,
    *,
    alive: Tensor | None = None,
    scores: Sequence[Tensor] | None = None,
    start: Tensor | None = None,
) -> dict:
    """One cut of iterative pruning; with `start` that of lottery tickets.

    Frankle and Carbin, "The lottery ticket hypothesis" (ICLR 2019).

    Parameters
    ----------
    w : Tensor, shape (net.size,)
    left : float
        Share of all weights that is left after the cut; one ranking over all layers.
    alive : bool Tensor, laid out like `w`, optional
        Which weights lived before: the dead stay dead.
    scores : sequence of Tensor, optional
        For each layer; magnitudes by default.
    start : Tensor, laid out like `w`, optional
        What the living weights, and all biases, go back to.

    Returns
    -------
    dict
        `w`, `alive`, and a fresh `memory` of the optimiser.
    """
    scores = magnitude(net.weights(w)) if scores is None else scores
    before = None if alive is None else net.weights(alive)
    alive = net.alive(Prune().masks(scores, left, before))
    w = (w if start is None else start) * alive
    return {"w": w, "alive": alive, "memory": net.memory(w)}


def tune(
    net: Mlp,
    state: dict,
    train: dict[str, Tensor],
    rng: Rng,
    t: int,
    steps: int,
    *,
    rate: float,
    l2: float = 0.0,
    batch: int = 64,
) -> dict:
    """Step `t` (0 .. steps - 1) of training what `cut` left; the rate falls like a half cosine.

    Parameters
    ----------
    state : dict
        `w`, `alive`, `memory`, and more that stays.
    train : dict of Tensor
        `x` and `y`.
    rate, l2 : float
        As in `Mlp.descend`; the rate at t = 0.

    Returns
    -------
    dict
        The state with new `w` and `memory` and with `loss`, of the minibatch before the step.
    """
    rate = rate * (1 + math.cos(math.pi * t / steps)) / 2
    loss, w, memory = net.descend(
        state["w"], state["memory"], minibatch(train, rng, batch), t,
        rate=rate, l2=l2, alive=state["alive"],
    )  # fmt: skip
    return {**state, "w": w, "memory": memory, "loss": loss}
