"""The design tokens for Python: the page's colours, the styles of curves, Bokeh's theme.

`tokens.css` is the one place where a colour is written; this module reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

HERE = Path(__file__).parent
SANS = "Inter, Segoe UI, SF Pro Text, Helvetica Neue, Arial, Liberation Sans, sans-serif"


@dataclass(frozen=True)
class SeriesStyle:
    """How one method is drawn everywhere: colour token, Bokeh marker, dash, line width in px."""

    token: str
    marker: str
    dash: tuple[float, ...] = ()
    width: float = 2.2


# From two curves the marker is compulsory, from the fourth the dash.
SERIES = (
    SeriesStyle("a", "circle"),
    SeriesStyle("b", "square"),
    SeriesStyle("c", "triangle"),
    SeriesStyle("d", "diamond", (8, 3)),
    SeriesStyle("e", "x", (2, 3)),
    SeriesStyle("f", "cross", (8, 3, 2, 3)),
)
ROLES = MappingProxyType(
    {
        "train": SeriesStyle("train", "circle", (6, 4)),
        "test": SeriesStyle("test", "circle", (), 2.6),
        "exact": SeriesStyle("exact", "circle", (8, 3, 2, 3), 1.5),
        "bound": SeriesStyle("bound", "circle", (1.5, 4), 1.5),
    }
)
BRANCH_DASH = (2, 4)  # a branch keeps its method's colour
AFTER = 0.42  # opacity of what lies after the cursor


@cache
def css(name: str = "tokens.css") -> str:
    """The text of one of this folder's style sheets."""
    return (HERE / name).read_text(encoding="utf-8")


@cache
def tokens(dark: bool = False) -> MappingProxyType:
    """Token -> colour ("#RRGGBB"), without the leading dashes: `tokens()["ink"]`."""
    blocks = re.split(r"/\* (light|dark) \*/", css())
    text = blocks[blocks.index("dark" if dark else "light") + 1]
    return MappingProxyType(dict(re.findall(r"--([\w-]+):\s*(#[0-9A-Fa-f]{6})", text)))


def ramp(kind: str, dark: bool = False) -> tuple[str, ...]:
    """The five stops of a colour ramp: "power" (nothing to much) or "signed" (through zero)."""
    colours = tokens(dark)
    return tuple(colours[f"{kind}{i}"] for i in range(5))


def palette(kind: str, n: int = 256, dark: bool = False) -> tuple[str, ...]:
    """`n` colours of a ramp, evenly spaced, for Bokeh's colour mappers."""
    stops = [[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in ramp(kind, dark)]
    colours = []
    for i in range(n):
        place = i / max(n - 1, 1) * (len(stops) - 1)
        low = min(int(place), len(stops) - 2)
        share = place - low
        mixed = [round(p + share * (q - p)) for p, q in zip(stops[low], stops[low + 1])]
        colours.append("#" + "".join(f"{c:02X}" for c in mixed))
    return tuple(colours)


@cache
def bokeh_theme(dark: bool = False):
    """Bokeh's theme, applied once per document. The y axis line is off, grids are hairlines."""
    from bokeh.themes import Theme

    return Theme(json={"attrs": bokeh_attrs(dark)})


def bokeh_attrs(dark: bool = False) -> dict:
    """Model name -> property -> value, as in a Bokeh theme's `attrs`.

    A renderer that switches theme on a living figure sets these same values again.
    """
    t = tokens(dark)
    return {
        "Plot": {
            "background_fill_color": t["stage"],
            "border_fill_color": t["stage"],
            "outline_line_color": None,
            "toolbar_location": None,
            "min_border_left": 44,
            "min_border_right": 16,
            "min_border_top": 64,
            "min_border_bottom": 46,
        },
        "Toolbar": {"logo": None, "autohide": True},
        "Grid": {"grid_line_color": t["grid"], "minor_grid_line_color": None},
        "Axis": {
            "axis_line_color": t["line"],
            "major_tick_line_color": None,
            "minor_tick_line_color": None,
            "major_label_text_font": SANS,
            "major_label_text_font_size": "12px",
            "major_label_text_color": t["ink3"],
            "axis_label_text_font": SANS,
            "axis_label_text_font_style": "normal",
            "axis_label_text_font_size": "12px",
            "axis_label_text_color": t["ink2"],
            "major_label_standoff": 8,
        },
        "Line": {"line_width": 2.2, "line_join": "round", "line_cap": "round"},
        "Title": {
            "text_font": SANS,
            "text_font_size": "13px",
            "text_font_style": "bold",
            "text_color": t["ink"],
        },
        "Legend": {"visible": False},
    }
