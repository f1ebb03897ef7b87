"""A cell's explorer in its document. Imported while a poster is shown: this is what takes long."""

from __future__ import annotations

from bokeh.models import ImportedStyleSheet
from panel.io.document import _cleanup_doc

from lab.ui.address import Opening
from lab.ui.explorer import Explorer
from lab.ui.lanes import Lanes
from lab.ui.notebook.document import CellDocument
from lab.ui.pages import verdicts_of


class CellPage(Explorer):
    """An explorer over runs that are there already.

    Parameters
    ----------
    entry : registry Entry
    opening : Opening
    lanes : Lanes
    """

    def __init__(self, entry, opening: Opening, lanes: Lanes):
        self._ready = lanes
        super().__init__(entry, opening, None, verdicts=verdicts_of(entry), whole=False)

    def make_lanes(self, opening, new_session) -> Lanes:
        return self._ready


class FollowedPage(CellPage):
    """A page that tells when what it shows has changed.

    Parameters
    ----------
    changed : callable
        `changed(page)`, on the document's thread.
    *arguments
        As for CellPage.
    """

    def __init__(self, changed, *arguments):
        self._changed = changed
        super().__init__(*arguments)

    def report(self, **more) -> None:
        super().report(**more)
        self._changed(self)

    def catch_up(self) -> None:
        """Takes what has come, also while the browser still paints what came before."""
        self.seen()
        self._update()


def put(page: Explorer, document: CellDocument, look: str) -> None:
    """Puts a page into a document; `look` fits it into its place."""
    page.shell.stylesheets = [look]
    page.shell.html = _folded(page.shell.html)
    root = page.shell.get_root(document)
    for model in root.references():
        _no_requests(model)
    document.add_root(root)
    page.visible = False  # nobody has said yet that he looks


def take_away(page: Explorer, document: CellDocument) -> None:
    """Ends a page and its document; on the document's thread."""
    page.close()
    document.afterwards(lambda: _cleanup_doc(document))
    document.end()


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
