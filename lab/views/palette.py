"""The colours of pictures: tokens for light and dark, the styles of curves, the ramps.

The one place of ours where a colour is written; the style sheet of the pages is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

SANS = "Inter, Segoe UI, SF Pro Text, Helvetica Neue, Arial, Liberation Sans, sans-serif"
AFTER = 0.42  # opacity of what lies after the cursor
BRANCH = (2, 4)  # a branch keeps its method's colour and is dotted
BAND, THIN_LINE = 0.14, 0.35  # opacity of the band and of the lines of single seeds

LIGHT = MappingProxyType(
    dict(
        ground="#F2F4F5", stage="#FFFFFF", raise_="#FFFFFF",
        ink="#14181B", ink2="#434B52", ink3="#5F6870",
        line="#CDD3D7", line2="#E4E8EA", grid="#EBEEF0",
        now="#FFD21A", on_now="#14181B", now_edge="#14181B",
        a="#1D63C9", b="#B84E08", c="#0B7F5B", d="#4A0F6E", e="#1F4653", f="#6B1F08",
        h="#1F7F97", train="#66707A", test="#B32A74", exact="#14181B", bound="#5F6870",
        alert="#B3211B", focus="#1D63C9", dead="#14181B",
    )
)  # fmt: skip
DARK = MappingProxyType(
    dict(
        ground="#171B1E", stage="#0C0F11", raise_="#20262A",
        ink="#ECEFF1", ink2="#B9C1C7", ink3="#909AA2",
        line="#353D43", line2="#262C31", grid="#1B2024",
        now="#FFD84A", on_now="#14181B", now_edge="#FFD84A",
        a="#73ABFF", b="#FF9652", c="#4ECB9D", d="#DCCBFF", e="#8C86A6", f="#B2E052",
        h="#66CBE6", train="#98A4AE", test="#F27FBC", exact="#ECEFF1", bound="#909AA2",
        alert="#FF7B72", focus="#73ABFF", dead="#2C3338",
    )
)  # fmt: skip

POWER = ("#FFFFFF", "#CFE6DF", "#6DB3AE", "#1F6C86", "#12294A")
POWER_DARK = ("#0C0F11", "#14323D", "#1D6B72", "#62B98A", "#E6F2B8")
SIGNED = ("#1D63C9", "#9DBDE8", "#FFFFFF", "#E9B48F", "#B84E08")
SIGNED_DARK = ("#73ABFF", "#28476F", "#0C0F11", "#6E3E1C", "#FF9652")
# Of a mask: without the middle, so that the smallest weight that lives has a colour of its own.
LIVING = ("#1D63C9", "#BCD2EF", "#EFCBB2", "#B84E08")
LIVING_DARK = ("#73ABFF", "#3A639A", "#8F5126", "#FF9652")
# What goes round: twelve hues of one lightness, without the yellow of now.
WHEEL = (
    "#638119", "#228A4E", "#048778", "#098393", "#007DB4", "#5070C0",
    "#7A63B8", "#9758A1", "#AB517E", "#B45056", "#B05828", "#9D6800",
)  # fmt: skip
WHEEL_DARK = (
    "#A6C56D", "#77CE93", "#48D0BC", "#3ECCE1", "#65C2FB", "#96B6FE",
    "#BCA8FD", "#DC9DE5", "#F197C2", "#FB9799", "#F69F73", "#E4AC59",
)  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How one curve is drawn: colour token, Bokeh marker, dash, width in px."""

    token: str
    marker: str = "circle"
    dash: tuple[int, ...] = ()
    width: float = 2.2


SERIES = (
    Style("a", "circle"),
    Style("b", "square"),
    Style("c", "triangle"),
    Style("d", "diamond", (8, 3)),
    Style("e", "x", (2, 3)),
    Style("f", "cross", (8, 3, 2, 3)),
)
"""The styles of methods; from two curves the marker is compulsory, from the fourth the dash."""

ROLES = MappingProxyType(
    {
        "train": Style("train", "circle", (6, 4), 2.0),
        "test": Style("test", "circle", (), 2.6),
        "exact": Style("exact", "circle", (8, 3, 2, 3), 1.5),
        "bound": Style("bound", "circle", (2, 4), 1.5),
    }
)
OVERLAYS = ("exact", "bound")


def tokens(dark: bool = False) -> MappingProxyType:
    """Token -> "#RRGGBB"."""
    return DARK if dark else LIGHT


def series(index: int) -> Style:
    """The style of a method's place; the seventh starts again."""
    return SERIES[index % len(SERIES)]


def stops(kind: str, dark: bool = False) -> tuple[str, ...]:
    """The stops of a ramp: five of "power" (nothing to much) or "signed" (through zero), four of
    "living" (two below zero, two above), twelve of "wheel" (round)."""
    if kind == "living":
        return LIVING_DARK if dark else LIVING
    if kind == "wheel":
        return WHEEL_DARK if dark else WHEEL
    if kind == "signed":
        return SIGNED_DARK if dark else SIGNED
    return POWER_DARK if dark else POWER


def ramp(kind: str, n: int = 256, dark: bool = False) -> tuple[str, ...]:
    """`n` evenly spaced colours of a ramp."""
    colours = [[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in stops(kind, dark)]
    found = []
    for i in range(n):
        place = i / max(n - 1, 1) * (len(colours) - 1)
        low = min(int(place), len(colours) - 2)
        share = place - low
        mixed = [round(p + share * (q - p)) for p, q in zip(colours[low], colours[low + 1])]
        found.append("#" + "".join(f"{c:02X}" for c in mixed))
    return tuple(found)
