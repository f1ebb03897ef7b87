"""What changes in an update of a page travels as one message, and none is left behind."""

from types import SimpleNamespace

import pytest
from bokeh.document import Document
from bokeh.models import Div

from lab.ui.wire import one_message


class Connection:
    """A browser's end that notes what it is sent."""

    def __init__(self):
        self.sent = []
        self.protocol = SimpleNamespace(create=lambda kind, changes: (kind, list(changes)))
        self._socket = SimpleNamespace(send_message=self.sent.append)


@pytest.fixture
def page():
    """A document under its lock, with two browsers."""
    document, browsers = Document(), [Connection(), Connection()]
    session = SimpleNamespace(_subscribed_connections=browsers, _pending_writes=[])
    document._session_context = lambda: SimpleNamespace(session=session)
    document.add_root(Div(text="as it was"))
    return document, browsers


def test_all_changes_are_one_message_to_each_browser(page):
    document, browsers = page
    (div,) = document.roots
    with one_message(document):
        div.text = "half way"
        div.visible = False
        div.text = "at the end"
        assert not browsers[0].sent
    for browser in browsers:
        ((kind, changes),) = browser.sent
        assert kind == "PATCH-DOC"
        assert {(change.attr, change.new) for change in changes} == {
            ("text", "at the end"),
            ("visible", False),
        }
    assert not document.callbacks.hold_value


def test_without_a_change_there_is_no_message(page):
    document, browsers = page
    with one_message(document):
        pass
    assert not browsers[0].sent


def test_a_wish_for_a_tick_is_no_change(page):
    document, browsers = page
    told = []
    document.callbacks.on_change(told.append)
    with one_message(document):
        document.add_next_tick_callback(lambda: None)
    assert len(told) == 1 and not browsers[0].sent


def test_what_had_changed_before_a_fault_is_sent(page):
    document, browsers = page
    with pytest.raises(ValueError), one_message(document):
        document.roots[0].text = "half way"
        raise ValueError("in the middle of it")
    assert len(browsers[0].sent) == 1 and not document.callbacks.hold_value
