"""The sweep's page as HTML."""

from __future__ import annotations

from lab.ui import chrome, rail
from lab.ui.markup import esc, icon
from lab.ui.sweep.choice import NONE, POINTS, REACH, STEPS, Choice, axes_of, measures
from lab.views.numerals import count

KEYS = (
    ("Space", "fill or stop"),
    ("← → ↑ ↓", "another cell"),
    ("Enter", "open the cell as a run"),
    ("r", "start again"),
    ("c", "copy link"),
    ("n", "numbers"),
    ("d", "dark or light"),
    ("p", "projector"),
    ("/", "find"),
    ("?", "this list"),
)


def sweep(page, verdicts: dict, bars: str) -> str:
    """The whole page of a sweep.

    Parameters
    ----------
    page : lab.ui.sweep.page.Sweep
    verdicts : dict
        Claim id -> verdict.
    bars : str
        Lines above the page.
    """
    entry = page.entry
    return f"""<div class="bars">{bars}</div>{chrome.experiment_top(entry, "sweep")}
<main>{chrome.head(entry.card, chrome.verdict_elsewhere(entry, verdicts))}
<div class="stage sweep"><div class="wrap"><div class="bench">{_transport()}
<h2 class="sr">Map</h2><div class="pics"><style data-fill="layout">{layout(page.choice)}</style>
<figure class="fig map" data-view="0"><h3><span class="sr">Map of</span>
<b data-fill="title">{title(page)}</b><span data-fill="note"></span></h3>
<div class="slot" role="group" aria-label="Map of runs"></div></figure></div>
<aside class="rail" aria-label="What is swept">{_choices(page)}
{_settings(page)}<div class="more">
<button class="plain" data-do="numbers">Numbers</button>
<a data-fill="explore" href="{chrome.link(entry)}">Explore</a></div></aside></div>
<div class="numbers" hidden></div></div></div>
<p class="sr" role="status" aria-live="polite" data-live></p>
<div class="wrap notes"><section data-fill="table"></section><section><h2>Take it with you</h2>
<div class="share"><button class="plain" data-do="copy">Copy link to this map</button>
<button class="plain" data-do="copy-python">Copy as Python</button>
<button class="plain" data-do="csv">CSV of the cells</button></div></section></div></main>
{chrome.keyboard(KEYS)}"""


def _transport() -> str:
    return f"""<section class="transport" aria-label="Transport"><div class="btns">
<button class="run" data-do="primary"><svg viewBox="0 0 12 12" aria-hidden="true"><path
 d="M1.5 0l10 6-10 6z"/></svg><span>Fill</span></button>
<button class="ib" data-do="again" title="Start again (r)">{icon("again")}<span
 class="sr">Start again</span></button></div>
<div class="gauge" aria-hidden="true"><i data-fill="gauge"></i></div>
<div class="meters"><div class="meter say"><b data-fill="done">0</b><span
 class="status"><svg viewBox="0 0 10 10" aria-hidden="true"></svg><span>ready</span></span></div>
</div></section>"""


def _choices(page) -> str:
    entry, choice = page.entry, page.choice
    names = {name: _label(entry.controls[name]) for name in axes_of(entry)}
    shown = {name: _said(entry, name) for name in measures(entry)}
    shown[REACH] = "steps to reach a rule"
    points = {str(n): f"{n} values" for n in POINTS}
    far = [n for n in STEPS if n <= entry.max_steps] or [entry.max_steps]
    steps = {str(n): f"{count(n)} steps" for n in sorted({*far, choice.steps})}
    points |= {str(choice.points): f"{choice.points} values"}
    return (
        '<p class="labl"><b>What is swept</b></p>'
        + _select("x", "Across", names, choice.x)
        + _select("y", "Up", {**names, NONE: "nothing: a curve"}, choice.y or NONE)
        + _select("show", "Show", shown, choice.show)
        + '<form class="ctl until" data-form="until-rule"><span>Rule</span>'
        '<input class="wide" name="rule" maxlength="160" autocomplete="off" spellcheck="false" '
        f'aria-label="Rule to reach" value="{esc(choice.until)}">'
        '<small class="no" role="alert" data-fill="refused"></small></form>'
        + _select("points", "Each way", points, str(choice.points))
        + _select("steps", "Each run", steps, str(choice.steps))
    )


def _select(key: str, label: str, options: dict, chosen) -> str:
    found = "".join(
        f'<option value="{esc(value)}"{" selected" if value == chosen else ""}>{esc(text)}</option>'
        for value, text in options.items()
    )
    return (
        f'<label class="ctl pick"><span>{label}</span>'
        f'<select data-do="{key}" aria-label="{label}">{found}</select></label>'
    )


def _settings(page) -> str:
    """What every cell has; whatever moves here starts the map again."""
    specs = page.entry.controls.values()
    return (
        '<div class="group restart" role="group" aria-label="Every cell has">'
        f'<p class="labl">{rail.RESTART}<b>Every cell has</b></p>'
        + "".join(rail.control(spec, page.values[spec.name]) for spec in specs)
        + rail.seed_control(page.seed)
        + "</div>"
    )


def _label(spec) -> str:
    label = (spec.label or spec.name).replace("_", " ")
    doc = spec.doc.split(";")[0].strip()
    return f"{label}, {doc}" if doc and doc.lower() != label.lower() else label


def _said(entry, name: str) -> str:
    return entry.quantities[name].text if name in entry.quantities else name


# -- parts that are written anew ---------------------------------------------------------------


def layout(choice: Choice) -> str:
    """The controls that are axes have no slider; the rule is asked for where one is shown."""
    hidden = [f'.rail [data-control="{name}"]' for name in (choice.x, choice.y) if name]
    if choice.show != REACH:
        hidden.append(".rail .until")
    return f"{', '.join(hidden)} {{ display: none; }}" if hidden else ""


def title(page) -> str:
    choice = page.choice
    if choice.show == REACH:
        return f"Steps to {esc(choice.until)}"
    text = _said(page.entry, choice.show)
    return esc(text[:1].upper() + text[1:])


def note(page) -> str:
    choice = page.choice
    over = " and ".join(n.replace("_", " ") for n in (choice.x, choice.y) if n)
    until = f"by {count(choice.steps)} steps" if choice.show != REACH else ""
    return esc(" ".join(part for part in (until, f"over {over}" if over else "") if part))
