"""The explorer's page as HTML: everything but the pictures, which are put into its slots.

Made by the server in one piece, so that question, verdict, controls and transport are there at
the first paint, before any script has run; `shell.js` brings it to life.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from lab.ui import notes as below
from lab.ui.evidence import checker
from lab.ui.markup import LOGO, esc, icon
from lab.ui.rail import rail
from lab.ui.ruler import verdict
from lab.ui.transport import transport

KEYS = (
    ("Space", "run or pause"),
    (".", "one step"),
    (",", "one step back"),
    ("Shift .", "ten steps"),
    ("← →", "seek by 1 %"),
    ("Home End", "first, last step"),
    ("[ ]", "previous, next mark"),
    ("u", "run until"),
    ("b", "branch from here"),
    ("r", "start again"),
    ("c", "copy link"),
    ("1 to 9", "a sentence to try"),
    ("i e s", "iteration, evaluation, second"),
    ("n", "numbers"),
    ("d", "dark or light"),
    ("p", "projector"),
    ("/", "find"),
    ("?", "this list"),
)

PAGES = {"explore": "Explore", "race": "Race", "sweep": "Sweep"}  # of an experiment
_COPIED = {"explore": "run", "race": "race", "sweep": "map"}


@dataclass(frozen=True)
class Column:
    """A column of the stage: its share of the width and the indices of its views."""

    share: str
    views: tuple[int, ...]


def columns(pictures) -> tuple[Column, ...]:
    """Which picture stands where.

    Pictures over the step are stacked in one wide column, so that the cursor is one unbroken
    line; what cannot share that axis stands beside them, in columns as wide as the largest `size`
    among their views asks for.

    Parameters
    ----------
    pictures : list of Renderer
        Read are `stacks` (its x axis is the step) and the view's `size`.
    """
    step = [i for i, p in enumerate(pictures) if p.stacks]
    other = [i for i, p in enumerate(pictures) if not p.stacks]

    def column(share: int, views) -> Column:
        return Column(f"minmax(0, {share}fr)", tuple(views))

    def sized(share: int, views) -> Column:
        return column(share * max(max(pictures[i].view.size, 1) for i in views), views)

    if not step or not other:
        alone = step or other
        if step or len(alone) < 2:
            return (column(1, alone),) if alone else ()
        half = (len(alone) + 1) // 2
        parts = (alone[:half], alone[half:]) if len(alone) > 3 else [[i] for i in alone]
        return tuple(sized(1, part) for part in parts)
    if len(step) == 1 and len(other) == 1:
        return tuple(sized(10 if i in step else 9, (i,)) for i in sorted(step + other))
    if len(other) == 1 and min(other) < min(step):
        return sized(9, other), column(11, step)
    if len(other) <= 2:
        return column(21, step), sized(12 if len(step) == 1 else 9, other)
    half = (len(other) + 1) // 2
    return column(14, step), sized(9, other[:half]), sized(9, other[half:])


def top(crumb: str, tools: str = "") -> str:
    """The quiet bar: logo, where you are, tools."""
    return (
        f'<header class="top wrap"><a class="logo" href="./">{LOGO}Iterlab</a>'
        f'<nav class="crumb no-s" aria-label="Where you are">{crumb}</nav>'
        f'<span class="sp"></span>{tools}'
        f'<button class="tool keep" data-do="theme" title="Dark or light (d)">{icon("theme")}'
        '<span class="sr">Dark or light</span></button></header>'
    )


def link(entry, page: str = "explore") -> str:
    """A page of an experiment, as HTML."""
    return f"{page}?name={esc(entry.name)}"


def teach(entry) -> str:
    """The way to a class about this experiment, where this server has a classroom."""
    if "lab.classroom.plugin" not in sys.modules:
        return ""
    return f'<a class="tool no-s" href="class/teach#experiment={esc(entry.name)}">Teach</a>'


def experiment_top(entry, page: str) -> str:
    """The bar of one of an experiment's `PAGES`."""
    family, title = esc(entry.family.replace("-", " ").capitalize()), esc(entry.card.title)
    crumb = f'<a href="./#{esc(entry.family)}">{family}</a><span>/</span>'
    if page == "explore":
        crumb += f"<b>{title}</b>"
    else:
        crumb += f'<a href="{link(entry)}">{title}</a><span>/</span><b>{PAGES[page]}</b>'
    others = "".join(
        f'<a class="tool no-s" href="{link(entry, other)}">{word}</a>'
        for other, word in PAGES.items()
        if other != page
    )
    tools = (
        f'<a class="tool no-s" href="./#find">{icon("find")}Find <kbd>/</kbd></a>{others}'
        f"{teach(entry)}"
        f'<button class="tool" data-do="copy" title="Copy link (c)">{icon("link")}'
        f'<span class="no-s">Copy link</span><span class="sr">to exactly this {_COPIED[page]}'
        "</span></button>"
        '<button class="tool no-s" data-do="keys" title="Keyboard (?)">Keys</button>'
    )
    return top(crumb, tools)


def head(card, block: str) -> str:
    """The question with its answer, and the verdict's block beside it."""
    answer = f'<p class="surprise">{esc(card.answer)}</p>' if card.answer else ""
    question = f'<h1 class="q">{esc(card.question)}</h1>'
    return f'<div class="wrap head"><div>{question}{answer}</div>{block}</div>'


def verdict_elsewhere(entry, verdicts: dict) -> str:
    """The first claim's verdict on a page without the evidence: the explorer has it."""
    if not entry.claims:
        return ""
    claim = entry.claims[0]
    found, more = verdicts.get(claim.id), len(entry.claims) - 1
    return verdict(claim, found, more, evidence=link(entry))


def keyboard(keys) -> str:
    """The sheet with the keys of a page."""
    rows = "".join(f"<dt><kbd>{esc(k)}</kbd></dt><dd>{esc(t)}</dd>" for k, t in keys)
    return f'<dialog class="sheet"><h2>Keyboard</h2><dl class="keys">{rows}</dl></dialog>'


def bar(text: str, *, alert: bool = False, button: str = "", do: str = "") -> str:
    """A line above the page; `text` is HTML already escaped."""
    extra = f'<button class="plain" data-do="{do}">{esc(button)}</button>' if button else ""
    return (
        f'<div class="bar{" alert" if alert else ""}" role="{"alert" if alert else "status"}">'
        f'<div class="wrap"><span class="grow">{text}</span>{extra}'
        '<button class="plain" data-do="dismiss" aria-label="Close this line">Close</button>'
        "</div></div>"
    )


def figure(i: int, picture, studies=None, kept=()) -> str:
    """The place of one picture, with its title; the picture itself is put in by the script."""
    title, note = esc(picture.title), esc(picture.note)
    tall = " tall" if picture.tall > 1 else ""
    role = "group" if getattr(picture.view, "alive", None) else "img"  # a mask has a button
    return (
        f'<figure class="fig{tall}" style="--grow:{picture.tall:g}" data-view="{i}">'
        f"<h3>{title}{f'<span>{note}</span>' if note else ''}</h3>"
        f'<div class="slot" role="{role}" aria-label="{title}"></div>'
        f"{_ask(picture.view.of, studies or {}, kept)}</figure>"
    )


def _ask(name: str | None, studies, kept) -> str:
    """Over the picture of a study: what it takes and the button; small where it is recorded."""
    if name is None or name not in studies:
        return ""
    runs = studies[name].runs
    there = name in kept
    make = "Make anew" if there else f"Make {runs} run{'' if runs == 1 else 's'}"
    return (
        f'<div class="ask{" kept" if there else ""}" data-study="{esc(name)}">'
        f'<button class="{"plain" if there else "ib"}" data-do="study" data-name="{esc(name)}">'
        f"{make}</button>"
        '<button class="plain" data-do="study-stop" hidden>Stop</button>'
        f'<small role="status">{"recorded" if there else ""}</small></div>'
    )


def head_verdict(entry, verdicts: dict) -> str:
    """The first claim's verdict, with the button that checks it again."""
    claim = entry.claims[0]
    found = verdicts.get(claim.id)
    return verdict(claim, found, len(entry.claims) - 1, checker(claim, found, short=True))


def explorer(entry, pictures, *, values, seed, arm, preset, verdicts, bars="", kept=()) -> str:
    """The whole explorer: everything but what `pictures` draw."""
    block = ""
    if entry.claims:
        block = f'<div data-fill="verdict">{head_verdict(entry, verdicts)}</div>'

    def column(places) -> str:
        figures = (figure(i, pictures[i], entry.studies, kept) for i in places)
        return f'<div class="col">{"".join(figures)}</div>'

    placed = columns(pictures)
    stage = "".join(column(c.views) for c in placed)
    widths = " ".join(c.share for c in placed) or "minmax(0, 1fr)"
    return f"""<div class="bars">{bars}</div>{experiment_top(entry, "explore")}
<main>{head(entry.card, block)}
<div class="stage"><div class="wrap"><div class="bench">{transport(entry)}
<div class="pics" style="--cols:{widths}">{stage}</div>
<aside class="rail" aria-label="Settings">{rail(entry, values, seed, arm, preset)}</aside></div>
<div class="numbers" hidden></div></div></div>
<p class="sr" role="status" aria-live="polite" data-live></p>
{below.notes(entry, verdicts, pictures)}</main>
{keyboard(KEYS)}"""
