"""What an experiment shows, in words: the facets of the gallery, each with a small picture."""

from __future__ import annotations

from types import MappingProxyType

# Outlines on a 16 x 16 grid, drawn with the colour of the text around them.
_DOT = '<circle cx="{}" cy="{}" r="1.3" fill="currentColor"/>'
PICTURES = MappingProxyType(
    {
        "curve": '<path d="M2 3c2 8 5 9 12 10"/>',
        "orbit": '<path d="M13 8a5 5 0 1 1-5-5 4 4 0 1 1-3 6.5 2.8 2.8 0 1 1 3.5 1.2"/>',
        "spectrum": '<path d="M2 14V11M5 14V3M8 14V9M11 14V5M14 14v-2"/>',
        "mask": '<path d="M2 2h4v4H2zM10 2h4v4h-4zM6 6h4v4H6zM2 10h4v4H2z" fill="currentColor"/>',
        "field": '<path d="M2 6l4-2M9 5h4M2 12l3-3M9 12l4 2"/>',
        "points": "".join(
            _DOT.format(x, y) for x, y in ((4, 5), (9, 3.5), (12, 8), (6, 11), (10.5, 12.5))
        ),
        "matrix": '<path d="M2 2h12v12H2zM2 6h12M2 10h12M6 2v12M10 2v12"/>',
        "bars": '<path d="M2 4h9M2 8h12M2 12h6"/>',
        "phase diagram": '<path d="M2 2h12v12H2zM2 11c4-1 3-6 6-6s2-3 6-3"/>',
        "profile": '<path d="M1.5 12c3 0 2.5-8 5-8s1.5 5 3.5 5 1.5-4 4.5-4"/>',
        "histogram": '<path d="M2 14v-3h3v-5h3v-4h3v6h3v6z"/>',
        "graph": '<path d="M4 4l8 2-5 6z"/>'
        + "".join(_DOT.format(x, y) for x, y in ((4, 4), (12, 6), (7, 12))),
        "images": '<path d="M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z"/>',
        "table": '<path d="M2 3h12M2 8h12M2 13h12M6 3v10"/>',
        "timeline": '<path d="M2 4h5M6 8h6M4 12h9" stroke-width="2.4"/>',
    }
)
WORDS = tuple(PICTURES)
_PLAIN = MappingProxyType(
    {
        "curves": "curve", "profile": "profile", "bars": "bars", "hist": "histogram",
        "graph": "graph", "images": "images", "table": "table", "timeline": "timeline",
    }
)  # fmt: skip


def words(view) -> tuple[str, ...]:
    """What one view shows, most telling first."""
    if view.kind == "heat":
        return (_heat(view),)
    if view.kind == "plane":
        path = any(not source.startswith("pic.") for source in view.sources)
        shown = ("orbit" if path else "points",)
        return (*shown, "field") if view.field else shown
    return (_PLAIN[view.kind],)


def seen(entry) -> tuple[str, ...]:
    """Everything that an experiment shows, in the order of its views, each word once."""
    return tuple(dict.fromkeys(word for view in entry.views for word in words(view)))


def _heat(view) -> str:
    if view.of:
        return "phase diagram"
    if view.beside:
        return "spectrum"
    return "mask" if view.alive else "matrix"
