"""What a race's link says beyond a run: who races, what the table counts to, further seeds."""

from __future__ import annotations

import dataclasses
import math
from urllib.parse import parse_qsl, quote, urlencode

from lab.engine.recipe import MAX_QUERY
from lab.ui import address
from lab.ui.lanes import MOST
from lab.ui.race.field import Entrant, FieldError, everyone, from_text, to_text
from lab.views.numerals import MINUS

MOST_SEEDS = 8
OWN = ("race", "to", "seeds")


@dataclasses.dataclass(frozen=True)
class RaceOpening:
    """How a race opens.

    Attributes
    ----------
    run : lab.ui.address.Opening
        What it has in common with a single run.
    field : list of Entrant
    to : float or None
    seeds : int
    """

    run: address.Opening
    field: list[Entrant]
    to: float | None = None
    seeds: int = 0


def opening(query: str, entry) -> RaceOpening:
    """Reads the query of a link to a race; never raises for what it says."""
    pairs = _pairs(query)
    if pairs is None:
        return RaceOpening(address.opening(query, entry), everyone(entry))
    own = {key: value for key, value in pairs if key in OWN}
    rest = [(key, value) for key, value in pairs if key not in (*OWN, "arm")]
    run = address.opening(urlencode(rest, quote_via=quote), entry)
    said, field = list(run.said), everyone(entry)
    if own.get("race"):
        try:
            field = from_text(own["race"], entry)
        except FieldError as error:
            said.append(str(error)[:140].rstrip("."))
    elif len(entry.arms) > MOST:
        said.append(f"A race has {MOST} methods at most; add others in place of these.")
    to = as_number(own["to"]) if own.get("to") else None
    if own.get("to") and to is None:
        said.append("to is a number")
    seeds = own.get("seeds", "")
    good = seeds.isdecimal() and int(seeds) <= MOST_SEEDS
    if seeds and not good:
        said.append(f"seeds is a whole number up to {MOST_SEEDS}")
    run = dataclasses.replace(run, said=tuple(said))
    return RaceOpening(run, field, to, int(seeds) if seeds and good else 0)


def query(lanes, entry, *, k: int, axis: str, to: float | None, seeds: int) -> str:
    """The query of the link to exactly this race."""
    own = {"race": to_text(lanes.field, entry), "to": "" if to is None else f"{to:g}"}
    own["seeds"] = str(seeds or "")
    text = address.query(lanes.recipe, entry, k=k, axis=axis)
    kept = {key: value for key, value in own.items() if value}
    return text + ("&" + urlencode(kept, quote_via=quote) if kept else "")


def as_number(text: str) -> float | None:
    """A number that a person wrote; None for anything else."""
    try:
        value = float(text.strip()[:30].replace(MINUS, "-").replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _pairs(query: str):
    """The link's keys and values; None for a link that is too long to be read."""
    text = query.removeprefix("?")
    if len(text) > MAX_QUERY:
        return None
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=300)
    except ValueError:
        return None
