"""Runs as pictures see them, without an engine."""

from types import SimpleNamespace

import numpy as np

from lab.engine.experiment import Quantity
from lab.engine.pictures import Pictures, pack
from lab.engine.schedule import next_record
from lab.engine.trace import Trace
from lab.views import Lane, Shared

QUANTITIES = {
    "residual": Quantity("residual", log=True, better="less"),
    "limit": Quantity("bound"),
    "accuracy": Quantity("accuracy"),
    "place": Quantity("place"),
    "spectrum": Quantity("power", dim="frequency"),
    "evals": Quantity("evaluations"),
}


def entry(*views):
    return SimpleNamespace(quantities=QUANTITIES, axes=("evals",), stages={}, views=views)


def row(k: int, power: float = 1.0) -> dict:
    turn = 0.2 * k
    return {
        "residual": (k + 1.0) ** -power,
        "limit": 2.0 / (k + 1),
        "accuracy": 1 - np.exp(-k / 50),
        "place": np.array([np.cos(turn), np.sin(turn)]) / (1 + k / 20),
        "spectrum": np.arange(1, 9) * (1 + k / 100),
        "evals": 3.0 * k,
    }


def picture(k: int) -> dict:
    generator = np.random.default_rng(k)
    return {
        "points": generator.normal(size=(20, 2)),
        "spot": np.array([float(k), 1.0]),
        "weights": generator.normal(size=(6, 8)),
        "alive": generator.random((6, 8)) > 0.5,
        "mask": generator.random((16, 16)) > 0.9,
        "signal": np.exp(-(np.linspace(-2, 2, 50) ** 2)),
        "sample": generator.normal(size=400),
        "theory": np.stack([np.linspace(-3, 3, 30), np.full(30, 0.2)], 1),
        "edges": np.array([[0, 1], [1, 2], [2, 0]]),
        "values": np.array([0.1, 0.5, 0.9]),
        "images": generator.random((3, 4, 5)),
        "said": ["first", "second"],
        "gantt": np.array([[0, 0, 2, 0], [1, 1, 1, 1]], dtype=float),
        "arrows": np.array([[0.0, 0.0, 1.0, 0.0]]),
    }


def run_to(lane: Lane, last: int, power: float = 1.0) -> Lane:
    """Records a lane's run on to step `last`."""
    start = int(lane.trace.k[-1]) if len(lane.trace) else -1
    k = 0 if start < 0 else next_record(start)
    while k <= last:
        lane.trace.add(k, row(k, power))
        if lane.pictures.due(k):
            lane.pictures.add(k, pack(picture(k)))
        k = next_record(k)
    lane.head = last
    return lane


def lane(last: int = 100, label: str = "", style: int = 0, power: float = 1.0) -> Lane:
    return run_to(Lane(label, style, trace=Trace(), pictures=Pictures()), last, power)


def shared(*views, dark: bool = False) -> Shared:
    return Shared(entry(*views), dark)


def told(renderer):
    """What a canvas was told, by kind."""
    messages = []
    renderer.canvas._send_msg = messages.append
    return messages
