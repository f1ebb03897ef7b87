"""Pictures of runs where a notebook asks for them."""

from __future__ import annotations


def still(kind: str, what) -> str | None:
    """A run, race or study as HTML; None without the pages' packages, and a text is shown."""
    try:
        from lab.ui.notebook import still as pictures
    except ImportError:
        return None
    return getattr(pictures, kind)(what)
