"""The race's page as HTML: everything but the pictures, and the parts that are written anew."""

from __future__ import annotations

import math

from lab.engine.standing import reach
from lab.ui import chrome, rail
from lab.ui.lanes import MOST
from lab.ui.markup import esc
from lab.ui.race.field import PLAIN
from lab.ui.words import waiting
from lab.views import palette
from lab.views.numerals import count, duration, number

SEEDS = 8  # of the button that shows a band

_MARKERS = {
    "circle": '<circle cx="6" cy="6" r="4"/>',
    "square": '<rect x="2" y="2" width="8" height="8"/>',
    "triangle": '<path d="M6 1.5l4.8 8.4H1.2z"/>',
    "diamond": '<path d="M6 .8L11 6l-5 5.2L1 6z"/>',
    "x": '<path d="M2 2l8 8M10 2l-8 8" stroke="currentColor" stroke-width="2"/>',
    "cross": '<path d="M6 1v10M1 6h10" stroke="currentColor" stroke-width="2"/>',
}
_FLAG = '<svg width="14" height="14" aria-hidden="true"><path d="M2 14V1h10l-3 3 3 3H2"/></svg>'
_FORK = (
    '<svg width="14" height="14" aria-hidden="true" fill="none" stroke="currentColor" '
    'stroke-width="1.5"><circle cx="3" cy="3" r="2.2"/><path d="M3 5v9M3 9c0-3 8-1 8-5"/></svg>'
)


def race(page, verdicts: dict, bars: str) -> str:
    """The whole page of a race.

    Parameters
    ----------
    page : lab.ui.race.page.Race
    verdicts : dict
        Claim id -> verdict.
    bars : str
        Lines above the page.
    """
    entry = page.entry
    multiples = "".join(_multiple(i) for i in page.multiples)
    tri = f'<div class="tri">{multiples}</div>' if multiples else ""
    plot, strip = page.plot, page.strip
    return f"""<div class="bars">{bars}</div>{chrome.experiment_top(entry, "race")}
<main>{chrome.head(entry.card, chrome.verdict_elsewhere(entry, verdicts))}
<div class="stage race"><div class="wrap"><div class="bench">{chrome.transport(entry)}
<div class="pics"><style data-fill="layout"></style>{tri}
<figure class="fig plot" data-view="0"><h3>{esc(plot.title)}<span data-fill="by"></span></h3>
<div class="slot" role="img" aria-label="{esc(plot.title)}"></div></figure>
<figure class="fig first" data-view="1"><div class="slot" role="img"
 aria-label="{esc(strip.title)}"></div></figure></div>
<aside class="rail" aria-label="Order and settings"><div data-fill="order"></div>
<div data-fill="changed"></div>{_try(entry, page.preset)}{_settings(page)}
<div data-fill="field"></div>{_add(entry)}
<div class="more"><button class="plain" data-do="seeds" data-fill="seeds">{SEEDS} seeds</button>
<button class="plain" data-do="numbers">Numbers</button></div></aside></div>
<div class="numbers" hidden></div></div></div>
<p class="sr" role="status" aria-live="polite" data-live></p>
<div class="wrap notes"><section data-fill="reach"></section><section><h2>Take it with you</h2>
<div class="share"><button class="plain" data-do="copy">Copy link to this race</button>
<button class="plain" data-do="copy-python">Copy as Python</button>
<button class="plain" data-do="csv">CSV of the curves</button>
<a href="{chrome.link(entry)}">Explore one run</a></div></section></div></main>
{chrome.keyboard(chrome.KEYS)}"""


def _multiple(i: int) -> str:
    return (
        f'<figure class="fig" data-view="{i}"><h3 data-fill="title{i}"></h3>'
        '<div class="slot" role="group" aria-label="Picture"></div></figure>'
    )


def _try(entry, preset: str | None) -> str:
    return rail.presets(entry, preset)


def _settings(page) -> str:
    """The controls that every method shares."""
    arms = list(page.lanes.arms.values())
    own = set.intersection(*(set(arm) for arm in arms)) if arms else set()
    return rail.settings(page.entry, page.values, page.lanes.seed, leave_out=own)


def _add(entry) -> str:
    """The form that adds a method: an arm, and the controls in which it differs."""
    arms = "".join(f"<option>{esc(arm)}</option>" for arm in entry.arms)
    choose = f'<label class="ctl"><span>From</span><select name="arm">{arms}</select></label>'
    rows = "".join(_field(spec) for spec in entry.controls.values())
    return (
        '<details class="add"><summary>Add a method</summary>'
        f'<form data-form="add" autocomplete="off">{choose if arms else ""}{rows}'
        '<button class="ib">Add</button><small class="no" role="alert" data-fill="refused">'
        "</small></form></details>"
    )


def _field(spec) -> str:
    """One control of the form; left empty it is as the page's own."""
    label = (spec.label or spec.name).replace("_", " ")
    name = f'name="c.{esc(spec.name)}" aria-label="{esc(label)}"'
    if spec.kind in ("selector", "boolean"):
        words = ["on", "off"] if spec.kind == "boolean" else list(spec.objects)
        options = "".join(f'<option value="{i}">{esc(w)}</option>' for i, w in enumerate(words))
        box = f'<select {name}><option value=""></option>{options}</select>'
    else:
        box = f'<input {name} maxlength="80" spellcheck="false">'
    return f'<label class="ctl"><span>{esc(label[:1].upper() + label[1:])}</span>{box}</label>'


# -- parts that are written anew ---------------------------------------------------------------


def mark(style: int) -> str:
    """The marker of a method, in its colour."""
    drawn = palette.series(style)
    return (
        f'<svg class="mk" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" '
        f'style="color:var(--{drawn.token})" fill="currentColor">{_MARKERS[drawn.marker]}</svg>'
    )


def name(lane) -> str:
    """A method's name in its colour, with its marker."""
    token = palette.series(lane.style).token
    return f'{mark(lane.style)}<b style="color:var(--{token})">{esc(lane.label)}</b>'


def layout(shown: int) -> str:
    """How many of the small pictures there are."""
    hidden = ", ".join(f'.tri [data-view="{i}"]' for i in range(2 + shown, 2 + MOST))
    rule = f"{hidden} {{ display: none; }}" if hidden else ""
    return f".tri {{ grid-template-columns: repeat({shown}, minmax(0, 1fr)); }} {rule}"


def order(page, k: int) -> str:
    """Who stands where at the cursor, and what a step has cost."""
    cost, places = page.strip.places(k)
    lanes = page.lanes_shown
    at = count(int(cost)) if page.axis == "k" else number(cost)
    unit = "steps" if page.axis == "k" else page.shared.axis_text(False)
    rows = "".join(
        f"<li><i>{p.rank}</i><span>{name(lanes[p.index])}</span><b>{number(p.value)}</b>"
        f"<small>{_spent(page, lanes[p.index], p)}</small></li>"
        for p in places
    )
    return (
        f'<p class="labl"><b>Order now</b> at <span class="nowv">{at}</span> {esc(unit)}</p>'
        f'<ol class="rank">{rows}</ol>'
    )


def _spent(page, lane, place) -> str:
    """ "78 steps, 2 evaluations each"; at step 0 nothing has been spent."""
    steps = f"{count(place.k)} step{'' if place.k == 1 else 's'}"
    if not place.k:
        return steps
    axis = page.axis if page.axis not in ("k", "seconds") else next(iter(page.entry.axes), "")
    if axis and axis in lane.trace:
        spent = lane.trace.at(k=place.k)[axis] / place.k
        return f"{steps}, {number(spent)} {esc(page.entry.quantities[axis].text)} each"
    seconds = float(lane.seconds([place.k])[0])
    return f"{steps}, {duration(seconds / place.k)} each" if seconds else steps


def changed(lanes) -> str:
    """What was changed while it ran, and the roads that were not taken."""
    found = []
    for run in lanes:
        if run.dotted:
            found.append((lanes.left_at.get(run, 0), _FORK, run.label))
        else:
            found += [(k, _FLAG, f"{run.label}: {text}") for k, text in run.lane.edits]
    if not found:
        return ""
    rows = "".join(
        f"<li>{sign}<span><b>{count(k)}</b> {esc(text)}</span></li>"
        for k, sign, text in sorted(found, key=lambda f: f[0])
    )
    return f'<p class="labl"><b>Changed while it ran</b></p><ul class="ev">{rows}</ul>'


def members(page) -> str:
    """Who races; each may leave."""
    field = page.lanes.field
    many = len(field) > 1
    rows = "".join(
        f"<li>{mark(page.lanes.style_of(one))}<span>{esc(one.name)}</span>"
        + (
            f'<button class="plain" data-do="drop" data-name="{esc(one.name)}" '
            f'aria-label="Take {esc(one.name)} out">Take out</button>'
            if many
            else ""
        )
        + "</li>"
        for one in field
    )
    start = "From one start, under one noise." if many else ""
    title = "Methods" if field[0].name != PLAIN or many else "Method"
    return (
        f'<p class="labl"><b>{title}</b></p><ul class="field">{rows}</ul>'
        f'<p class="fair">{start}</p>'
    )


def to_reach(page, wanted: float | None, said: str) -> str:
    """The table "to reach X": steps, each declared axis, seconds."""
    form = (
        '<form data-form="reach"><label>Reach <input name="to" inputmode="decimal" '
        f'maxlength="30" aria-label="Number to reach" value="{_plain(wanted)}"></label>'
        f'<button class="ib">Count</button><small class="no" role="alert">{esc(said)}</small>'
        "</form>"
    )
    axes = page.entry.axes
    ways = ["steps", *(page.entry.quantities[a].text for a in axes), "time"]
    words = {2: "two", 3: "three", 4: "four"}.get(len(ways), str(len(ways)))
    if wanted is None:
        title = "To reach a number, in steps and in cost"
        return f"<h2>{title}</h2><p class=fair>Nothing has been reached yet.</p>{form}"
    rows, least = [], [math.inf] * len(ways)
    for lane, runner in zip(page.lanes_shown, page.strip.racers):
        hit = reach(runner, wanted, page.strip.more)
        costs = _costs(lane, hit[0], axes) if hit else None
        if costs:
            least = [min(a, b) for a, b in zip(least, costs)]
        rows.append((lane, costs))
    body = ""
    for lane, costs in rows:
        cells = f"<td>{name(lane)}</td>"
        if costs is None:
            cells += f'<td class="r">not by {count(lane.head)}</td>'
            cells += '<td class="r">–</td>' * (len(ways) - 1)
        else:
            for i, cost in enumerate(costs):
                text = duration(cost) if i == len(ways) - 1 else number(cost)
                if i == len(ways) - 1 and not cost:
                    text = "–"
                bold = cost == least[i] and len(rows) > 1
                cells += f'<td class="r">{f"<b>{text}</b>" if bold else text}</td>'
        body += f"<tr>{cells}</tr>"
    head = "<th>method</th>" + "".join(f'<th class="r">{esc(w)}</th>' for w in ways)
    return (
        f"<h2>To reach {number(wanted)}, {words} ways to count</h2>"
        f'<div class="scroll"><table class="t"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{form}"
    )


def _costs(lane, k: int, axes) -> list[float]:
    """[steps, declared axes, seconds] spent at step `k`."""
    row = lane.trace.at(k=k)
    return [float(k), *(float(row[a]) for a in axes), float(lane.seconds([k])[0])]


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def by(page) -> str:
    """The grey words above the curves."""
    n = sum(not run.dotted for run in page.lanes)
    all_ = {1: "", 2: ", both from one start", 3: ", all three from one start"}
    axis = "step" if page.axis == "k" else page.shared.axis_text(False)
    return esc(f"by {axis}{all_.get(n, f', all {n} from one start')}")


def seeds_button(done: int, total: int, shown: int, ahead: int | None) -> str:
    """What the button says while further seeds wait or are made, and afterwards."""
    if ahead is not None:
        return f"{waiting(ahead).sentence}. Stop".capitalize()
    if total and done < total:
        return f"{done} of {total} runs. Stop"
    return f"Without the {shown} seeds" if shown else f"{SEEDS} seeds"
