"""Iterlab: a visual laboratory for iterative algorithms.

>>> import lab
>>> lab.catalogue()                                      # what there is
>>> run = lab.Session("infeasibility-detection", controls={"method": "halpern"})
>>> run.advance(1000); run.trace["residual"]             # the numbers
>>> lab.show("infeasibility-detection")                  # the page, in a notebook
>>> lab.widget("infeasibility-detection")                # a run, as an ipywidgets widget
>>> lab.verify("infeasibility-detection")                # does the paper's claim hold?
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"

_WHERE = {
    "Session": "lab.engine.session",
    "Study": "lab.engine.study",
    "Race": "lab.engine.race",
    "race": "lab.face",
    "sweep": "lab.engine.sweep",
    "catalogue": "lab.face",
    "experiment": "lab.face",
    "verify": "lab.face",
    "show": "lab.face",
    "widget": "lab.face",
    "plot": "lab.face",
}

__all__ = sorted(_WHERE)


def __getattr__(name):
    # Imported when first used: `import lab` takes no torch and no panel.
    if name not in _WHERE:
        raise AttributeError(f"module 'lab' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)


def __dir__():
    return __all__
