"""What is served: the gallery at `/`, the list at `/all`, thumbnails that the gallery asks for."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import panel as pn

from lab.engine.registry import catalogue
from lab.store.verdicts import verdicts
from lab.ui import listing
from lab.ui.gallery.cells import picture
from lab.ui.gallery.page import Gallery, script, style
from lab.ui.markup import esc
from lab.ui.pages import plain, warning, whole

AT_ONCE = 12  # thumbnails that are given in one answer


def gallery() -> None:
    """The gallery at `/`."""
    known = verdicts()
    made = Gallery(catalogue(), known.worst, known.as_announced, titles(), warning())
    plain("Iterlab", made.html(), style(), script())


def every() -> None:
    """`/all`: every experiment, from A to Z."""
    body = listing.listing(catalogue(), verdicts().worst, warning())
    plain("A to Z · Iterlab", body)


def thumbnails() -> None:
    """`/thumbnails?names=A,B`: their drawings, as HTML for the gallery's script."""
    names = pn.state.session_args.get("names", [b""])[0].decode(errors="replace").split(",")
    known = {entry.name: entry for entry in catalogue() if not entry.broken}
    asked = [known[name] for name in names[:AT_ONCE] if name in known]
    drawn = (f'<div data-name="{esc(e.name)}">{picture(e, "t")}</div>' for e in asked)
    whole("Thumbnails", f"<!DOCTYPE html><title>Thumbnails</title>{''.join(drawn)}")


@cache
def titles() -> dict[str, str]:
    """Slug of a paper -> its title."""
    path = Path(__file__).parent.parent.parent / "papers.toml"
    papers = tomllib.loads(path.read_text(encoding="utf-8"))
    return {slug: paper["title"] for slug, paper in papers.items()}
