"""A run as data: experiment, controls, seed, device, dtype, edits.

The canonical JSON is the key of caches and what a person hands in; the link form holds only what
differs from the defaults. Both are read defensively: whatever is broken or hostile is refused in
one line that names the field, and nothing in them is ever evaluated. A recipe names an experiment
by its registered name, never by a file, so a link cannot make the lab load code.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from lab.engine.controls import MAX_NUMBERS, MAX_TEXT, ControlError, ControlSpec, values
from lab.engine.suggest import UnknownName, unknown

FORMAT = 1
MAX_JSON = 64 * 1024  # bytes
MAX_QUERY = 16 * 1024  # bytes
MAX_EDITS = 1_000
MAX_CONTROLS = 200
MAX_INTEGER = 2**63 - 1
DEVICES = ("cpu", "cuda", "mps")
DTYPES = ("float16", "bfloat16", "float32", "float64")

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")
_CONTROL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_HASH = re.compile(r"[0-9a-f]{0,12}")
_SHORT_HASH = 8  # characters of the code hash that a link carries
_CONTROL_PREFIX = "c."  # keeps a control named `seed` apart from the seed
_QUERY_FIELDS = ("name", "seed", "device", "dtype", "edits", "code")


class RecipeError(ValueError):
    """A recipe that is refused; the message is one line and names the field."""


class Edit(NamedTuple):
    """A live control that was changed: from step `step` on, `control` is `new`, not `old`."""

    step: int
    control: str
    old: Any
    new: Any


class Link(NamedTuple):
    """A link that was read.

    Attributes
    ----------
    recipe : Recipe
    code : str
        First characters of the hash of the code that made the link; empty when it has none.
    rest : dict of str
        The keys that belong to the page, unread.
    """

    recipe: Recipe
    code: str
    rest: dict[str, str]

    def is_stale(self, code_hash: str) -> bool:
        """Whether the link was made with an earlier version of the code."""
        return bool(self.code) and not code_hash.startswith(self.code)


@dataclass(frozen=True)
class Recipe:
    """Everything that determines a run.

    Parameters
    ----------
    experiment : str
        Its registered name.
    controls : dict
        Every control with its value at the start (plain numbers, texts, lists of numbers).
    seed : int
        From 0 to 2^63 - 1.
    device : {"cpu", "cuda", "mps"}
    dtype : {"float16", "bfloat16", "float32", "float64"}
    edits : tuple of Edit
        In the order of their steps.
    format : int

    Raises
    ------
    RecipeError
    """

    experiment: str
    controls: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    device: str = "cpu"
    dtype: str = "float32"
    edits: tuple[Edit, ...] = ()
    format: int = FORMAT

    def __post_init__(self):
        if type(self.format) is not int or self.format != FORMAT:
            raise RecipeError(f"format is {FORMAT}; not {_shown(self.format)}")
        if not isinstance(self.experiment, str) or not _NAME.fullmatch(self.experiment):
            raise RecipeError(f"experiment is a registered name; not {_shown(self.experiment)}")
        if not isinstance(self.controls, Mapping) or len(self.controls) > MAX_CONTROLS:
            raise RecipeError(f"controls is a mapping of at most {MAX_CONTROLS} names")
        _whole("seed", self.seed)
        _one_of("device", self.device, DEVICES)
        _one_of("dtype", self.dtype, DTYPES)
        controls = {}
        for name, value in self.controls.items():
            if not isinstance(name, str) or not _CONTROL.fullmatch(name):
                raise RecipeError(f"controls: {_shown(name)} is not the name of a control")
            controls[name] = _plain(f"controls.{name}", value)
        object.__setattr__(self, "controls", controls)
        object.__setattr__(self, "edits", _edits(self.edits))

    def __hash__(self):
        return hash(self.key)

    # -- JSON ----------------------------------------------------------------------------------

    def json(self) -> str:
        """The canonical JSON: sorted keys, no spaces; equal recipes give equal texts."""
        return json.dumps(self.plain(), sort_keys=True, separators=(",", ":"), allow_nan=False)

    def plain(self) -> dict:
        """The recipe as JSON's own types."""
        return {
            "experiment": self.experiment,
            "controls": dict(self.controls),
            "seed": self.seed,
            "device": self.device,
            "dtype": self.dtype,
            "edits": [list(edit) for edit in self.edits],
            "format": self.format,
        }

    @property
    def key(self) -> str:
        """16 hexadecimal digits of the canonical JSON's hash."""
        return hashlib.sha256(self.json().encode()).hexdigest()[:16]

    @classmethod
    def from_json(cls, text: str | bytes) -> Recipe:
        """The recipe that `json` wrote.

        Raises
        ------
        RecipeError
        """
        return cls.from_plain(_parsed(text, MAX_JSON, "the recipe"))

    @classmethod
    def from_plain(cls, data: Any) -> Recipe:
        """The recipe from JSON's own types, every field checked.

        Raises
        ------
        RecipeError
        """
        if not isinstance(data, dict):
            raise RecipeError(f"a recipe is an object; not {_shown(data)}")
        for name in data:
            if name not in cls.__dataclass_fields__:
                raise RecipeError(str(unknown("field of a recipe", name, cls.__dataclass_fields__)))
        if "experiment" not in data:
            raise RecipeError("experiment is missing")
        if "format" not in data:
            raise RecipeError("format is missing")
        return cls(**data)

    # -- against an experiment -----------------------------------------------------------------

    def checked(self, controls: Mapping[str, ControlSpec]) -> Recipe:
        """The same recipe with every control there, each value as its control takes it.

        Raises
        ------
        RecipeError
            A control is unknown or out of bounds, or an edit changes one that is not live.
        """
        try:
            full = values(dict(controls), **self.controls)
        except (UnknownName, ControlError) as error:
            raise RecipeError(f"controls: {error}") from None
        now, edits = dict(full), []
        for i, edit in enumerate(self.edits):
            spec = controls.get(edit.control)
            if spec is None:
                raise RecipeError(f"edits[{i}]: {unknown('control', edit.control, controls)}")
            if not spec.live:
                raise RecipeError(f"edits[{i}]: {edit.control} is not live")
            try:
                new = spec.check(edit.new)
            except ControlError as error:
                raise RecipeError(f"edits[{i}]: {error}") from None
            edits.append(Edit(edit.step, edit.control, now[edit.control], new))
            now[edit.control] = new
        return replace(self, controls=full, edits=tuple(edits))

    # -- links ---------------------------------------------------------------------------------

    def to_query(self, entry) -> str:
        """The query of a link: what differs from the entry's defaults, and a short code hash.

        Raises
        ------
        RecipeError
            It would be longer than a link may be.
        """
        found = [("name", self.experiment)]
        for name, value in self.controls.items():
            spec = entry.controls[name]
            if value != spec.default:
                found.append((_CONTROL_PREFIX + name, _written(spec, value)))
        for name, default in (("seed", 0), ("device", "cpu"), ("dtype", entry.dtype)):
            if getattr(self, name) != default:
                found.append((name, str(getattr(self, name))))
        if self.edits:
            short = [[edit.step, edit.control, edit.new] for edit in self.edits]
            found.append(("edits", json.dumps(short, separators=(",", ":"))))
        if entry.hash:
            found.append(("code", entry.hash[:_SHORT_HASH]))
        query = urlencode(found, quote_via=quote, safe=",:[]")
        if len(query) > MAX_QUERY:
            raise RecipeError(f"edits: too many for a link of {MAX_QUERY // 1024} KB")
        return query

    @classmethod
    def from_query(cls, query: str, find: Callable[[str], Any], also: Iterable[str] = ()) -> Link:
        """The link that `to_query` wrote.

        Parameters
        ----------
        query : str
            With or without the question mark.
        find : callable
            Gives the entry of a name (`lab.engine.registry.entry`).
        also : iterable of str
            Keys that belong to the page and are handed back unread.

        Raises
        ------
        RecipeError
        UnknownName
            From `find`, or for a key that nobody knows.
        """
        pairs = _pairs(query)
        name = pairs.pop("name", "")
        if not _NAME.fullmatch(name):
            raise RecipeError(f"name is a registered name; not {_shown(name)}")
        entry = find(name)
        rest = {key: pairs.pop(key) for key in also if key in pairs}
        code = pairs.pop("code", "")
        if not _HASH.fullmatch(code):
            raise RecipeError(f"code is at most 12 hexadecimal digits; not {_shown(code)}")
        fields = {"dtype": entry.dtype}
        for key in ("device", "dtype"):
            if key in pairs:
                fields[key] = pairs.pop(key)
        if "seed" in pairs:
            fields["seed"] = _integer_text("seed", pairs.pop("seed"))
        edits = _edits_text(pairs.pop("edits", "[]"))
        controls = {}
        for key, text in pairs.items():
            known = [*_QUERY_FIELDS, *(_CONTROL_PREFIX + n for n in entry.controls), *also]
            if key not in known:
                raise unknown("key of a link", key, known)
            control = key.removeprefix(_CONTROL_PREFIX)
            controls[control] = read_value(entry.controls[control], text)
        recipe = cls(entry.name, controls, edits=tuple(edits), **fields).checked(entry.controls)
        return Link(recipe, code, rest)


def read_value(spec: ControlSpec, text: str):
    """A control's value from the text of a link or of `--set`, checked.

    Raises
    ------
    ControlError
    """
    if spec.kind in ("number", "integer"):
        value: Any = text
        with contextlib.suppress(ValueError):
            value = float(text)
        if spec.kind == "integer" and re.fullmatch(r"[+-]?\d{1,18}", text.strip()):
            value = int(text)
        return spec.check(value)
    if spec.kind == "boolean":
        words = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}
        return spec.check(words.get(text.strip().lower(), text))
    if spec.kind == "selector":
        by_text = {str(value): value for value in spec.objects}
        return spec.check(by_text.get(text, text))
    if spec.kind == "numbers":
        parts = [part for part in text.split(",") if part.strip()]
        if len(parts) > MAX_NUMBERS:
            return spec.check(parts)
        try:
            return spec.check([float(part) for part in parts])
        except ValueError as error:
            if isinstance(error, ControlError):
                raise
            return spec.check(text)
    return spec.check(text)


def _written(spec: ControlSpec, value) -> str:
    if spec.kind == "numbers":
        return ",".join(repr(entry) for entry in value)
    if spec.kind == "boolean":
        return str(value).lower()
    return value if isinstance(value, str) else repr(value)


def _pairs(query: str) -> dict[str, str]:
    query = query.removeprefix("?")
    if len(query.encode(errors="replace")) > MAX_QUERY:
        raise RecipeError(f"the link is longer than {MAX_QUERY // 1024} KB")
    try:
        listed = parse_qsl(
            query, keep_blank_values=True, max_num_fields=MAX_CONTROLS + 50, errors="strict"
        )
    except ValueError:
        raise RecipeError("the link cannot be read") from None
    pairs = dict(listed)
    if len(pairs) < len(listed):
        raise RecipeError("the link says a key twice")
    return pairs


def _edits_text(text: str) -> list[Edit]:
    """A link leaves out the old values: they follow from the controls and the edits before."""
    found = _parsed(text, MAX_QUERY, "edits")
    if not isinstance(found, list) or not all(isinstance(e, list) and len(e) == 3 for e in found):
        raise RecipeError("edits is a list of [step, control, new]")
    return [Edit(step, control, None, new) for step, control, new in found]


def _integer_text(name: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,19}", text):
        raise RecipeError(f"{name} is a whole number from 0 up; not {_shown(text)}")
    return int(text)


def _parsed(text: str | bytes, limit: int, what: str):
    size = len(text if isinstance(text, bytes) else text.encode(errors="replace"))
    if size > limit:
        raise RecipeError(f"{what} has {size} bytes; {limit} at most")

    def once(pairs):
        found = dict(pairs)
        if len(found) < len(pairs):
            raise RecipeError(f"{what} says a field twice")
        return found

    def no_constant(name):
        raise RecipeError(f"{what} holds {name}; numbers are finite")

    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=no_constant)
    except RecipeError:
        raise
    except (ValueError, RecursionError) as error:
        place = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise RecipeError(f"{what} is not JSON{place}") from None


def _edits(given) -> tuple[Edit, ...]:
    if not isinstance(given, (list, tuple)):
        raise RecipeError(f"edits is a list; not {_shown(given)}")
    if len(given) > MAX_EDITS:
        raise RecipeError(f"edits has {len(given)} entries; {MAX_EDITS} at most")
    found, last = [], 0
    for i, edit in enumerate(given):
        if not isinstance(edit, (list, tuple)) or len(edit) != 4:
            raise RecipeError(f"edits[{i}] is [step, control, old, new]; not {_shown(edit)}")
        step, control, old, new = edit
        _whole(f"edits[{i}].step", step)
        if step < last:
            raise RecipeError(f"edits[{i}].step is {step}, before the edit in front of it")
        if not isinstance(control, str) or not _CONTROL.fullmatch(control):
            raise RecipeError(f"edits[{i}].control is the name of a control; not {_shown(control)}")
        old = None if old is None else _plain(f"edits[{i}].old", old)
        found.append(Edit(step, control, old, _plain(f"edits[{i}].new", new)))
        last = step
    return tuple(found)


def _whole(name: str, value) -> None:
    if type(value) is not int or not 0 <= value <= MAX_INTEGER:
        raise RecipeError(f"{name} is a whole number from 0 to 2^63 - 1; not {_shown(value)}")


def _one_of(name: str, value, known: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in known:
        raise RecipeError(f"{name} is {', '.join(known)}; not {_shown(value)}")


def _plain(name: str, value):
    """A control's value as JSON can hold it, or RecipeError."""
    if isinstance(value, (bool, str)):
        if isinstance(value, str) and len(value) > MAX_TEXT:
            raise RecipeError(f"{name} has {len(value)} characters; {MAX_TEXT} at most")
        return value
    if isinstance(value, (int, float)):
        if isinstance(value, float) and not math.isfinite(value):
            raise RecipeError(f"{name} is a finite number; not {value}")
        if abs(value) > MAX_INTEGER and isinstance(value, int):
            raise RecipeError(f"{name} is too large a whole number")
        return value
    if isinstance(value, (list, tuple)):
        if len(value) > MAX_NUMBERS:
            raise RecipeError(f"{name} has {len(value)} numbers; {MAX_NUMBERS} at most")
        if any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in value):
            raise RecipeError(f"{name} is a list of numbers")
        return [_plain(name, v) for v in value]
    raise RecipeError(f"{name} is a number, a text, true, false or a list; not {_shown(value)}")


def _shown(value) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an enormous integer, a deep list
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."
