"""The runs of a cell, made before its page: workers make them while the page is imported."""

from __future__ import annotations

from lab.engine.workers import remote_session
from lab.ui.address import Opening
from lab.ui.lanes import Lanes
from lab.ui.notebook.opening import Subject


def runs(subject: Subject, opening: Opening, wake) -> Lanes:
    """The runs that a cell opens with, each in a worker.

    Parameters
    ----------
    subject : Subject
    opening : Opening
    wake : callable
        Called on any thread when one of them has news.
    """

    def new_session(entry, controls, seed, device, dtype, edits):
        return remote_session(subject.made_from, controls, seed, device, dtype, edits=edits)

    return Lanes(subject.entry, opening.recipe, opening.arm, new_session, wake)
