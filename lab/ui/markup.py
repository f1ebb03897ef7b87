"""Small pieces of HTML: escaping, icons, the disc of a verdict, MathML, highlighted code."""

from __future__ import annotations

import html
import io
import keyword
import tokenize
from functools import cache
from types import MappingProxyType

LOGO = (
    '<svg width="26" height="18" viewBox="0 0 26 18" aria-hidden="true">'
    '<circle cx="2.2" cy="9" r="1.5" fill="var(--ink)"/>'
    '<circle cx="7" cy="3.4" r="1.8" fill="var(--ink)"/>'
    '<circle cx="12.4" cy="13.2" r="2" fill="var(--ink)"/>'
    '<circle cx="20" cy="8.4" r="4.2" fill="var(--now)" stroke="var(--ink)" stroke-width="1.5"/>'
    "</svg>"
)

# Outlines on a 16 x 16 grid, drawn with the colour of the text around them.
ICONS = MappingProxyType(
    {
        "find": '<circle cx="7" cy="7" r="4.6"/><path d="M10.5 10.5L14 14"/>',
        "link": '<path d="M6.5 9.5l3-3M7 4.5l1.2-1.2a3.1 3.1 0 0 1 4.4 4.4L11.4 9M9 11.5l-1.2 1.2'
        'a3.1 3.1 0 0 1-4.4-4.4L4.6 7"/>',
        "theme": '<circle cx="8" cy="8" r="5.6"/>'
        '<path d="M8 2.4a5.6 5.6 0 0 1 0 11.2z" fill="currentColor"/>',
        "step": '<path d="M3.5 3v10l6-5z"/><path d="M12.5 3v10"/>',
        "again": '<path d="M3 8a5 5 0 1 0 1.6-3.7M3 2.2v3.2h3.2"/>',
        "seed": '<rect x="2.6" y="2.6" width="10.8" height="10.8" rx="2"/>'
        '<circle cx="5.9" cy="5.9" r=".6" fill="currentColor"/>'
        '<circle cx="10.1" cy="10.1" r=".6" fill="currentColor"/>'
        '<circle cx="8" cy="8" r=".6" fill="currentColor"/>',
        "more": '<circle cx="3" cy="8" r="1" fill="currentColor"/>'
        '<circle cx="8" cy="8" r="1" fill="currentColor"/>'
        '<circle cx="13" cy="8" r="1" fill="currentColor"/>',
        "branch": '<circle cx="4" cy="3.4" r="1.7"/><circle cx="4" cy="12.6" r="1.7"/>'
        '<circle cx="12" cy="5.4" r="1.7"/>'
        '<path d="M4 5.1v5.8M12 7.1c0 2.6-8 1.6-8 3.8"/>',
    }
)

_RING = '<circle cx="8" cy="8" r="6.5" fill="none" stroke="var(--ink)" stroke-width="1.6"/>'
_DISCS = MappingProxyType(
    {
        "holds": '<circle cx="8" cy="8" r="6.5" fill="var(--ink)" stroke="var(--ink)"/>',
        "partly": _RING + '<path d="M8 1.5a6.5 6.5 0 0 0 0 13z" fill="var(--ink)"/>',
        "fails": _RING + '<path d="M3.6 12.4l8.8-8.8" stroke="var(--ink)" stroke-width="1.6"/>',
        "error": _RING + '<path d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2" stroke="var(--ink)" '
        'stroke-width="1.6"/>',
        "none": '<circle cx="8" cy="8" r="6.5" fill="none" stroke="var(--ink3)" '
        'stroke-width="1.4" stroke-dasharray="2 2.1"/>',
    }
)


def esc(value) -> str:
    """`value` as text inside HTML, quotes included."""
    return html.escape(str(value), quote=True)


def icon(name: str) -> str:
    return f'<svg viewBox="0 0 16 16" aria-hidden="true">{ICONS[name]}</svg>'


def disc(verdict: str | None) -> str:
    """A verdict as a shape in ink: full, half, struck, crossed, dotted when there is none."""
    inner = _DISCS.get(verdict or "none", _DISCS["none"])
    return f'<svg class="disc" viewBox="0 0 16 16" aria-hidden="true">{inner}</svg>'


def turning() -> str:
    """The disc of a claim that is being measured; hidden until it is."""
    quarter = '<path d="M8 8V1.5A6.5 6.5 0 0 1 14.5 8z" fill="var(--ink)"/>'
    return (
        f'<svg class="disc turning" viewBox="0 0 16 16" aria-hidden="true">{_RING}{quarter}</svg>'
    )


@cache
def equation(latex: str) -> str:
    """LaTeX as MathML, or as escaped text where the converter does not follow it."""
    from latex2mathml.converter import convert

    try:
        return convert(latex, display="block")
    except Exception:  # the converter raises many kinds; the text is still readable
        return f"<code>{esc(latex)}</code>"


@cache
def code(source: str) -> str:
    """Python source with keywords, strings and comments in spans; any text at all is taken."""
    lines = source.expandtabs(4).splitlines(keepends=True)
    marks = []
    try:
        for token in tokenize.generate_tokens(io.StringIO("".join(lines)).readline):
            kind = {tokenize.STRING: "s", tokenize.COMMENT: "m"}.get(token.type)
            if tokenize.tok_name[token.type].startswith("FSTRING"):
                kind = "s"
            if token.type == tokenize.NAME and keyword.iskeyword(token.string):
                kind = "k"
            if kind:
                marks.append((token.start, token.end, kind))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return esc(source)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    text, pieces, place = "".join(lines), [], 0
    for (row, column), (end_row, end_column), kind in marks:
        begin, end = starts[row - 1] + column, starts[end_row - 1] + end_column
        if begin < place:
            continue
        pieces += [
            esc(text[place:begin]),
            f'<span class="{kind}">',
            esc(text[begin:end]),
            "</span>",
        ]
        place = end
    pieces.append(esc(text[place:]))
    return "".join(pieces)


def table(columns, rows, right=()) -> str:
    """A table; the columns whose index is in `right` are set to the right."""
    head = "".join(
        f"<th{' class=r' if i in right else ''}>{esc(c)}</th>" for i, c in enumerate(columns)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{' class=r' if i in right else ''}>{esc(v)}</td>" for i, v in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return f'<table class="t"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
