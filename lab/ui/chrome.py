"""The explorer's page as HTML: everything but the pictures, which are put into its slots.

Made by the server in one piece, so that question, verdict, controls and transport are there at
the first paint, before any script has run; `shell.js` brings it to life.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.ui import notes as below
from lab.ui.markup import LOGO, esc, icon
from lab.ui.rail import rail
from lab.ui.ruler import verdict

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
SPEEDS = (("0", "as fast"), ("1", "1 /s"), ("10", "10 /s"), ("100", "100 /s"))


@dataclass(frozen=True)
class Column:
    """A column of the stage: its share of the width and the indices of its views."""

    share: str
    views: tuple[int, ...]


def columns(pictures) -> tuple[Column, ...]:
    """Which picture stands where.

    Pictures over the step are stacked in one wide column, so that the cursor is one unbroken
    line; what cannot share that axis stands beside them.

    Parameters
    ----------
    pictures : list of Renderer
        Read are `stacks` (its x axis is the step) and the view's `size`.
    """
    step = [i for i, p in enumerate(pictures) if p.stacks]
    other = [i for i, p in enumerate(pictures) if not p.stacks]
    if not step or not other:
        alone = step or other
        if step or len(alone) < 2:
            return (Column("minmax(0, 1fr)", tuple(alone)),) if alone else ()
        half = (len(alone) + 1) // 2
        parts = (alone[:half], alone[half:]) if len(alone) > 3 else [[i] for i in alone]
        return tuple(Column("minmax(0, 1fr)", tuple(part)) for part in parts)
    if len(step) == 1 and len(other) == 1:
        share = {i: (10 if i in step else 9) * max(pictures[i].view.size, 1) for i in step + other}
        return tuple(Column(f"minmax(0, {share[i]}fr)", (i,)) for i in sorted(step + other))
    if len(other) == 1 and min(other) < min(step):
        return (
            Column("minmax(0, 9fr)", tuple(other)),
            Column("minmax(0, 11fr)", tuple(step)),
        )
    if len(other) <= 2:
        narrow = "minmax(0, 12fr)" if len(step) == 1 else "minmax(0, 9fr)"
        return (Column("minmax(0, 21fr)", tuple(step)), Column(narrow, tuple(other)))
    half = (len(other) + 1) // 2
    return (
        Column("minmax(0, 14fr)", tuple(step)),
        Column("minmax(0, 9fr)", tuple(other[:half])),
        Column("minmax(0, 9fr)", tuple(other[half:])),
    )


def top(crumb: str, tools: str = "") -> str:
    """The quiet bar: logo, where you are, tools."""
    return (
        f'<header class="top wrap"><a class="logo" href="./">{LOGO}Iterlab</a>'
        f'<nav class="crumb no-s" aria-label="Where you are">{crumb}</nav>'
        f'<span class="sp"></span>{tools}'
        f'<button class="tool keep" data-do="theme" title="Dark or light (d)">{icon("theme")}'
        '<span class="sr">Dark or light</span></button></header>'
    )


def bar(text: str, *, alert: bool = False, button: str = "", do: str = "") -> str:
    """A line above the page; `text` is HTML already escaped."""
    extra = f'<button class="plain" data-do="{do}">{esc(button)}</button>' if button else ""
    return (
        f'<div class="bar{" alert" if alert else ""}" role="{"alert" if alert else "status"}">'
        f'<div class="wrap"><span class="grow">{text}</span>{extra}'
        '<button class="plain" data-do="dismiss" aria-label="Close this line">Close</button>'
        "</div></div>"
    )


def figure(i: int, picture, studies=None) -> str:
    """The place of one picture, with its title; the picture itself is put in by the script."""
    title, note = esc(picture.title), esc(picture.note)
    tall = " tall" if picture.tall > 1 else ""
    return (
        f'<figure class="fig{tall}" style="--grow:{picture.tall:g}" data-view="{i}">'
        f"<h3>{title}{f'<span>{note}</span>' if note else ''}</h3>"
        f'<div class="slot" role="img" aria-label="{title}"></div>'
        f"{_ask(picture.view.of, studies or {})}</figure>"
    )


def _ask(name: str | None, studies) -> str:
    """Over the picture of a study that is not made yet: what it takes, and the button."""
    if name is None or name not in studies:
        return ""
    runs = studies[name].runs
    return (
        f'<div class="ask" data-study="{esc(name)}"><button class="ib" data-do="study" '
        f'data-name="{esc(name)}">Make {runs} run{"" if runs == 1 else "s"}</button>'
        '<button class="plain" data-do="study-stop" hidden>Stop</button>'
        '<small role="status"></small></div>'
    )


def transport(entry) -> str:
    axes = [("k", "iteration", "i")]
    axes += [(a, _axis_word(entry, a), "e" if n == 0 else "") for n, a in enumerate(entry.axes)]
    axes.append(("seconds", "second", "s"))
    switch = "".join(
        f'<button data-do="axis" data-name="{esc(name)}" aria-pressed="{str(name == "k").lower()}"'
        f"{f' data-key={key}' if key else ''}>{esc(word)}</button>"
        for name, word, key in axes[:5]
    )
    speeds = "".join(f'<option value="{v}">{t}</option>' for v, t in SPEEDS)
    return f"""<section class="transport" aria-label="Transport"><div class="btns">
<button class="run" data-do="primary"><svg viewBox="0 0 12 12" aria-hidden="true"><path
 d="M1.5 0l10 6-10 6z"/></svg><span>Run</span></button>
<button class="ib" data-do="step" data-n="1" title="One step (.)">{icon("step")}<span
 class="sr">One step</span></button>
<button class="ib no-s" data-do="step" data-n="10" title="Ten steps (Shift .)">×10</button>
<span class="pop no-s"><button class="ib" data-do="until-menu" aria-haspopup="dialog"
 aria-expanded="false" title="Run until something happens (u)">until…</button>{_until(entry)}</span>
<button class="ib" data-do="again" title="Start again, same seed (r)">{icon("again")}<span
 class="sr">Start again</span></button>
<button class="ib no-s" data-do="reseed" title="Start again with a new seed">{icon("seed")}<span
 class="sr">New seed</span></button>
<button class="ib" data-do="branch" title="Branch from here (b)">{icon("branch")}<span
 class="sr">Branch from here</span></button></div>
<div class="seek" role="slider" tabindex="0" aria-label="Step" aria-valuemin="0"
 aria-valuemax="0" aria-valuenow="0" aria-valuetext="step 0"></div>
<div class="meters"><div class="meter say"><b><span class="kflag">0</span></b><span
 class="status"><svg viewBox="0 0 10 10" aria-hidden="true"></svg><span>ready</span></span></div>
<div class="meter no-s"><b class="rate">–</b>steps/s</div>
<div class="meter no-s"><label>speed<b><select data-do="speed"
 aria-label="Speed">{speeds}</select></b></label></div>
<div class="meter no-s wide-only"><div class="seg" role="group"
 aria-label="Cost axis">{switch}</div></div></div></section>"""


def _until(entry) -> str:
    events = "".join(
        f'<button class="ev" data-do="until" data-event="{esc(name)}" title="{esc(text)}">'
        f"{esc(name)}</button>"
        for name, text in entry.events.items()
    )
    names = [n for n, q in entry.quantities.items() if not q.dim][:8]
    sample = f"{names[0]} < 1e-6" if names else "k > 100"
    return (
        '<div class="menu" role="dialog" aria-label="Run until" hidden>'
        + (f'<div class="row">{events}</div>' if events else "")
        + '<form data-form="until"><input name="rule" maxlength="200" autocomplete="off" '
        f'spellcheck="false" aria-label="Run until" placeholder="{esc(sample)}">'
        '<button class="ib" style="height:32px">Go</button></form>'
        f"<small>{esc(', '.join(['k', *names]))}</small></div>"
    )


def _axis_word(entry, axis: str) -> str:
    words = {"evals": "evaluation", "evaluations": "evaluation"}
    return words.get(
        axis, entry.quantities[axis].text.split()[0] if axis in entry.quantities else axis
    )


def explorer(entry, pictures, *, values, seed, arm, preset, verdicts, bars="") -> str:
    """The whole explorer: everything but what `pictures` draw."""
    card = entry.card
    family = entry.family.replace("-", " ").capitalize()
    tools = (
        f'<a class="tool no-s" href="./#find">{icon("find")}Find <kbd>/</kbd></a>'
        f'<button class="tool" data-do="copy" title="Copy link (c)">{icon("link")}'
        '<span class="no-s">Copy link</span><span class="sr">to exactly this run</span></button>'
        '<button class="tool no-s" data-do="keys" title="Keyboard (?)">Keys</button>'
    )
    claim = entry.claims[0] if entry.claims else None
    block = verdict(claim, verdicts.get(claim.id), len(entry.claims) - 1) if claim else ""

    def column(places) -> str:
        figures = (figure(i, pictures[i], entry.studies) for i in places)
        return f'<div class="col">{"".join(figures)}</div>'

    placed = columns(pictures)
    stage = "".join(column(c.views) for c in placed)
    widths = " ".join(c.share for c in placed) or "minmax(0, 1fr)"
    keys = "".join(f"<dt><kbd>{esc(k)}</kbd></dt><dd>{esc(t)}</dd>" for k, t in KEYS)
    crumb = (
        f'<a href="./#{esc(entry.family)}">{esc(family)}</a><span>/</span><b>{esc(card.title)}</b>'
    )
    answer = f'<p class="surprise">{esc(card.answer)}</p>' if card.answer else ""
    return f"""<div class="bars">{bars}</div>{top(crumb, tools)}
<main><div class="wrap head"><div><h1 class="q">{esc(card.question)}</h1>{answer}</div>{block}</div>
<div class="stage"><div class="wrap"><div class="bench">{transport(entry)}
<div class="pics" style="--cols:{widths}">{stage}</div>
<aside class="rail" aria-label="Settings">{rail(entry, values, seed, arm, preset)}</aside></div>
<div class="numbers" hidden></div></div></div>
<p class="sr" role="status" aria-live="polite" data-live></p>
{below.notes(entry, verdicts)}</main>
<dialog class="sheet"><h2>Keyboard</h2><dl class="keys">{keys}</dl></dialog>"""
