"""From declared views to renderers."""

from __future__ import annotations

from importlib import import_module

from lab.views.base import BESIDE, Renderer, Shared

KINDS = {
    "curves": "Curves", "heat": "Heat", "bars": "Bars", "profile": "Profile", "graph": "Graph",
    "plane": "Plane", "hist": "Hist", "images": "Images", "table": "Table",
    "timeline": "Timeline",
}  # fmt: skip


def make(view, entry, shared: Shared) -> Renderer:
    """The renderer of a declared view.

    Parameters
    ----------
    view : lab.engine.views.View
    entry : registry Entry
        Read are `quantities`, `views`, `stages` and `axes`.
    shared : Shared
        Of the page. Pictures over the step leave room at the right for the bars beside a heat
        map, if the experiment declares one.
    """
    if any(_has_bars(other) for other in getattr(entry, "views", None) or (view,)):
        shared.right = BESIDE
    module = import_module(f"lab.views.{view.kind}")
    return getattr(module, KINDS[view.kind])(view, entry, shared)


def board(entry, dark: bool = False) -> tuple[Shared, list[Renderer]]:
    """All pictures of an experiment, and what they share."""
    shared = Shared(entry, dark)
    return shared, [make(view, entry, shared) for view in entry.views]


def _has_bars(view) -> bool:
    return view.kind == "heat" and view.beside and view.of is None
