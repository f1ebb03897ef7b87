"""A live page in a notebook's cell: an explorer, its document, and the comm between.

Everything that changes the page happens on the document's own thread. Messages are sent from
there: the kernel hands them to its output thread, so that pictures move while a cell runs.
Messages that come in wait in the document's queue; where the notebook gives comms a subshell
they are heard while a cell runs, and right after it elsewhere.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from threading import Lock

import anywidget
from bokeh.models import ImportedStyleSheet
from panel.io.document import _cleanup_doc
from traitlets import Int, Unicode

from lab.engine.workers import remote_session
from lab.ui.address import Opening
from lab.ui.board import LIVE_HZ
from lab.ui.explorer import Explorer
from lab.ui.notebook.document import CellDocument
from lab.ui.notebook.opening import Subject, opening, subject
from lab.ui.notebook.scripts import scripts, versions
from lab.ui.pages import verdicts_of

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

    Attributes
    ----------
    page : Explorer or None
        None while nobody looks: its runs are freed, and made again from their recipe.
    """

    _esm = text("cell.js")
    versions = Unicode().tag(sync=True)
    _height = Int().tag(sync=True)

    def __init__(self, subject: Subject, opening: Opening, look: str, height: int, **traits):
        self._subject, self._opening, self._look = subject, opening, look
        self._document: CellDocument | None = None
        self._opening_lock = Lock()
        self._watchers: set[str] = set()
        self.page: Explorer | None = None
        super().__init__(versions=versions(), _height=height, **traits)
        self.on_msg(self._hear)
        self._open()

    def __repr__(self):
        return f"<{type(self).__name__} of {self._subject.entry.name}>"

    def close(self) -> None:
        """Frees the runs and takes the page out of the notebook."""
        self.free()
        super().close()

    def free(self) -> None:
        """Frees the runs; the page comes back when the cell is shown or used again."""
        document = self._document
        if document is not None:
            document.call(self._close).add_done_callback(lambda _: document.end())

    # -- the page ------------------------------------------------------------------------------

    def _open(self) -> CellDocument:
        """The document, made anew if its runs were freed."""
        with self._opening_lock:
            document = self._document
            made = document is None
            if made:
                document = self._document = CellDocument(self._send_patch)
        try:
            # whoever comes second waits for the first
            document.call(self._make if made else lambda: None).result()
        except BaseException:
            if made:
                self._document = None
                document.end()
            raise
        return document

    def _make(self) -> None:
        page = self._new_page(
            self._subject.entry, self._opening, self._new_session,
            verdicts=verdicts_of(self._subject.entry), whole=False,
        )  # fmt: skip
        page.shell.stylesheets = [text("cell.css") + self._look]
        page.shell.html = _folded(page.shell.html)
        root = page.shell.get_root(self._document)
        for model in root.references():
            _no_requests(model)
        self._document.add_root(root)
        page.visible = False  # nobody has said yet that he looks
        self.page = page

    def _new_page(self, *arguments, **options) -> Explorer:
        return Explorer(*arguments, **options)

    def _new_session(self, entry, controls, seed, device, dtype, edits):
        return remote_session(
            self._subject.made_from, controls, seed, device, dtype, edits=edits, hz=LIVE_HZ
        )

    def _close(self) -> None:
        """Ends the page; how it stands is kept. On the document's thread."""
        page, document = self.page, self._document
        if page is None:
            return
        self._opening = Opening(page.lanes.recipe, page.k, page.lanes.arm, page.axis, page.preset)
        self.page = self._document = None
        page.close()
        document.afterwards(lambda: _cleanup_doc(document))
        document.end()

    # -- messages ------------------------------------------------------------------------------

    def _send_patch(self, patch: str, buffers: list) -> None:
        ids = [name for name, _ in buffers]
        self.send({"kind": "patch", "patch": patch, "ids": ids}, [data for _, data in buffers])

    def _hear(self, _, message, buffers) -> None:
        """A message of a browser; on whatever thread the kernel hears it."""
        if not isinstance(message, dict):
            return
        kind, watcher = message.get("kind"), str(message.get("page"))
        if kind == "scripts":
            self.send({"kind": "scripts"}, [scripts()])
        elif kind == "open":
            try:
                self._show(watcher, bool(message.get("dark")))
            except Exception as error:  # said where the page would stand
                self.send({"kind": "fault", "page": watcher, "text": str(error)})
        elif kind == "patch" and self._document is not None and watcher in self._watchers:
            document, patch = self._document, message.get("patch")
            document.add_next_tick_callback(lambda: _apply(document, patch))
        elif kind in ("bye", "away"):
            self._leave(watcher, GONE_S if kind == "bye" else AWAY_S)

    def _show(self, watcher: str, dark: bool) -> None:
        self._watchers.add(watcher)
        document = self._open()

        def tell():
            document.watched = True
            whole = document.to_json(deferred=False)
            self.send({"kind": "document", "page": watcher, "document": whole})

        def show():
            self.page.set_theme(dark)
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
        document.watched = False
        self.page.visible = False

        def free():
            if not self._watchers and self._document is document:
                self._close()

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


def _apply(document: CellDocument, patch) -> None:
    document.apply_json_patch(patch, setter=document)


def _folded(html: str) -> str:
    """What stands below the pictures is folded away: the next cell is near."""
    notes = '<div class="wrap notes">'
    if notes not in html:
        return html
    fold = '<details class="below"><summary class="wrap">Why, evidence, code</summary>'
    return html.replace(notes, fold + notes, 1).replace("</main>", "</details></main>", 1)


def _no_requests(model) -> None:
    """Style sheets that would be fetched are left out: ours are complete."""
    sheets = getattr(model, "stylesheets", None)
    if sheets and any(isinstance(sheet, ImportedStyleSheet) for sheet in sheets):
        model.stylesheets = [s for s in sheets if not isinstance(s, ImportedStyleSheet)]
