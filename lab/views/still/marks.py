"""What still pictures are made of: texts, lines, markers."""

from __future__ import annotations

from html import escape

from lab.views.palette import Style


def ink(token: str) -> str:
    """A colour by its token."""
    return f"var(--{token})"


def text(x, y, words, anchor="start", colour="var(--ink3)") -> str:
    """Words; `anchor` is start, middle or end."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="{colour}">{escape(words)}</text>'


def line(px, py, good, style: Style, width: float | None = None) -> str:
    """A line through the good ones of these places."""
    dash = f' stroke-dasharray="{" ".join(map(str, style.dash))}"' if style.dash else ""
    return (
        f'<path d="{_path(px, py, good)}" fill="none" stroke="{ink(style.token)}" '
        f'stroke-width="{width or style.width:g}" stroke-linejoin="round" '
        f'stroke-linecap="round"{dash}/>'
    )


def marker(style: Style, x: float, y: float) -> str:
    """A style's marker."""
    colour = ink(style.token)
    shapes = {
        "square": f"M{x - 4:.1f} {y - 4:.1f}h8v8h-8z",
        "triangle": f"M{x:.1f} {y - 5:.1f}l5 9h-10z",
        "diamond": f"M{x:.1f} {y - 5:.1f}l5 5-5 5-5-5z",
    }
    if style.marker in shapes:
        return f'<path d="{shapes[style.marker]}" fill="{colour}"/>'
    if style.marker in ("x", "cross"):
        turn = f' transform="rotate(45 {x:.1f} {y:.1f})"' if style.marker == "x" else ""
        cross = f"M{x - 5:.1f} {y:.1f}h10M{x:.1f} {y - 5:.1f}v10"
        return f'<path d="{cross}" stroke="{colour}" stroke-width="2"{turn}/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'


def _path(px, py, good) -> str:
    parts, pen = [], "M"
    for x, y, ok in zip(px, py, good):
        if ok:
            parts.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L" if ok else "M"
    return "".join(parts)
