"""The plain list of experiments: links only, no script but the finder, no session."""

from __future__ import annotations

from itertools import groupby
from urllib.parse import quote

from lab.ui.chrome import top
from lab.ui.markup import disc, esc
from lab.ui.ruler import NOT_CHECKED


def listing(entries, worst, bars: str = "") -> str:
    """The page's body: families with their experiments, as questions.

    Parameters
    ----------
    entries : list of registry Entry
    worst : callable
        Entry -> the worst verdict of its claims; None when one is not checked.
    """
    ordered = sorted(entries, key=lambda e: (e.family, e.name))
    families = groupby(ordered, key=lambda e: e.family)
    parts = [_family(name, list(group), worst) for name, group in families]
    n = len(ordered)
    crumb = f"<b>{n} experiment{'' if n == 1 else 's'}</b>"
    empty = "" if parts else '<p class="surprise">No experiment is installed.</p>'
    return f"""<div class="lab" data-theme="light"><div class="bars">{bars}</div>{top(crumb)}
<main><div class="wrap head" style="grid-template-columns:minmax(0,1fr)"><div>
<h1 class="q">Press run. Watch it think.</h1></div></div><div class="stage"><div class="wrap">
<div class="finder" style="padding-top:14px"><input id="find" type="search" autocomplete="off"
 placeholder="momentum, circle, prune …" aria-label="Find an experiment"><kbd>/</kbd></div>
<p class="surprise none" hidden role="status">Nothing matches.</p>{empty}
<div class="list">{"".join(parts)}</div></div></div></main></div>"""


def _family(name: str, entries, worst) -> str:
    title = esc(name.replace("-", " ").capitalize())
    items = "".join(_item(entry, worst(entry)) for entry in entries)
    return (
        f'<section id="{esc(name)}"><h2>{title}<span>{len(entries)}</span></h2>'
        f"<ul>{items}</ul></section>"
    )


def _item(entry, word: str | None) -> str:
    if entry.broken:
        return f'<li class="broken"><b>{esc(entry.name)}</b> {esc(entry.broken)}</li>'
    card = entry.card
    words = " ".join((card.title, card.question, card.answer, entry.family, *card.tags))
    return (
        f'<li data-words="{esc(words.lower())}"><a href="explore?name={quote(entry.name)}">'
        f'<span class="lq">{esc(card.question)}</span>'
        f'<span class="lv">{disc(word)}{esc(word or NOT_CHECKED.split(" for")[0])}</span>'
        f'<span class="lt">{esc(card.title)} · {esc(card.cost)}</span></a></li>'
    )
