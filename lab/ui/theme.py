"""The pages' style sheets. Colours are those of the pictures: `lab.views.palette` is their one
source, and the variables of the pages (`--ink`, `--power0` ...) are written from it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lab.views import palette

HERE = Path(__file__).parent


@cache
def css(name: str) -> str:
    """The text of one of this folder's style sheets."""
    return (HERE / name).read_text(encoding="utf-8")


@cache
def style() -> str:
    """Colours, tokens and page style, for a document or a shadow root."""
    return "\n".join([colours(), css("tokens.css"), css("page.css")])


@cache
def colours() -> str:
    """Every colour as a CSS variable, light and dark."""
    light = f':root, [data-theme="light"] {{ {_variables(False)} color-scheme: light; }}'
    dark = f'[data-theme="dark"] {{ {_variables(True)} color-scheme: dark; }}'
    return f"{light}\n{dark}"


def _variables(dark: bool) -> str:
    found = {n.rstrip("_").replace("_", "-"): c for n, c in palette.tokens(dark).items()}
    for ramp in ("power", "signed", "living", "wheel"):
        found |= {f"{ramp}{i}": c for i, c in enumerate(palette.stops(ramp, dark))}
    return " ".join(f"--{name}: {colour};" for name, colour in found.items())
