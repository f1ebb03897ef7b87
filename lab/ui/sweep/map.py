"""The picture of a sweep: a map of two controls, or a curve of one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import param
from panel.custom import JSComponent

from lab.views.base import js
from lab.views.canvas import LAYER, colours


class Map(JSComponent):
    """Told whole, whenever something has changed: a map has at most 1,024 cells.

    Parameters
    ----------
    whole : callable
        `whole() -> dict`: what is drawn now (see `map.js`).
    """

    ident = param.String("sweep")
    index = param.Integer(0)
    heading = param.String()
    note = param.String()
    k = param.Integer(0)

    _esm = js(*LAYER, "ramp") + "\n" + (Path(__file__).parent / "map.js").read_text("utf-8")

    def __init__(self, whole, **options):
        self._whole = whole
        super().__init__(
            sizing_mode="stretch_both", min_width=60, min_height=60, margin=0, **options
        )

    def _handle_msg(self, message) -> None:
        if isinstance(message, dict) and message.get("ready"):
            self.draw()

    def draw(self) -> None:
        """Draws what there is."""
        self._send_msg({"kind": "map", "tokens": colours(False), **self._whole()})


def scale(values, log: bool) -> tuple[float, float, bool]:
    """(low, high, logarithmic) of the colours, round; logarithmic only where all are positive."""
    values = np.asarray([v for v in values if np.isfinite(v)], dtype=float)
    if not len(values):
        return 0.0, 1.0, False
    low, high = float(values.min()), float(values.max())
    if log and low > 0 and high / low > 3:
        return 10.0 ** np.floor(np.log10(low) + 0.02), 10.0 ** np.ceil(np.log10(high) - 0.02), True
    if high <= low:
        reach = abs(high) or 1.0
        return low - 0.1 * reach, high + 0.1 * reach, False
    unit = 10.0 ** np.floor(np.log10(high - low)) / 2
    return float(np.floor(low / unit) * unit), float(np.ceil(high / unit) * unit), False
