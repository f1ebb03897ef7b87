"""The place that a still picture is drawn in, and the picture as a whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from lab.views.palette import DARK, LIGHT, SANS


@dataclass(frozen=True)
class Frame:
    """A picture's size and margins, in its own pixels.

    Parameters
    ----------
    width, height : float
    left, right, top, bottom : float
        Kept free for ticks, for labels at the ends of curves, and for the axis.
    bare : bool
        Without axes, ticks and labels: a thumbnail.
    """

    width: float = 640
    height: float = 250
    left: float = 52
    right: float = 134
    top: float = 24
    bottom: float = 40
    bare: bool = False

    @property
    def x(self) -> tuple[float, float]:
        """Where the drawing begins and ends across."""
        return self.left, self.width - self.right

    @property
    def y(self) -> tuple[float, float]:
        """The lower and the upper edge of the drawing."""
        return self.height - self.bottom, self.top


def svg(drawing: str, frame: Frame, label: str = "") -> str:
    """A drawing as one SVG element whose colours are the page's CSS variables.

    Parameters
    ----------
    drawing : str
        Elements, as `curves`, `paths` and `cells` give them.
    frame : Frame
    label : str
        What a screen reader says.
    """
    said = f' aria-label="{escape(label)}"' if label else ""
    return (
        f'<svg viewBox="0 0 {frame.width:g} {frame.height:g}" role="img"{said} '
        f'font-family="{escape(SANS)}" font-size="12">{drawing}</svg>'
    )


def tokens(dark: bool = False) -> str:
    """The colours as declarations of CSS variables."""
    return "".join(f"--{name}:{value};" for name, value in (DARK if dark else LIGHT).items())


def fixed(picture: str, dark: bool = False) -> str:
    """The same picture with the colours of one theme written out, for a file of its own."""
    colours = DARK if dark else LIGHT
    picture = re.sub(r"var\(--([\w-]+)\)", lambda found: colours[found[1]], picture)
    picture = re.sub(r"light-dark\(([^,]+),([^)]+)\)", r"\2" if dark else r"\1", picture)
    return picture.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
