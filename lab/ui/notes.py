"""Below the fold: why, the equation, the evidence, the code that is running, the papers."""

from __future__ import annotations

import ast
import textwrap
import tomllib
from functools import cache
from pathlib import Path
from types import MappingProxyType

import lab
from lab.ui.markup import code, disc, equation, esc
from lab.ui.ruler import NOT_CHECKED, as_number, expectation
from lab.views.numerals import count, duration, interval, number

RESULTS = MappingProxyType(
    {"pass": ("holds", "passes"), "unclear": ("partly", "unclear"), "miss": ("fails", "misses")}
)
ELSEWHERE = ("card", "presets", "quantities", "claims", "studies", "stages", "views", "events")
TIERS = {"quick": "about 5 s", "standard": "about a minute", "slow": "minutes"}


def notes(entry, verdicts: dict) -> str:
    """The section below the stage.

    Parameters
    ----------
    entry : registry Entry
    verdicts : dict
        Claim id -> verdict, for those checked for this version of the code.
    """
    card = entry.card
    left = ""
    if card.why:
        left += f'<h2>Why</h2><p class="prose">{esc(card.why)}</p>'
    if card.equations:
        left += "".join(f'<div class="eq">{equation(e)}</div>' for e in card.equations)
    left += evidence(entry, verdicts)
    if card.papers:
        left += '<div class="block"><h2>Paper</h2>' + citations(card.papers) + "</div>"
    right = (
        f'<h2 id="code">The code that is running</h2><pre tabindex="0" aria-label="Source code">'
        f"{code(essential(entry.code))}</pre>"
        '<div class="share"><button class="plain" data-do="copy">Copy link to this run</button>'
        '<button class="plain" data-do="copy-python">Copy as Python</button>'
        '<button class="plain" data-do="csv">CSV of the curves</button></div>'
    )
    return f'<div class="wrap notes"><section>{left}</section><section>{right}</section></div>'


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


def evidence(entry, verdicts: dict) -> str:
    """Every claim with its checks, each with number, interval and what was expected."""
    if not entry.claims:
        return ""
    rows = []
    for claim in entry.claims:
        found = verdicts.get(claim.id)
        word = found["verdict"] if found else NOT_CHECKED
        rows.append(
            f'<tr><td class="serif" colspan="5">{esc(claim.text)} '
            f"<small>({esc(claim.source)})</small></td></tr>"
        )
        measured = {c["id"]: c for c in (found or {}).get("checks", ())}
        for i, check in enumerate(claim.checks):
            at = measured.get(check.id, {})
            value = as_number(at.get("measured"))
            span = [as_number(v) for v in at.get("interval") or ()]
            told = RESULTS.get(at.get("result"), (None, "not checked"))
            result = disc(told[0]) + told[1]
            seeds = str(found.get("seeds", "")) if found and i == 0 else ""
            rows.append(
                f"<tr><td>{esc(check.label or check.id)}</td>"
                f'<td class="r">{number(value) if value is not None else "–"}</td>'
                f'<td class="r">{_interval(span)}</td>'
                f'<td class="r">{expectation(check.low, check.high)}</td>'
                f"<td class=one>{result}{f', {seeds} seeds' if seeds else ''}</td></tr>"
            )
        rows.append(f'<tr><td colspan="5">{_closing(claim, found, word)}</td></tr>')
    head = "".join(
        f"<th{' class=r' if right else ''}>{name}</th>"
        for name, right in (
            ("check", 0),
            ("measured", 1),
            ("95 % interval", 1),
            ("expected", 1),
            ("result", 0),
        )
    )
    return (
        '<div class="block"><h2 id="evidence">Evidence</h2><div class="scroll"><table class="t">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div></div>"
    )


def _interval(span) -> str:
    if not span or any(v is None for v in span):
        return "–"
    return interval(*span)


def _closing(claim, found, word) -> str:
    parts = [f"{disc(found['verdict'] if found else None)}<b>{esc(word)}</b>"]
    if found is None:
        parts.append(f"takes {TIERS.get(claim.tier, claim.tier)}")
        if claim.expected != "holds":
            parts.append(f"announced: {esc(claim.expected)}")
    else:
        if word != "holds":
            announced = word == found.get("announced")
            parts.append("as announced" if announced else f"announced: {esc(claim.expected)}")
        parts.append(
            "control rejected, as it must be"
            if found.get("control_failed")
            else "control not rejected: this test is blind"
        )
        if found.get("seconds"):
            parts.append(f"took {duration(found['seconds'])}")
    why = f"<br>{esc(claim.why)}" if claim.why else ""
    return ", ".join(parts) + why


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
    limit = f"at most {count(entry.max_steps)} steps"
    return f"{'minutes' if entry.card.cost == 'minutes' else 'seconds'}, {limit}"
