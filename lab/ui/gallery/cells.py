"""The cells of the gallery: an experiment as a question, a family as a picture."""

from __future__ import annotations

from collections import Counter
from urllib.parse import quote

from lab.ui.gallery import sight
from lab.ui.gallery.families import Family
from lab.ui.gallery.thumbnails import find, placed
from lab.ui.markup import disc, esc

UNCHECKED = "not checked"
VERDICTS = ("holds", "partly", "fails", "error", UNCHECKED)
_BAR = {"holds": "", "partly": "p", "fails": "x", "error": "x", UNCHECKED: "u"}


def symbols() -> str:
    """Pictures that the page refers to: discs of verdicts, and what an experiment shows."""
    discs = "".join(
        f'<symbol id="v-{i}" viewBox="0 0 16 16">{_inside(disc(None if v == UNCHECKED else v))}'
        "</symbol>"
        for i, v in enumerate(VERDICTS)
    )
    sights = "".join(
        f'<symbol id="s-{i}" viewBox="0 0 16 16">{picture}</symbol>'
        for i, picture in enumerate(sight.PICTURES.values())
    )
    return f'<svg class="sr" aria-hidden="true">{discs}{sights}</svg>'


def _inside(svg: str) -> str:
    return svg[svg.index(">") + 1 : svg.rindex("</svg>")]


def sign(verdict: str) -> str:
    """The disc of a verdict."""
    number = VERDICTS.index(verdict)
    return f'<svg class="disc" aria-hidden="true"><use href="#v-{number}"/></svg>'


def sight_sign(word: str) -> str:
    """The small picture of what an experiment shows."""
    return f'<svg aria-hidden="true"><use href="#s-{sight.WORDS.index(word)}"/></svg>'


def picture(entry, place: str, second: bool = False) -> str:
    """An experiment's thumbnail; a quiet drawing of the kind of view where there is none."""
    found = (second and find(entry, second=True)) or find(entry)
    if found:
        return placed(found, f"{place}-{entry.name}")
    return placeholder(next(iter(sight.seen(entry)), "curve"))


def placeholder(word: str) -> str:
    """What stands where no run was drawn yet."""
    number = sight.WORDS.index(word)
    use = f'<use href="#s-{number}" x="160" y="80" width="80" height="80"/>'
    return f'<svg class="th quiet" viewBox="0 0 400 240" aria-hidden="true">{use}</svg>'


def cell(entry, verdict: str | None, place: str, as_announced: bool = False) -> str:
    """An experiment: its picture, its question, what it takes."""
    word = verdict or UNCHECKED
    said = f"{word} as announced" if as_announced and word != "holds" else word
    shows = next(iter(sight.seen(entry)), "")
    last = f"<i>{esc(shows)}</i>" if shows else ""
    return (
        f'<a class="fl" href="explore?name={quote(entry.name)}">{picture(entry, place)}'
        f'<span class="fq">{esc(entry.card.question)}</span>'
        f'<span class="fm">{sign(word)}{esc(said)}<i>{esc(entry.card.cost)}</i>{last}</span></a>'
    )


def family(one: Family, verdicts: dict[str, str], shown=()) -> str:
    """A family: a picture of one of its experiments, its name, its verdicts as a bar.

    Parameters
    ----------
    one : Family
    verdicts : dict
        Name -> verdict of every experiment.
    shown : collection of str
        Names of the flagships: one of them stands for its family too, by its second picture.
    """
    counts = Counter(verdicts[entry.name] for entry in one.entries)
    said = ", ".join(f"{counts[v]} {v}" for v in VERDICTS if counts[v])
    face = next((e for e in one.entries if e.name in shown), one.entries[0])
    drawn = picture(face, "f", second=face.name in shown)
    return (
        f'<a class="fam" href="#family={quote(one.slug)}" data-family="{esc(one.slug)}">{drawn}'
        f'<span class="fn"><b>{esc(one.title)}</b><span>{len(one.entries)}</span></span>'
        f'<span class="fd">{esc(one.words)}</span>{bar(counts)}'
        f'<span class="sr">{esc(said)}</span></a>'
    )


def bar(counts) -> str:
    """Verdicts as lengths: thick holds, thin partly, hollow fails, dotted not checked."""
    parts = "".join(
        f'<b class="{_BAR[v]}" style="flex:{counts.get(v, 0)}"'
        f"{'' if counts.get(v) else ' hidden'}></b>"
        for v in VERDICTS
    )
    return f'<span class="vbar" aria-hidden="true">{parts}</span>'


def own_cell() -> str:
    """The way to one's own experiments."""
    return (
        '<a class="fam own" href="#family=your-own" data-family="your-own">'
        '<svg class="th" viewBox="0 0 200 120" aria-hidden="true" fill="none">'
        '<rect x="30" y="18" width="140" height="84" stroke="var(--ink3)" '
        'stroke-dasharray="4 5"/><path d="M100 46v28M86 60h28" stroke="var(--ink)" '
        'stroke-width="2"/></svg><span class="fn"><b>Your own</b><span>{count}</span></span>'
        '<span class="fd">a file, or two lines</span><span class="vbar"></span></a>'
    )
