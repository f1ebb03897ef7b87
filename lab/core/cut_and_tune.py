"""A network whose weights are cut and whose survivors are trained on, a step at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from lab.core.masks import dead_units
from lab.core.mlp import Mlp, side_by_side


@final
@dataclass(frozen=True)
class CutAndTune:
    """Prunes a trained network and tunes what is left with Adam; the dead stay dead.

    The state is a dict: `w` (weights and biases in one vector), `alive` (booleans laid out like
    them), `memory` (the optimiser's), `tuned` (steps of tuning so far), `k` (steps of any kind) and
    `stage` ("prune" or "fine-tune", what the last step did). Functions return new states.

    Parameters
    ----------
    net : Mlp
    """

    net: Mlp

    def init(self, weights: Tensor) -> dict:
        """Nothing is gone yet."""
        return {
            "w": weights.clone(),
            "alive": torch.ones_like(weights, dtype=torch.bool),
            "memory": self.net.memory(weights),
            "tuned": 0,
            "k": 0,
            "stage": "prune",
        }

    def masks(self, state: dict) -> list[Tensor]:
        """Which weights live, (outputs, inputs) for each layer."""
        return self.net.weights(state["alive"])

    def cut(self, state: dict, masks: Sequence[Tensor]) -> dict:
        """Only weights in the masks are left; what dies takes its part of the memory with it."""
        alive = self.net.alive(list(masks))
        w, memory = self.net.cut(state["w"], state["memory"], alive)
        return {**state, "w": w, "alive": alive, "memory": memory, "k": state["k"] + 1,
                "stage": "prune"}  # fmt: skip

    def tune(
        self, state: dict, examples: tuple[Tensor, Tensor], *, rate: float, l2: float = 0.0
    ) -> tuple[Tensor, dict]:
        """One step on inputs and classes: the loss before it, 0-d, and the state after it."""
        loss, w, memory = self.net.descend(
            state["w"], state["memory"], examples, state["tuned"],
            rate=rate, l2=l2, alive=state["alive"],
        )  # fmt: skip
        return loss, {**state, "w": w, "memory": memory, "tuned": state["tuned"] + 1,
                      "k": state["k"] + 1, "stage": "fine-tune"}  # fmt: skip

    def picture(self, state: dict) -> dict:
        """`weights` and `alive` as one matrix with a column for each neuron; `names` of layers."""
        return layers_drawn(self.net, state["w"], state["alive"])


def layers_drawn(net: Mlp, flat: Tensor, alive: Tensor) -> dict:
    """Matrices of the layers from left to right, a column for each neuron, and `names` of layers.

    Parameters
    ----------
    flat, alive : Tensor, bool Tensor
        Weights and which of them live, laid out as `Mlp` does.

    Returns
    -------
    dict
        `weights`, nan between two layers; `alive`, True there; `names`, a list of texts.
    """
    return {
        "weights": side_by_side([w.T for w in net.weights(flat)], 4, torch.nan),
        "alive": side_by_side([m.T for m in net.weights(alive)], 4, True),
        "names": [f"{into} to {out}" for out, into in net.shapes],
    }


def on_a_path(masks: Sequence[Tensor]) -> Tensor:
    """Share of units that a path of living weights from an input to an output runs through.

    Shape (layers + 1,): of the inputs, of each hidden layer, of the outputs.
    """
    return torch.stack([1 - dead.float().mean() for dead in dead_units(masks)])


def places(net: Mlp) -> list[str]:
    """What the entries of `on_a_path` are called."""
    return ["inputs", *(f"hidden {i}" for i in range(1, len(net.shapes))), "outputs"]
