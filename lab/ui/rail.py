"""The rail: sentences to try, controls that act while it runs, controls that start again.

Both kinds are told apart by shape: a solid rail with a round knob acts at once, a dotted rail
with a square, hollow knob starts a new run when it is released.
"""

from __future__ import annotations

import json

from lab.ui.lanes import MOST
from lab.ui.markup import esc, icon
from lab.views.numerals import exact

SEEDS = 20  # the seed's slider ends here; any seed may be typed
WIDTH = 240  # px of the rail at its narrowest
LIVE = (
    '<svg width="10" height="10" aria-hidden="true">'
    '<circle cx="5" cy="5" r="4" fill="var(--ink)"/></svg>'
)
RESTART = (
    '<svg width="10" height="10" aria-hidden="true"><rect x="1.5" y="1" width="7" height="8" '
    'fill="none" stroke="var(--ink)" stroke-width="1.6"/></svg>'
)


def rail(entry, values: dict, seed: int, arm: str | None, preset: str | None) -> str:
    """The whole rail for an entry of the registry.

    Parameters
    ----------
    values : dict
        Control -> value, as the page opens.
    arm : str or None
        The arm shown, "all", or None when there are no arms.
    preset : str or None
        The preset whose values these are.
    """
    parts = [presets(entry, preset)]
    if arm is not None and len(entry.arms) > 1:
        parts.append(arms(entry, arm))
    parts.append(settings(entry, values, seed))
    parts.append(
        '<div class="more"><a href="#code">Code</a><a href="#evidence">Evidence</a>'
        '<button class="plain" data-do="numbers" style="padding:0">Numbers</button></div>'
    )
    return "".join(parts)


def presets(entry, preset: str | None) -> str:
    """The sentences to try; the one that is pressed is marked."""
    items = "".join(
        f'<li><button data-do="preset" data-name="{esc(label)}" '
        f'aria-pressed="{str(label == preset).lower()}">{esc(_sentence(p))}</button></li>'
        for label, p in entry.presets.items()
        if label != "check"
    )
    if not items:
        return ""
    return (
        '<p class="labl"><b>Try this, watch that</b></p>'
        f'<ul class="try" aria-label="Try this">{items}</ul>'
    )


def settings(entry, values: dict, seed: int, leave_out=()) -> str:
    """The controls in their two groups, and the seed.

    Parameters
    ----------
    leave_out : collection of str
        Controls that are not shown.
    """
    parts = []
    shown = [c for c in entry.controls.values() if c.name not in leave_out]
    live = [c for c in shown if c.live]
    restart = [c for c in shown if not c.live]
    if live:
        parts.append(
            f'<div class="group live" role="group" aria-label="Acts while it runs">'
            f'<p class="labl">{LIVE}<b>Acts while it runs</b></p>'
            + "".join(control(c, values[c.name]) for c in live)
            + "</div>"
        )
    parts.append(
        f'<div class="group restart" role="group" aria-label="Starts again">'
        f'<p class="labl">{RESTART}<b>Starts again</b></p>'
        + "".join(control(c, values[c.name]) for c in restart)
        + seed_control(seed)
        + "</div>"
    )
    return "".join(parts)


def arms(entry, arm: str) -> str:
    """The switch: one arm, or all of them from one start, as many as a page holds."""
    names = [*entry.arms, "all"]
    whole = len(entry.arms) <= MOST
    buttons = "".join(
        f'<button data-do="arm" data-name="{esc(n)}" aria-pressed="{str(n == arm).lower()}">'
        f"{esc(n)}</button>"
        for n in names
    )
    if _fits(names) and whole:
        return f'<div class="seg arms" role="group" aria-label="Methods">{buttons}</div>'
    several = "all together" if whole else f"the first {MOST} together"
    options = "".join(
        f'<option value="{esc(n)}"{" selected" if n == arm else ""}>'
        f"{esc(n if n != 'all' else several)}</option>"
        for n in names
    )
    return f'<label class="ctl"><span>Method</span><select data-do="arm">{options}</select></label>'


def control(spec, value) -> str:
    """One control; what it is goes into data attributes that the page's script reads."""
    label = _label(spec)
    tip = f' title="{esc(spec.doc)}"' if spec.doc and spec.doc != label else ""
    data = f'data-control="{esc(spec.name)}" data-kind="{spec.kind}"'
    low, high = spec.bounds
    if spec.kind in ("number", "integer"):
        data += f' data-log="{int(spec.log)}" data-unit="{esc(spec.unit)}"'
        unit = f'<span class="unit">{esc(_unit(spec.unit))}</span>' if spec.unit else ""
        field = (
            f'<span class="right"><input class="val" inputmode="decimal" autocomplete="off" '
            f'aria-label="{esc(label)}, exact" value="{esc(exact(value))}">{unit}</span>'
        )
        slider = ""
        if low is not None and high is not None:
            data += f' data-low="{low}" data-high="{high}"'
            slider = f'<input type="range" min="0" max="1000" aria-label="{esc(label)}">'
        return (
            f'<div class="ctl"{tip} {data} data-value="{esc(json.dumps(value))}">'
            f"{_title(spec)}{field}{slider}</div>"
        )
    if spec.kind == "boolean":
        checked = " checked" if value else ""
        return (
            f'<label class="ctl"{tip} {data}>{_title(spec)}'
            f'<input class="switch" type="checkbox" role="switch"{checked}></label>'
        )
    if spec.kind == "selector":
        return _choices(spec, value, label, tip, data)
    text = ", ".join(exact(v) for v in value) if spec.kind == "numbers" else value
    return (
        f'<label class="ctl"{tip} {data}>{_title(spec)}'
        f'<input class="wide" autocomplete="off" spellcheck="false" value="{esc(text)}"></label>'
    )


def _choices(spec, value, label, tip, data) -> str:
    names = [str(o) for o in spec.objects]
    if _fits(names):
        buttons = "".join(
            f'<button data-choice="{i}" aria-pressed="{str(o == value).lower()}">{esc(n)}</button>'
            for i, (o, n) in enumerate(zip(spec.objects, names))
        )
        return (
            f'<div class="ctl"{tip} {data}>{_title(spec)}<span></span>'
            f'<div class="seg" role="group" aria-label="{esc(label)}">{buttons}</div></div>'
        )
    options = "".join(
        f'<option value="{i}"{" selected" if o == value else ""}>{esc(n)}</option>'
        for i, (o, n) in enumerate(zip(spec.objects, names))
    )
    return (
        f'<label class="ctl"{tip} {data}>{_title(spec)}<span></span>'
        f'<select aria-label="{esc(label)}">{options}</select></label>'
    )


def seed_control(seed: int) -> str:
    return (
        '<div class="ctl" data-control="" data-kind="integer" data-log="0" data-unit="" '
        f'data-low="0" data-high="{SEEDS}" data-value="{seed}"><span>Seed</span>'
        '<span class="right"><input class="val" inputmode="numeric" autocomplete="off" '
        f'aria-label="Seed, exact" value="{exact(seed)}"></span>'
        '<input type="range" min="0" max="1000" aria-label="Seed">'
        f'<button class="sr" data-do="reseed">New seed {icon("seed")}</button></div>'
    )


def _fits(names) -> bool:
    """Whether a segmented switch with these words is no wider than the rail."""
    return sum(7 * len(name) + 19 for name in names) <= WIDTH


def _label(spec) -> str:
    """A control's name in words."""
    label = spec.label or spec.name
    return (label[:1].upper() + label[1:]).replace("_", " ")


def _title(spec) -> str:
    """The name, and behind it in grey what it is."""
    label = _label(spec)
    doc = spec.doc.split(";")[0].strip()
    grey = f" <small>{esc(doc)}</small>" if doc and doc.lower() != label.lower() else ""
    return f"<span>{esc(label)}{grey}</span>"


def _unit(unit: str) -> str:
    return unit if unit in ("°", "′") else f"\u2009{unit}"


def _sentence(preset) -> str:
    return preset if isinstance(preset, str) else preset.sentence
