"""Pictures of runs: one renderer for each kind of view.

`make(view, entry, shared)` gives the renderer of a declared view; what a page does with it is
told by `lab.views.base.Renderer`.
"""

from lab.views.base import Lane, Renderer, Shared
from lab.views.kinds import board, make

__all__ = ["Lane", "Renderer", "Shared", "board", "make"]
