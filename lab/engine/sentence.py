"""One line for an error."""

from __future__ import annotations

OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "bad allocation", "bad_alloc")


def sentence(error: BaseException) -> str:
    """The error's text; with its type, unless it is one of the lab's own refusals."""
    text = " ".join(str(error).split())
    kind = type(error)
    if isinstance(error, MemoryError) or any(words in text.lower() for words in OUT_OF_MEMORY):
        return "out of memory: take a smaller problem, or more memory for a worker (LAB_MEMORY)"
    if kind.__module__.startswith("lab.") and text:
        return text
    return f"{kind.__name__}: {text}" if text else kind.__name__
