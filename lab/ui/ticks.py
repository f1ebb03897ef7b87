"""The next tick of a page's document, asked for on any thread.

Bokeh collects what changes while an update is made, the wish for a next tick among it, and gives
all of it out at the end. A wish that another thread adds in that moment is lost, and with it
whatever the page waits for. So another thread only leaves word with the server's, which asks.
"""

from __future__ import annotations

from collections.abc import Callable

from tornado.ioloop import IOLoop


def next_tick(document) -> Callable[[Callable[[], None]], object]:
    """`ask(callback)`, which may be called on any thread: it is called under the document's lock.

    Parameters
    ----------
    document : bokeh.document.Document
        In a notebook it has a thread of its own, and takes wishes from any other by itself.
    """
    if document.session_context is None:
        return document.add_next_tick_callback
    loop = IOLoop.current()
    return lambda callback: loop.add_callback(document.add_next_tick_callback, callback)
