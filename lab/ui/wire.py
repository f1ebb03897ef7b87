"""The wire between a page and its browser."""

from __future__ import annotations


def undelayed(document) -> None:
    """Lets every message to the document's browser leave at once.

    A message of Bokeh is several small writes. TCP holds the second one back until the first is
    acknowledged, and a browser acknowledges late: 40 ms in each update of the page.

    Parameters
    ----------
    document : bokeh.document.Document
        In a notebook it has no socket of its own, and nothing is done.
    """
    session = getattr(document.session_context, "session", None)
    for connection in getattr(session, "_subscribed_connections", ()):
        connection._socket.set_nodelay(True)
