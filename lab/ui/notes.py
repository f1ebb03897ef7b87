"""Below the fold: why, the equation, the evidence, the code that is running, the papers."""

from __future__ import annotations

import ast
import textwrap
import tomllib
from functools import cache
from pathlib import Path

import lab
from lab.ui.evidence import evidence
from lab.ui.markup import code, equation, esc
from lab.views.numerals import count

ELSEWHERE = ("card", "presets", "quantities", "claims", "studies", "stages", "views", "events")


def notes(entry, verdicts: dict, pictures=()) -> str:
    """The section below the stage.

    Parameters
    ----------
    entry : registry Entry
    verdicts : dict
        Claim id -> verdict, for those checked for this version of the code.
    pictures : sequence of Renderer
        What can be taken away as a file.
    """
    card = entry.card
    left = ""
    if card.why:
        left += f'<h2>Why</h2><p class="prose">{esc(card.why)}</p>'
    if card.equations:
        left += "".join(
            f'<div class="eq" tabindex="0" role="group" aria-label="Equation">{equation(e)}</div>'
            for e in card.equations
        )
    if entry.claims:
        left += (
            '<div class="block"><h2 id="evidence">Evidence</h2>'
            f'<div data-fill="evidence">{evidence(entry, verdicts)}</div></div>'
        )
    if card.papers:
        left += '<div class="block"><h2>Paper</h2>' + citations(card.papers) + "</div>"
    right = (
        f'<h2 id="code">The code that is running</h2><pre tabindex="0" aria-label="Source code">'
        f"{code(essential(entry.code))}</pre>"
        f"{share(entry, pictures)}"
    )
    return f'<div class="wrap notes"><section>{left}</section><section>{right}</section></div>'


def share(entry, pictures) -> str:
    """What can be taken away: the link, lines of Python, the numbers, a picture as a file."""
    options = "".join(
        f'<option value="{i}">{esc(picture.title)}</option>' for i, picture in enumerate(pictures)
    )
    files = (
        f'<span class="export" data-file="{esc(entry.name)}"><select aria-label="Picture">{options}'
        '</select><button class="plain" data-do="export" data-format="png">PNG</button>'
        '<button class="plain" data-do="export" data-format="svg">SVG</button></span>'
    )
    return (
        '<div class="share"><button class="plain" data-do="copy">Copy link to this run</button>'
        '<button class="plain" data-do="copy-python">Copy as Python</button>'
        '<button class="plain" data-do="csv">CSV of the curves</button>'
        '<button class="plain" data-do="copy-step">Step of a lesson</button>'
        f'{files if pictures else ""}</div><p class="cite cost">{esc(cost(entry))}</p>'
    )


def essential(source: str) -> str:
    """A class without the long declarations that the page shows elsewhere: what it computes."""
    try:
        body = ast.parse(textwrap.dedent(source)).body[0].body
    except (SyntaxError, IndexError, AttributeError):
        return source
    lines = textwrap.dedent(source).splitlines()
    for node in reversed(body):
        names = [getattr(target, "id", "") for target in getattr(node, "targets", ())]
        rows = node.end_lineno - node.lineno + 1
        if names and names[0] in ELSEWHERE and rows > 2:
            kept = f"{' ' * node.col_offset}{names[0]} = ...  # {rows} lines"
            lines[node.lineno - 1 : node.end_lineno] = [kept]
    return "\n".join(lines) + "\n"


def citations(papers) -> str:
    """The papers by slug, with what has been looked up about them and nothing more."""
    known, lines = _papers(), []
    for slug in papers:
        found = known.get(slug, {})
        text = f"<i>{esc(found.get('title', slug))}</i>"
        authors = found.get("authors")
        if authors:
            text = f"{esc(authors if isinstance(authors, str) else ', '.join(authors))}: {text}"
        if found.get("year"):
            text += f", {found['year']}"
        link = str(found.get("link", ""))
        if link.startswith(("https://", "http://")):
            text += f', <a href="{esc(link)}" rel="noreferrer noopener">{esc(link)}</a>'
        lines.append(f'<p class="cite">{text}</p>')
    return "".join(lines)


@cache
def _papers() -> dict:
    path = Path(lab.__file__).parent / "papers.toml"
    if not path.exists():
        return {}
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    return found.get("papers", found)


def cost(entry) -> str:
    """What a run costs, in a few words."""
    takes = "minutes" if entry.card.cost == "minutes" else "seconds"
    return f"A run takes {takes}, at most {count(entry.max_steps)} steps."
