"""Pictures of runs: one renderer for each kind of view.

`make(view, entry, shared)` gives the renderer of a declared view; what a page does with it is
told by `lab.views.base.Renderer`. Still pictures (`lab.views.still`), colours and numerals need
no Bokeh, so it is imported with what needs it.
"""

import importlib

_WHERE = {
    "Lane": "lab.views.base",
    "Renderer": "lab.views.base",
    "Shared": "lab.views.base",
    "board": "lab.views.kinds",
    "make": "lab.views.kinds",
}

__all__ = sorted(_WHERE)


def __getattr__(name):
    if name not in _WHERE:
        raise AttributeError(f"module 'lab.views' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)
