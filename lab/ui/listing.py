"""`/all`: every experiment from A to Z, links only; it works without a script."""

from __future__ import annotations

from itertools import groupby
from urllib.parse import quote

from lab.ui.chrome import top
from lab.ui.gallery.cells import UNCHECKED
from lab.ui.markup import disc, esc


def listing(entries, worst, bars: str = "") -> str:
    """The page's body: experiments by the first letter of their titles.

    Parameters
    ----------
    entries : list of registry Entry
    worst : callable
        Entry -> the worst verdict of its claims; None when one is not checked.
    bars : str
        HTML above the page.
    """
    ordered = sorted(entries, key=lambda e: e.card.title.casefold())
    letters = groupby(ordered, key=lambda e: e.card.title[:1].upper())
    parts = [_letter(letter, list(group), worst) for letter, group in letters]
    n = len(ordered)
    crumb = f'<a href="./">{n} experiment{"" if n == 1 else "s"}</a><span>/</span><b>A to Z</b>'
    empty = "" if parts else '<p class="surprise">No experiment is installed.</p>'
    return f"""<div class="lab" data-theme="light"><div class="bars">{bars}</div>{top(crumb)}
<main><div class="wrap head" style="grid-template-columns:minmax(0,1fr)"><div>
<h1 class="q">Every experiment, A to Z</h1></div></div><div class="stage"><div class="wrap">{empty}
<div class="list" style="padding-top:22px">{"".join(parts)}</div></div></div></main></div>"""


def _letter(letter: str, entries, worst) -> str:
    items = "".join(_item(entry, worst) for entry in entries)
    return f"<section><h2>{esc(letter)}</h2><ul>{items}</ul></section>"


def _item(entry, worst) -> str:
    if entry.broken:
        return f'<li class="broken"><b>{esc(entry.name)}</b> {esc(entry.broken)}</li>'
    card, word = entry.card, worst(entry)
    return (
        f'<li><a href="explore?name={quote(entry.name)}">'
        f'<span class="lq">{esc(card.title)}</span>'
        f'<span class="lv">{disc(word)}{esc(word or UNCHECKED)}</span>'
        f'<span class="lt">{esc(card.question)}</span></a></li>'
    )
