"""One line for an error."""

from __future__ import annotations


def sentence(error: BaseException) -> str:
    """The error's text; with its type, unless it is one of the lab's own refusals."""
    text = " ".join(str(error).split())
    kind = type(error)
    if kind.__module__.startswith("lab.") and text:
        return text
    return f"{kind.__name__}: {text}" if text else kind.__name__
