"""What `lab.<name>` offers beside the classes: short functions over the engine."""

from __future__ import annotations

from lab.engine.registry import catalogue as _entries
from lab.engine.registry import load


class Catalogue(list):
    """Cards of experiments, as dicts with the fields of `lab list --json`; prints as a table."""

    def __repr__(self):
        if not self:
            return "no experiments"
        width = max(len(card["name"]) for card in self)
        return "\n".join(f"{card['name']:<{width}}  {card['question']}" for card in self)


def catalogue(family: str | None = None) -> Catalogue:
    """Every experiment's card, or those of one family."""
    from lab.store.verdicts import card_of, verdicts

    known = verdicts()
    entries = [entry for entry in _entries() if family in (None, entry.family)]
    return Catalogue(card_of(entry, known) for entry in entries)


def experiment(name):
    """The class of an experiment: by name, or from "file.py"."""
    return load(name)


def race(name, arms=None, **options):
    """The arms of an experiment from one start under one noise; see Race."""
    from lab.engine.race import Race

    return Race(name, arms, **options)


class Verdicts(list):
    """The verdicts of an experiment's claims; prints one line each."""

    def __repr__(self):
        return "\n".join(map(str, self)) or "no claims"


def verify(name, tier: str = "standard", seed_offset: int = 0) -> Verdicts:
    """Makes the runs of an experiment's claims and judges them, up to a tier (and quicker ones)."""
    from lab.engine.claim import TIERS
    from lab.engine.suggest import unknown
    from lab.engine.verdict import verify as judge

    if tier not in TIERS:
        raise unknown("tier", tier, TIERS)
    chosen = list(TIERS)[: list(TIERS).index(tier) + 1]
    found = load(name)
    return Verdicts(
        judge(found, claim, seed_offset=seed_offset)
        for claim in found.claims
        if claim.tier in chosen and not claim.timed
    )


def show(experiment, **options):
    """The explorer of an experiment (or of a Session, a Race) in a notebook cell.

    Options: controls, seed, arm (or "all"), preset, k, axis, device, dtype.
    """
    from lab.ui.notebook import show as shown

    return shown(experiment, **options)


def widget(experiment, **options):
    """A run as an ipywidgets widget with the traits controls, step, head, status and trace.

    Options: controls, seed, arm, preset, k, axis, device, dtype.
    """
    from lab.ui.notebook import widget as made

    return made(experiment, **options)


def plot(what, *names, **options):
    """A Session, Race or Study as a HoloViews element, to compose and export.

    Options: x, y, by, log, dark; see `lab.views.composed.plot`.
    """
    from lab.views.composed import plot as drawn

    return drawn(what, *names, **options)
