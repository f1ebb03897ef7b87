"""What a page tells before there is a browser to hear it."""

from types import SimpleNamespace

from lab.ui.board import Board


class Told(Board):
    """A page without runs: what it tells is noted."""

    def __init__(self):
        self.told: list[dict] = []
        self.shell = SimpleNamespace(tell=lambda **message: self.told.append(message))
        self._document = SimpleNamespace(session_context=None)
        self._unheard = {}


def test_a_line_waits_until_a_browser_has_said_hello():
    page = Told()
    page.tell(say={"text": "an offer", "name": "replay"})
    page.tell(state={"k": 0})
    assert page.told == [{"state": {"k": 0}}]
    page.connected()
    assert page.told[1:] == [{"say": {"text": "an offer", "name": "replay"}}]


def test_of_lines_that_replace_each_other_the_last_is_told():
    page = Told()
    for text in ("one", "other"):
        page.tell(say={"text": text, "name": "refused"})
    page.connected()
    page.connected()  # a browser that is there again has the line
    assert page.told == [{"say": {"text": "other", "name": "refused"}}]
    page.tell(say={"text": "at once", "name": "refused"})
    assert page.told[-1] == {"say": {"text": "at once", "name": "refused"}}
