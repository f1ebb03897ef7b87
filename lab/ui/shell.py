"""The explorer's page as one component: HTML made in Python, pictures as children."""

from __future__ import annotations

from functools import cache
from secrets import token_hex

import param
from panel.custom import Children, JSComponent
from panel.pane import Bokeh
from panel.viewable import Viewable

from lab.ui.theme import HERE, style
from lab.views.base import js as drawn

PARTS = (
    "numerals.js",
    "track.js",
    "controls.js",
    "shell.js",
    "keys.js",
    "errands.js",
    "takeaway.js",
    "connection.js",
    "start.js",
)


@cache
def script() -> str:
    """The page's script: its parts joined, because a module made from a text imports nothing."""
    own = ((HERE / "js" / part).read_text(encoding="utf-8") for part in PARTS)
    return "\n".join([drawn("numbers"), *own])


class Picture(Bokeh):
    """A figure of ours, taken as it is.

    Panel searches every figure for what it may have to rewrite, and the pictures of a page refer
    to each other: with four figures that took a third of the time to open a page.
    """

    def _get_model(self, doc, root=None, parent=None, comm=None):
        if root is None:
            return self.get_root(doc, comm)
        self._models[root.ref["id"]] = (self.object, parent)
        return self.object


def picture(element):
    """A renderer's element as a child of the page."""
    return element if isinstance(element, Viewable) else Picture(element)


class Shell(JSComponent):
    """The page's frame. Talks to `Board` in plain messages (see js/shell.js).

    Parameters
    ----------
    html : str
        The chrome, every text in it escaped.
    pictures : list
        One element for each view, in the order of the experiment's views.
    cursor : str
        Id of the Bokeh source whose `k` is the step under the cursor.
    whole : bool
        Whether the page is ours alone: keyboard, address and theme follow it. False in a notebook.
    board : str
        What the pictures are called together (`Shared.ident`).
    page : str
        Another one for each page that is made: whoever rejoins sees whether it is the same.
    """

    html = param.String()
    pictures = Children()
    cursor = param.String()
    whole = param.Boolean(True)
    board = param.String()
    page = param.String()

    _esm = script()
    _stylesheets = [style()]

    def __init__(self, handle, **params):
        self._handle = handle
        super().__init__(page=token_hex(8), **params)

    def _handle_msg(self, data):
        self._handle(data)

    def tell(self, **message):
        """Sends a message to the browser."""
        self._send_msg(message)
