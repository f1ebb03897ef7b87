"""What stands in a cell before its page is there: the question, and that it is on its way."""

from __future__ import annotations

from html import escape
from pathlib import Path

from lab.views.still import tokens


def poster(entry) -> str:
    """HTML for a shadow root; its `.poster` gets the class "dark" where the notebook is dark."""
    light = f".poster{{{tokens()}color-scheme:light}}"
    dark = f".poster.dark{{{tokens(dark=True)}color-scheme:dark}}"
    rest = Path(__file__).with_name("poster.css").read_text(encoding="utf-8")
    question = entry.card.question or entry.card.title or entry.name
    return (
        f'<style>{light}{dark}{rest}</style><div class="poster" role="status">'
        f"<h2>{escape(question)}</h2><p>The workers are starting.</p>"
        '<div class="stage"></div></div>'
    )
