"""A browser that leaves is no fault: the server's log has no line about it.

Between the moment when a tab closes and the one when the server hears of it, messages are on their
way to nobody. Bokeh and Panel warn of each of them, and leave the failed writes to asyncio.
"""

from __future__ import annotations

import logging

from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

LOGGERS = ("bokeh.server.views.ws", "panel.io.document", "asyncio")
SAID = "Failed sending message as connection was closed"


def hush() -> None:
    """Keeps what is written to closed tabs out of the log; once is enough, more do no harm."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_matters)


def _matters(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, (WebSocketClosedError, StreamClosedError)):
        return False
    return record.getMessage() != SAID
