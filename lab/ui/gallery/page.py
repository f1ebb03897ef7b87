"""The gallery's page: flagships, finder, contact sheet, and what its script searches.

Everything that a person sees first is in the HTML. The script (gallery.js) gets every experiment as
one short row, so that search and facets answer without asking the server.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from lab.store.home import experiments_folder
from lab.ui.chrome import top
from lab.ui.gallery import cells, sight
from lab.ui.gallery.families import OWN, families
from lab.ui.markup import esc, icon

HERE = Path(__file__).parent
FLAGSHIPS = (
    "infeasibility-detection",
    "progress-measures",
    "global-magnitude-pruning",
    "shuffling-lower-bounds",
    "iterative-deblending",
    "aitken-delta-squared",
)
"""Questions for a newcomer; where one is missing the registry's next takes its place."""

_COSTS = ("seconds", "minutes")


@dataclass(frozen=True)
class Gallery:
    """What the gallery shows.

    Parameters
    ----------
    entries : list of registry Entry
    worst : callable
        Entry -> the worst verdict of its claims; None when one is not checked.
    as_announced : callable
        Entry -> whether all of its claims came out as announced.
    titles : dict
        Slug of a paper -> its title.
    bars : str
        HTML above the page.
    """

    entries: list
    worst: Callable
    as_announced: Callable
    titles: dict
    bars: str = ""

    @property
    def sound(self) -> list:
        """The experiments that import."""
        return [entry for entry in self.entries if not entry.broken]

    @property
    def verdicts(self) -> dict[str, str]:
        """Name -> verdict; "not checked" where there is none for the code as it is now."""
        return {entry.name: self.worst(entry) or cells.UNCHECKED for entry in self.sound}

    def html(self) -> str:
        """The page's body."""
        verdicts, groups = self.verdicts, families(self.entries)
        flags = flagships(self.sound)
        own = [entry for entry in self.entries if entry.family == OWN or entry.broken]
        n, m = len(self.sound), len(groups)
        crumb = f"<b>{count(n, 'experiment')}, {count(m, 'family', 'families')}</b>"
        shown = "".join(
            cells.cell(entry, verdicts[entry.name], "a", self.as_announced(entry))
            for entry in flags
        )
        first = {entry.name for entry in flags}
        sheet = "".join(cells.family(one, verdicts, first) for one in groups)
        written = sum(not entry.broken for entry in own)
        data = rows(self.sound, verdicts, self.as_announced, self.titles)
        empty = "" if n else '<p class="nothing">No experiment is installed.</p>'
        return f"""<div class="lab gallery" data-theme="light">{cells.symbols()}
<div class="bars">{self.bars}</div>{top(crumb, _tools())}
<main><div class="wrap"><div class="gh"><h1 class="q">Press run. Watch it think.</h1>
{_start(flags)}</div></div>
<div class="stage"><div class="wrap"><div class="flags">{shown}</div>{empty}</div></div>
<div class="wrap">{_finder(self.sound, verdicts)}</div>
<div class="stage sheet"><div class="wrap">
<div class="nothing" role="status" hidden></div>
<section class="found" hidden aria-label="Experiments"><div class="fh"><h2 tabindex="-1"></h2>
<p></p><a class="plain" href="#">All families</a></div><div class="flags"></div></section>
{_own([entry for entry in own if entry.broken])}
<div class="fams">{sheet}{cells.own_cell().replace("{count}", str(written or ""))}</div>
{_key()}</div></div></main>
<script type="application/json" id="rows">{data}</script></div>"""


def flagships(entries) -> list:
    """Six experiments for a newcomer."""
    known = {entry.name: entry for entry in entries}
    chosen = [known[name] for name in FLAGSHIPS if name in known]
    rest = [entry for entry in entries if entry not in chosen and entry.family != OWN]
    return [*chosen, *rest][:6]


def count(n: int, word: str, many: str = "") -> str:
    """A number with its word."""
    return f"{n} {word if n == 1 else many or word + 's'}"


def rows(entries, verdicts, as_announced, titles) -> str:
    """What is searched, as JSON that may stand inside a script element."""
    listed = [
        [
            entry.name,
            entry.card.title,
            entry.card.question,
            entry.family,
            cells.VERDICTS.index(verdicts[entry.name]),
            _COSTS.index(entry.card.cost),
            [sight.WORDS.index(word) for word in sight.seen(entry)],
            " ".join((*entry.arms, *entry.card.tags, *_methods(entry))),
            " ".join(titles.get(paper, "") for paper in entry.card.papers),
            int(as_announced(entry)),
        ]
        for entry in entries
    ]
    groups = [[one.slug, one.title, one.words] for one in families(entries)]
    found = {
        "rows": listed,
        "families": [*groups, [OWN, "Your own", "from files and plug-ins on this machine"]],
        "sights": sight.WORDS,
        "verdicts": cells.VERDICTS,
        "costs": _COSTS,
    }
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _methods(entry) -> list[str]:
    """What its controls may be set to, in words."""
    chosen = (spec.objects for spec in entry.controls.values() if spec.kind == "selector")
    return list(dict.fromkeys(word for words in chosen for word in words if isinstance(word, str)))


@cache
def style() -> str:
    """The gallery's own style."""
    return (HERE / "gallery.css").read_text(encoding="utf-8")


@cache
def script() -> str:
    """The gallery's script: search, and what it does with the page."""
    parts = ("search.js", "gallery.js")
    text = "\n".join((HERE / part).read_text(encoding="utf-8") for part in parts)
    return f"(() => {{\n{text}\n}})();"


# -- parts -----------------------------------------------------------------------------------------


def _tools() -> str:
    return (
        f'<button class="tool no-s" data-do="find">{icon("find")}Find <kbd>/</kbd></button>'
        '<a class="tool no-s" href="all">A to Z</a>'
        f'<button class="tool" data-do="copy" title="Copy the address of what is shown">'
        f'{icon("link")}<span class="no-s">Copy link</span>'
        '<span class="sr">to what is shown</span></button>'
    )


def _start(flags) -> str:
    first = f"explore?name={quote(flags[0].name)}" if flags else "all"
    teacher = '<a href="class/teach"><b>teacher</b> open a room</a>'
    if not find_spec("lab.classroom"):
        teacher = ""
    return (
        f'<p class="start"><span>Start as</span> <a href="{first}"><b>explorer</b> open one and '
        f'play</a>{teacher}<a href="#family={OWN}"><b>author</b> write one file</a></p>'
    )


def _finder(entries, verdicts) -> str:
    shown = {word for entry in entries for word in sight.seen(entry)}
    see = "".join(
        f'<button class="fc" data-see="{i}" aria-pressed="false">{cells.sight_sign(word)}{word}'
        "</button>"
        for i, word in enumerate(sight.WORDS)
        if word in shown
    )
    costs = [(i, cost) for i, cost in enumerate(_COSTS)]
    given = set(verdicts.values())
    judged = [(i, v) for i, v in enumerate(cells.VERDICTS) if v in given or i < 3]
    return f"""<search class="finder"><label class="find">{icon("find")}
<span class="sr">Find an experiment</span><input id="find" type="search" autocomplete="off"
 spellcheck="false" placeholder="momentum, circle, prune …"><kbd>/</kbd></label>
<div class="facets"><div class="fr" role="group" aria-label="What you will see">
<span class="fl0">see a</span>{see}</div>
<div class="fr fr2">{_switch("takes", "How long it takes", "takes", costs)}
{_switch("claim", "What became of its claim", "claim", judged)}</div></div>
<p class="hits"><b aria-live="polite">{len(entries)}</b> match<a href="#" hidden>Clear</a></p>
</search>"""


def _switch(word: str, label: str, name: str, options) -> str:
    buttons = "".join(
        f'<button data-{name}="{i}" aria-pressed="false">{text}</button>' for i, text in options
    )
    return (
        f'<span class="fl0">{word}</span><span class="seg" role="group" aria-label="{label}">'
        f'<button data-{name}="" aria-pressed="true">any</button>{buttons}</span>'
    )


def _own(broken) -> str:
    """How to write one, and what does not import, with file and line."""
    lines = "".join(
        f'<li class="broken"><b>{esc(entry.name)}</b> {esc(entry.broken)}</li>' for entry in broken
    )
    listed = f"<h3>Does not import</h3><ul>{lines}</ul>" if lines else ""
    folder = str(experiments_folder()).replace(str(Path.home()), "~", 1)
    return f"""<section class="mine" hidden aria-label="Your own"><div>{listed}
<h3>Write one</h3><p>One file is a whole experiment: page, notebook, command line and tests follow
from it. It is found in <code>{esc(folder)}</code>, in a package's entry points
<code>lab.experiments</code>, or by its name:</p><pre>lab new my-iteration
lab check my_iteration.py
lab serve my_iteration.py</pre></div></section>"""


def _key() -> str:
    words = ("claim holds", "partly", "fails", "error", cells.UNCHECKED)
    signs = zip(cells.VERDICTS, words)
    return (
        '<p class="key">'
        + "".join(
            f"<span>{cells.sign(verdict)}{word}</span>"
            for verdict, word in signs
            if verdict != "error"
        )
        + '<a href="all">A to Z</a></p>'
    )
