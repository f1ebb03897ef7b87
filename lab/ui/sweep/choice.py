"""What a sweep is asked for: which controls, which measure, how fine, how far."""

from __future__ import annotations

import dataclasses
from urllib.parse import parse_qsl, quote, urlencode

from lab.engine.recipe import MAX_QUERY, Recipe
from lab.engine.rules import RuleError, rule
from lab.engine.spread import coarse_to_fine, levels, spread, spreads
from lab.engine.suggest import unknown
from lab.ui import address
from lab.ui.cells import Question

POINTS = (4, 8, 16, 32)  # along an axis
STEPS = (30, 100, 300, 1_000, 3_000, 10_000, 30_000)  # of each run at most
REACH = "steps"  # shows how many steps a rule takes
TOGETHER = 64  # runs of a chunk: so many come at once where they are made in one batch
OWN = ("x", "y", "show", "until", "points", "steps")
NONE = "none"


@dataclasses.dataclass(frozen=True)
class Choice:
    """A map of runs, or a curve where `y` is None.

    Parameters
    ----------
    x, y : str or None
        Controls; None where the experiment has none that can be swept.
    show : str
        A recorded quantity, whose last value is shown, or "steps": how many the rule takes.
    until : str
        The rule's text.
    points : int
    steps : int
        Each run ends there at the latest.
    """

    x: str | None
    y: str | None
    show: str
    until: str
    points: int
    steps: int

    def axes(self, entry) -> tuple[tuple, tuple]:
        """The values along x and along y; one value, None, where nothing varies."""
        xs = spread(entry.controls[self.x], self.points) if self.x else (None,)
        ys = spread(entry.controls[self.y], self.points) if self.y else (None,)
        return xs, ys

    def stop(self) -> str:
        """The rule that ends a run; what ended at `steps` has not reached `until`."""
        if self.show != REACH:
            return f"budget: k >= {self.steps}"
        return f"({self.until}) or k >= {self.steps + 1}"


def default(entry) -> Choice:
    """The map that a page opens with: the two controls that promise most."""
    ranked = sorted(axes_of(entry), key=lambda name: _interest(entry, name), reverse=True)
    x, y = [*ranked[:2], None, None][:2]
    batch = entry.batchable and entry.card.cost != "minutes"
    until = next(iter(entry.events.values()), "") or _guess(entry)
    steps = min(1_000 if batch else 300, entry.max_steps)
    return Choice(x, y, measures(entry)[0], until, 16 if batch else 8, steps)


def axes_of(entry) -> list[str]:
    """The controls that can be an axis."""
    return [name for name, spec in entry.controls.items() if spreads(spec)]


def measures(entry) -> list[str]:
    """The quantities whose last value can be shown."""
    return [name for name, quantity in entry.quantities.items() if not quantity.dim] or ["k"]


def opening(query: str, entry) -> tuple[Choice, address.Opening]:
    """Reads a link; what it got wrong stands in the opening's `said`."""
    text = query.removeprefix("?")
    choice = default(entry)
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=300)
    except ValueError:
        pairs = None
    if pairs is None or len(text) > MAX_QUERY:
        return choice, address.opening(query, entry)
    own = {key: value for key, value in pairs if key in OWN}
    rest = [(key, value) for key, value in pairs if key not in (*OWN, "k", "arm")]
    run = address.opening(urlencode(rest, quote_via=quote), entry)
    arm = dict(pairs).get("arm")
    said = list(run.said)
    if arm in entry.arms:  # a link of the explorer: its method stays
        run = dataclasses.replace(run, recipe=_with(run.recipe, entry.arms[arm]))
    for key in OWN:
        if key not in own:
            continue
        try:
            choice = changed(choice, entry, key, own[key])
        except (ValueError, KeyError) as error:
            said.append(" ".join(str(error).split())[:140].rstrip("."))
    return choice, dataclasses.replace(run, said=tuple(said))


def changed(choice: Choice, entry, key: str, text: str) -> Choice:
    """Another choice; an axis that both would have is exchanged.

    Raises
    ------
    ValueError
        In one line what is wrong.
    """
    if key in ("x", "y"):
        return _axis(choice, entry, key, text)
    if key == "show":
        known = [*measures(entry), REACH]
        if text not in known:
            raise _unknown("measure", text, known)
        return dataclasses.replace(choice, show=text)
    if key == "until":
        return dataclasses.replace(choice, until=_rule(entry, text))
    allowed = POINTS if key == "points" else STEPS
    number = int(text) if text.isdecimal() and len(text) < 9 else 0
    low, high = 2, allowed[-1] if key == "points" else entry.max_steps
    if not low <= number <= high:
        raise ValueError(f"{key} goes from {low} to {high}")
    if key == "points":
        return dataclasses.replace(choice, points=number)
    return dataclasses.replace(choice, steps=number)


def query(choice: Choice, entry, recipe: Recipe) -> str:
    """The query of the link to exactly this map."""
    usual = default(entry)
    parts = {"x": choice.x, "y": choice.y or NONE}
    parts |= {
        key: getattr(choice, key)
        for key in ("show", "until", "points", "steps")
        if getattr(choice, key) != getattr(usual, key)
    }
    kept = {key: str(value) for key, value in parts.items() if value is not None}
    return f"{recipe.to_query(entry)}&{urlencode(kept, quote_via=quote)}"


def question(choice: Choice, entry, values: dict, seed: int, made=()) -> tuple[Question, list]:
    """The runs that are still to be made, coarse to fine, and the cell of each in their order.

    Parameters
    ----------
    values : dict
        Controls that every cell shares.
    made : collection of (int, int)
        Cells (column, row) that are there already.
    """
    xs, ys = choice.axes(entry)
    chunks, order = [], []
    for level in levels([len(xs), len(ys)]):
        left = [index for index in level if index not in made]
        for start in range(0, len(left), TOGETHER):
            part = left[start : start + TOGETHER]
            order += part
            chunks.append([(at(choice, values, xs[i], ys[j]), seed) for i, j in part])
    return Question(entry.name, chunks, stop=choice.stop()), order


def at(choice: Choice, values: dict, x, y) -> dict:
    """The controls of one cell."""
    own = {choice.x: x, choice.y: y}
    return {**values, **{name: value for name, value in own.items() if name is not None}}


def nearest(shape: list[int], made) -> dict:
    """For each cell that is not made yet, a coarser one nearby that is.

    Returns
    -------
    dict of (int, int) to (int, int)
    """
    found = {}
    for index in coarse_to_fine(shape):
        if index in made:
            continue
        stride = 2
        while stride < 2 * max(shape):
            near = tuple(i - i % stride for i in index)
            if near in made:
                found[index] = near
                break
            stride *= 2
    return found


def _axis(choice: Choice, entry, key: str, name: str) -> Choice:
    other = "y" if key == "x" else "x"
    known = axes_of(entry)
    if name == NONE and key == "y":
        return dataclasses.replace(choice, y=None)
    if name not in known:
        if name in entry.controls:
            raise ValueError(f"{name} cannot be swept: it has no bounds")
        raise _unknown("control", name, known)
    if name == getattr(choice, other):
        if choice.y is None:
            return choice
        return dataclasses.replace(choice, x=choice.y, y=choice.x)
    if key == "x":
        return dataclasses.replace(choice, x=name)
    return dataclasses.replace(choice, y=name)


def _rule(entry, text: str) -> str:
    found = _read(text)
    for name in found.names:
        if name not in entry.quantities and name != "k":
            raise _unknown("quantity", name, [*entry.quantities, "k"])
    return found.text


def _read(text: str):
    try:
        if len(text) > 160:
            raise ValueError("a rule has 160 characters at most")
        return rule(text.removeprefix("budget:"))
    except RuleError as error:
        raise ValueError(str(error)) from None


def _unknown(kind: str, name: str, known) -> ValueError:
    return ValueError(str(unknown(kind, name[:60], known)))


def _with(recipe: Recipe, values: dict) -> Recipe:
    return dataclasses.replace(recipe, controls={**recipe.controls, **values})


def _interest(entry, name: str) -> tuple[bool, ...]:
    """How much a control promises as an axis: a real number that acts on a running session, then
    one that a preset or the paper's own grids name; what tells the methods apart comes last."""
    spec = entry.controls[name]
    grids = [*entry.studies.values(), *(claim.runs for claim in entry.claims)]
    return (
        not any(name in arm for arm in entry.arms.values()),
        spec.kind == "number",
        spec.kind == "integer",
        spec.live,
        any(name in preset.values for preset in entry.presets.values()),
        any(name in grid.over for grid in grids),
        spec.log,
    )


def _guess(entry) -> str:
    """A rule to begin with where the experiment names no event."""
    first = measures(entry)[0]
    quantity = entry.quantities.get(first)
    if quantity is None:
        return "k >= 100"
    return f"{first} > 0.9" if quantity.better == "more" else f"{first} < 1e-3"
