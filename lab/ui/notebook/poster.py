"""What stands in a cell before its page is there: the question, and pictures of an earlier run."""

from __future__ import annotations

from html import escape
from pathlib import Path

from lab.ui.gallery import thumbnails
from lab.views.still import tokens


def poster(entry) -> str:
    """HTML for a shadow root; its `.poster` gets the class "dark" where the notebook is dark."""
    light = f".poster{{{tokens()}color-scheme:light}}"
    dark = f".poster.dark{{{tokens(dark=True)}color-scheme:dark}}"
    rest = Path(__file__).with_name("poster.css").read_text(encoding="utf-8")
    question = entry.card.question or entry.card.title or entry.name
    stills = [
        thumbnails.placed(still, f"p{i}")
        for i in (0, 1)
        if (still := thumbnails.find(entry, second=bool(i)))
    ]
    words = "An earlier run; the live one is starting." if stills else "The workers are starting."
    return (
        f'<style>{light}{dark}{rest}</style><div class="poster" role="status">'
        f"<h2>{escape(question)}</h2><p>{words}</p>"
        f'<div class="stage">{"".join(stills)}</div></div>'
    )
