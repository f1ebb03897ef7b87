"""Marks: what pictures are made of beside curves, as the browser is told of it.

A mark is a dictionary: its kind (see `js/marks.js`), its looks, and `values`, an array of shape
(columns, n) that travels in binary. Colours are tokens, so that a theme changes nothing here.
"""

from __future__ import annotations

import numpy as np


class Layers:
    """The marks of a picture by layer; sent when they are others than before."""

    def __init__(self, canvas):
        self._canvas = canvas
        self._sent: dict[str, list[dict]] = {}

    def put(self, layer: str, *marks: dict) -> None:
        """Draws these marks in a layer, in place of what was there."""
        packed = [_packed(mark) for mark in marks]
        if self._sent.get(layer, []) != packed:
            self._sent[layer] = packed
            self._canvas.tell(kind="marks", layer=layer, marks=packed)

    def all(self) -> list[dict]:
        """Messages for a browser that knows nothing yet."""
        return [dict(kind="marks", layer=name, marks=m) for name, m in self._sent.items()]

    def clear(self) -> None:
        """Takes all marks away."""
        for layer in list(self._sent):
            self.put(layer)


def _packed(mark: dict) -> dict:
    values = np.atleast_2d(np.asarray(mark["values"], dtype=float))
    packed = {**mark, "n": values.shape[1], "values": np.ascontiguousarray(values).tobytes()}
    if "pick" in mark:
        packed["pick"] = np.asarray(mark["pick"], dtype=np.uint8).tobytes()
    return packed
