"""One clear line for a name that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UnknownName(KeyError):
    """A name that is not among those known; the message is one line with a suggestion."""

    def __str__(self):
        return self.args[0]


def unknown(what: str, name: str, known: Iterable[str]) -> UnknownName:
    """`no control 'angel'; did you mean 'angle'?`, or the list when nothing is near."""
    known = [str(k) for k in known]
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    if near:
        return UnknownName(f"no {what} {name!r}; did you mean {near[0]!r}?")
    listed = ", ".join(known[:12]) + (" ..." if len(known) > 12 else "")
    return UnknownName(f"no {what} {name!r}; there is {listed or 'none'}")
