"""Still pictures as small SVG: no script, no page, both themes by CSS variables.

>>> frame = Frame(160, 96, 8, 8, 8, 8, bare=True)          # a thumbnail
>>> drawing = curves([Line("Halpern", k, error)], frame, y_log=True, x_log=True)
>>> svg(drawing, frame)                                    # where the page's tokens are
>>> fixed(svg(drawing, frame), dark=True)                  # a file of its own
"""

from lab.views.still.cells import cells
from lab.views.still.curves import Line, curves
from lab.views.still.frame import Frame, fixed, svg, tokens
from lab.views.still.paths import paths
from lab.views.still.runs import curve_lines, measure

__all__ = [
    "Frame", "Line", "cells", "curve_lines", "curves", "fixed", "measure", "paths", "svg", "tokens",
]  # fmt: skip
