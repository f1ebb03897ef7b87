"""The next tick of a document may be asked for at any moment, on any thread."""

import asyncio
import weakref
from threading import Thread

from bokeh.document import Document
from tornado.ioloop import IOLoop

from lab.ui.ticks import next_tick


class Context:
    """What a server knows of the document's session."""


class Held(list):
    """Events on hold that are given out while another thread is about to add one."""

    def __init__(self, give_out):
        super().__init__()
        self._give_out = give_out

    def __reversed__(self):
        self._give_out()
        return super().__reversed__()


def served(document):
    context = Context()
    document._session_context = weakref.ref(context)
    return context


def noted(document, seen):
    """The callbacks of which the server hears."""
    document.callbacks.on_change(lambda event: seen.append(event.callback.callback))


def asked_while_given_out(ask, document):
    """Another thread asks for a tick just when an update on hold is given out."""
    document.callbacks.hold("combine")
    document.callbacks._held_events = Held(document.callbacks.unhold)
    other = Thread(target=lambda: ask(wish))
    other.start()
    other.join()
    document.callbacks.unhold()


def on_a_loop(act):
    """Does something on a server's loop, and lets the loop do what is due."""

    async def main():
        act()
        done = asyncio.Event()
        IOLoop.current().add_callback(done.set)  # after all that was due before it
        await done.wait()

    other = Thread(target=lambda: asyncio.run(main()))
    other.start()
    other.join()


def wish():
    pass


def test_a_wish_of_another_thread_is_not_lost_while_an_update_is_given_out():
    document, heard = Document(), []
    context = served(document)
    noted(document, heard)

    on_a_loop(lambda: asked_while_given_out(next_tick(document), document))
    assert context is not None and len(heard) == 1


def test_without_it_the_wish_is_lost():
    document, heard = Document(), []
    noted(document, heard)
    asked_while_given_out(document.add_next_tick_callback, document)
    assert heard == []


def test_a_document_without_a_server_takes_it_by_itself():
    document = Document()
    assert next_tick(document) == document.add_next_tick_callback


def test_only_the_server_s_thread_asks():
    document, heard = Document(), []
    context = served(document)
    noted(document, heard)

    def act():
        next_tick(document)(wish)
        assert heard == []

    on_a_loop(act)
    assert context is not None and len(heard) == 1
