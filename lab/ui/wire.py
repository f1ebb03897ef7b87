"""The wire between a page and its browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import panel as pn
from bokeh.document.events import DocumentPatchedEvent


def undelayed(document) -> None:
    """Lets every message to the document's browser leave at once.

    A message of Bokeh is several small writes. TCP holds the second one back until the first is
    acknowledged, and a browser acknowledges late: 40 ms in each update of the page.

    Parameters
    ----------
    document : bokeh.document.Document
        In a notebook it has no socket of its own, and nothing is done.
    """
    for connection in _connections(document):
        connection._socket.set_nodelay(True)


@contextmanager
def one_message(document) -> Iterator[None]:
    """What changes meanwhile travels as one message, behind those that are on their way.

    Panel's `hold` does the first. But a message that it finds no room for at once may be forgotten
    until there is a next one; a page then stands still for up to a second. Bokeh keeps the order,
    with a message for each change.

    Parameters
    ----------
    document : bokeh.document.Document
        Its lock is held. In a notebook, or without a browser so far, this is Panel's `hold`.
    """
    connections = _connections(document)
    if not connections:
        with pn.io.hold(document):
            yield
        return
    document.hold("combine")
    try:
        yield
    finally:
        callbacks, session = document.callbacks, document.session_context.session
        changes, others = [], []
        for event in callbacks._held_events:
            (changes if isinstance(event, DocumentPatchedEvent) else others).append(event)
        callbacks._held_events = others
        document.unhold()
        for connection in connections if changes else ():
            message = connection.protocol.create("PATCH-DOC", changes)
            session._pending_writes.append(connection._socket.send_message(message))


def _connections(document) -> list:
    session = getattr(document.session_context, "session", None)
    return list(getattr(session, "_subscribed_connections", ()))
