"""A live page in a notebook's cell: what stands in the cell, and the messages of its browsers.

The cell is displayed at once with a poster; the page's packages are imported and its runs are
made meanwhile. Everything that changes the page happens on the document's own thread. Messages
are sent from there: the kernel hands them to its output thread, so that pictures move while a
cell runs. Messages that come in wait in the document's queue; where the notebook gives comms a
subshell they are heard while a cell runs, and right after it elsewhere.
"""

from __future__ import annotations

from concurrent.futures import Future
from functools import cache
from pathlib import Path
from threading import Lock, Thread

import anywidget
from traitlets import Int, Unicode

from lab.ui.address import Opening
from lab.ui.notebook.opening import Subject, opening, subject
from lab.ui.notebook.poster import poster
from lab.ui.notebook.scripts import scripts, versions

HERE = Path(__file__).parent
GONE_S = 2.0  # a cell that is closed or run again frees its runs after this time
AWAY_S = 60.0  # so long a notebook page may be loaded again and finds its runs


@cache
def text(name: str) -> str:
    """A file of this folder."""
    return (HERE / name).read_text(encoding="utf-8")


class Cell(anywidget.AnyWidget):
    """An explorer in a cell.

    Parameters
    ----------
    subject : Subject
    opening : Opening
    look : str
        The style sheet that fits the page into its place.
    height : int
        Pixels that are kept free until the page is drawn.
    """

    _esm = text("cell.js")
    versions = Unicode().tag(sync=True)
    _height = Int().tag(sync=True)
    _poster = Unicode().tag(sync=True)

    def __init__(self, subject: Subject, opening: Opening, look: str, height: int, **traits):
        self._subject, self._opening, self._look = subject, opening, look
        self._document = self._page = None
        self._made: Future | None = None  # of the document; None while nobody looks
        self._making = Lock()
        self._watchers: set[str] = set()
        super().__init__(
            versions=versions(), _height=height, _poster=poster(subject.entry), **traits
        )
        self.on_msg(self._hear)
        self._begin()

    def __repr__(self):
        return f"<{type(self).__name__} of {self._subject.entry.name}>"

    @property
    def page(self):
        """The explorer; None while nobody looks: its runs are freed, and made again from their
        recipe.
        """
        made = self._made
        if made is not None and not self._on_its_thread:
            made.result()
        return self._page

    def close(self) -> None:
        """Frees the runs and takes the page out of the notebook."""
        self.free()
        super().close()

    def free(self) -> None:
        """Frees the runs; the page comes back when the cell is shown or used again."""
        made = self._made
        if made is not None and made.exception() is None:
            document = made.result()
            document.call(self._close).add_done_callback(lambda _: document.end())

    # -- the page ------------------------------------------------------------------------------

    @property
    def _on_its_thread(self) -> bool:
        return self._document is not None and self._document.own_thread

    def _open(self):
        """The document, made anew if its runs were freed."""
        return self._document if self._on_its_thread else self._begin().result()

    def _begin(self) -> Future:
        """The document that is there, is being made, or is made from now on."""
        with self._making:
            if self._made is None:
                self._made = made = Future()
                Thread(target=self._work, args=(made,), name="lab-opening", daemon=True).start()
            return self._made

    def _work(self, made: Future) -> None:
        document = None
        try:
            from lab.ui.notebook.runs import runs

            lanes = runs(self._subject, self._opening, self._wake)
            from lab.ui.notebook.document import CellDocument

            document = self._document = CellDocument(self._send_patch)
            document.call(lambda: self._make(lanes)).result()
        except BaseException as error:
            self._made = self._document = None
            if document is not None:
                document.end()
            made.set_exception(error)
        else:
            made.set_result(document)

    def _make(self, lanes) -> None:
        """Makes the page; on the document's thread."""
        from lab.ui.notebook.live import put

        self._page = self._new_page(self._subject.entry, self._opening, lanes)
        put(self._page, self._document, text("cell.css") + self._look)

    def _new_page(self, entry, opening, lanes):
        from lab.ui.notebook.live import CellPage

        return CellPage(entry, opening, lanes)

    def _wake(self) -> None:
        """A run has news; before the page is there it will look for itself."""
        if self._page is not None:
            self._page.wake()

    def _close(self) -> None:
        """Ends the page; how it stands is kept. On the document's thread."""
        from lab.ui.notebook.live import take_away

        page, document = self._page, self._document
        if page is None:
            return
        self._opening = Opening(page.lanes.recipe, page.k, page.lanes.arm, page.axis, page.preset)
        self._page = self._document = self._made = None
        take_away(page, document)

    # -- messages ------------------------------------------------------------------------------

    def _send_patch(self, patch: str, buffers: list) -> None:
        ids = [name for name, _ in buffers]
        self.send({"kind": "patch", "patch": patch, "ids": ids}, [data for _, data in buffers])

    def _hear(self, _, message, buffers) -> None:
        """A message of a browser; on whatever thread the kernel hears it, which must not wait."""
        if not isinstance(message, dict):
            return
        kind, watcher = message.get("kind"), str(message.get("page"))
        document = self._document
        if kind == "scripts":
            self.send({"kind": "scripts"}, [scripts()])
        elif kind == "open":
            self._watchers.add(watcher)
            dark = bool(message.get("dark"))
            self._begin().add_done_callback(lambda made: self._show(watcher, dark, made))
        elif kind == "patch" and document is not None and watcher in self._watchers:
            patch = message.get("patch")
            document.add_next_tick_callback(
                lambda: document.apply_json_patch(patch, setter=document)
            )
        elif kind in ("bye", "away"):
            self._leave(watcher, GONE_S if kind == "bye" else AWAY_S)

    def _show(self, watcher: str, dark: bool, made: Future) -> None:
        """Sends the whole page to a browser, or why there is none."""
        if made.exception() is not None:
            self.send({"kind": "fault", "page": watcher, "text": str(made.exception())})
            return
        document = made.result()

        def tell():
            document.watched = True
            whole = document.to_json(deferred=False)
            self.send({"kind": "document", "page": watcher, "document": whole})

        def show():
            self._page.set_theme(dark)
            document.afterwards(tell)

        document.add_next_tick_callback(show)

    def _leave(self, watcher: str, after_s: float) -> None:
        """A browser shows it no more; when nobody does, the runs are freed."""
        if watcher not in self._watchers:
            return
        self._watchers.discard(watcher)
        document = self._document
        if document is None or self._watchers:
            return

        def stop_drawing():
            if not self._watchers and self._page is not None:
                document.watched = self._page.visible = False

        def free():
            if not self._watchers and self._document is document:
                self._close()

        document.add_next_tick_callback(stop_drawing)
        document.add_timeout_callback(free, 1000 * after_s)


def show(experiment, **options) -> Cell:
    """The explorer of an experiment in a notebook cell.

    Parameters
    ----------
    experiment : str, class, Session or Race
        A name, a class (one written in a cell too), "file.py"; a run opens as it stands, and the
        page goes on with a copy of it.
    **options
        controls, seed, arm (or "all"), preset, k (the step under the cursor), axis ("k", a
        declared axis, "seconds"), device, dtype.

    Raises
    ------
    UnknownName, ControlError, ExperimentError
        In one line each.
    """
    found = subject(experiment)
    return Cell(found, opening(found.entry, experiment, **options), "", 620)
