"""The page's address: what it opens on, and what it says when a part of it is left out.

A link is read as a whole; where that fails, key by key, so that one broken value costs only
itself. Nothing in it is evaluated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode

from lab.engine.controls import ControlError
from lab.engine.recipe import MAX_QUERY, Recipe, RecipeError
from lab.engine.suggest import UnknownName

PAGE_KEYS = ("k", "arm", "x", "preset")  # the page's own: cursor, methods shown, cost axis
MAX_STEP = 10**9
SAID = 300  # characters of the line that says what was left out
PASSED_ON = ("theme", "bokeh-session-id")  # keys that servers and people may add


@dataclass(frozen=True)
class Opening:
    """How a page opens.

    Attributes
    ----------
    recipe : Recipe
    k : int
        The step under the cursor.
    arm : str or None
        The methods shown: an arm, "all", or None for the page's own choice.
    axis : str
        The horizontal axis: "k", a declared axis or "seconds".
    preset : str or None
    said : tuple of str
        What was left out and why, one line each.
    recorded : dict
        {arm: RecordedSession} where the page opens on recordings (see lab.ui.recorded).
    """

    recipe: Recipe
    k: int = 0
    arm: str | None = None
    axis: str = "k"
    preset: str | None = None
    said: tuple[str, ...] = ()
    recorded: dict = field(default_factory=dict)


def opening(query: str, entry) -> Opening:
    """Reads the query of a link to `entry`'s page; never raises for what it says."""
    said = []
    try:
        link = Recipe.from_query(_with_name(query, entry), lambda _: entry, also=_also())
    except (RecipeError, UnknownName, ControlError) as error:
        link, said = _piecewise(query, entry, error)
    rest = {key: value for key, value in link.rest.items() if key in PAGE_KEYS}
    recipe = link.recipe
    preset = _known("preset", rest, [*entry.presets, "default"], said)
    if preset and preset != "default":
        chosen = {n: v for n, v in recipe.controls.items() if v != entry.controls[n].default}
        values = entry.controls_for(preset=preset, **chosen)
        recipe = Recipe(
            recipe.experiment, values, recipe.seed, recipe.device, recipe.dtype, recipe.edits
        )
    arm = _known("arm", rest, [*entry.arms, "all"], said)
    axis = _known("x", rest, ["k", *entry.axes, "seconds"], said) or "k"
    k = 0
    if "k" in rest:
        if re.fullmatch(r"\d{1,10}", rest["k"]) and int(rest["k"]) <= MAX_STEP:
            k = min(int(rest["k"]), entry.max_steps)
        else:
            said.append("k is a step from 0 up")
    if link.is_stale(entry.hash):
        said.append("This link was made with an earlier version of the code.")
    return Opening(recipe, k, arm, axis, preset, tuple(said))


def query(recipe: Recipe, entry, *, k=0, arm=None, axis="k") -> str:
    """The query of the link to exactly this page."""
    extra = [("k", k or None), ("arm", arm), ("x", axis if axis != "k" else None)]
    found = [(key, str(value)) for key, value in extra if value is not None]
    text = recipe.to_query(entry)
    return text + ("&" + urlencode(found, quote_via=quote) if found else "")


def left_out(said) -> str:
    """The one line above a page that opened on less than its link asked for."""
    notices = [line for line in said if line.endswith(".")]
    parts = [line for line in said if not line.endswith(".")]
    if parts:
        notices.insert(0, f"Left out of the link: {'; '.join(parts)}.")
    line = " ".join(notices)
    return line if len(line) <= SAID else line[: SAID - 1].rstrip() + "…"


def _also():
    return (*PAGE_KEYS, *PASSED_ON)


def _with_name(text: str, entry) -> str:
    """The link's name may be an older one; the entry is already found."""
    pairs = text.removeprefix("?")
    if re.search(r"(^|&)name=", pairs):
        return re.sub(r"(^|&)name=[^&]*", rf"\1name={entry.name}", pairs, count=1)
    return f"name={entry.name}&{pairs}" if pairs else f"name={entry.name}"


def _piecewise(text: str, entry, error) -> tuple:
    """The link again, one key at a time; keys that are refused are named."""
    base = f"name={entry.name}"
    empty = Recipe.from_query(base, lambda _: entry, also=_also())
    if len(text.encode(errors="replace")) > MAX_QUERY:
        return empty, [_short(error)]
    try:
        pairs = parse_qsl(text.removeprefix("?"), keep_blank_values=True, max_num_fields=300)
    except ValueError:
        return empty, [_short(error)]
    good, said, link = base, [], empty
    for key, value in pairs:
        if key == "name":
            continue
        tried = f"{good}&{urlencode([(key, value)], quote_via=quote)}"
        try:
            link = Recipe.from_query(tried, lambda _: entry, also=_also())
            good = tried
        except (RecipeError, UnknownName, ControlError) as refused:
            said.append(_short(refused))
    return link, said


def _known(key: str, rest: dict, known, said: list) -> str | None:
    value = rest.get(key)
    if value is None:
        return None
    if value not in known:
        from lab.engine.suggest import unknown

        said.append(_short(unknown({"x": "axis"}.get(key, key), value[:60], known)))
        return None
    return value


def _short(error) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    return text if len(text) <= 140 else text[:139] + "…"
