"""Controls: what a person may turn. Declared as parameters, handed to an experiment as a snapshot.

Each type is `param`'s, with what the lab adds: `live` (may change while the run goes on), `log`
(its slider is logarithmic) and `unit`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import param

from lab.engine.suggest import unknown

MAX_TEXT, MAX_NUMBERS = 2_000, 1_000


class ControlError(ValueError):
    """A value that a control does not take; the message is one line and names the bounds."""


class Number(param.Number):
    """A real number."""

    __slots__ = ["live", "log", "unit"]

    def __init__(self, default=0.0, *, live=False, log=False, unit="", **keywords):
        self.live, self.log, self.unit = live, log, unit
        super().__init__(default, **keywords)


class Integer(param.Integer):
    """A whole number. Structural: lanes of a batch share it."""

    __slots__ = ["live", "log", "unit"]

    def __init__(self, default=0, *, live=False, log=False, unit="", **keywords):
        self.live, self.log, self.unit = live, log, unit
        super().__init__(default, **keywords)


class Boolean(param.Boolean):
    """A switch."""

    __slots__ = ["live", "log", "unit"]

    def __init__(self, default=False, *, live=False, **keywords):
        self.live, self.log, self.unit = live, False, ""
        super().__init__(default, **keywords)


class Selector(param.Selector):
    """One of a few names."""

    __slots__ = ["live", "log", "unit"]

    def __init__(self, default=None, *, objects=(), live=False, **keywords):
        self.live, self.log, self.unit = live, False, ""
        super().__init__(default=default, objects=list(objects), **keywords)


class Text(param.String):
    """A short text: a braid word, a rule, a path."""

    __slots__ = ["live", "log", "unit"]

    def __init__(self, default="", *, live=False, **keywords):
        self.live, self.log, self.unit = live, False, ""
        super().__init__(default, **keywords)


class Numbers(param.List):
    """A short list of numbers: a drawn target, a schedule."""

    __slots__ = ["live", "log", "unit"]

    def __init__(self, default=(), *, live=False, **keywords):
        self.live, self.log, self.unit = live, False, ""
        super().__init__(default=list(default), item_type=(int, float), **keywords)


TYPES = (Number, Integer, Boolean, Selector, Text, Numbers)


class Controls:
    """A frozen snapshot of controls: plain Python values, read as attributes.

    Reading a control that is not in the snapshot raises AttributeError with a sentence; so a
    `given` that reads a control it did not name in `by` is caught.
    """

    def __init__(self, values: dict):
        self.__dict__.update(values)

    def __setattr__(self, name, value):
        raise AttributeError(f"controls are frozen: {name} cannot be set here")

    def __getattr__(self, name):
        raise AttributeError(
            f"no control {name!r} in this snapshot; it holds {', '.join(self.__dict__) or 'none'} "
            "(a given sees only the controls named in by=)"
        )

    def __reduce__(self):
        return Controls, (dict(self.__dict__),)

    def __repr__(self):
        return "Controls(" + ", ".join(f"{n}={v!r}" for n, v in self.__dict__.items()) + ")"


@dataclass(frozen=True)
class ControlSpec:
    """A control as plain data: what pages, links and the index need, without the class.

    `kind` is number, integer, boolean, selector, text or numbers.
    """

    name: str
    kind: str
    default: Any
    bounds: tuple[float | None, float | None] = (None, None)
    objects: tuple = ()
    live: bool = False
    log: bool = False
    unit: str = ""
    doc: str = ""
    label: str = ""

    def check(self, value):
        """`value` as this control takes it.

        Raises
        ------
        ControlError
            The value is out of bounds or of another kind; one line that says what is taken.
        """
        return getattr(self, f"_{self.kind}")(value)

    def _real(self, value, what: str) -> float:
        real = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not real or not abs(value) <= sys.float_info.max:  # nor nan, nor a whole number beyond
            raise ControlError(f"{self.name} takes {what}; not {_shown(value)}")
        low, high = self.bounds
        if (low is not None and value < low) or (high is not None and value > high):
            raise ControlError(f"{self.name} goes {_span(low, high)}; not {value:g}")
        return value

    def _number(self, value) -> float:
        return float(self._real(value, "a number"))

    def _integer(self, value) -> int:
        if self._real(value, "a whole number") != int(value):
            raise ControlError(f"{self.name} takes a whole number; not {_shown(value)}")
        return int(value)

    def _boolean(self, value) -> bool:
        if not isinstance(value, bool):
            raise ControlError(f"{self.name} is true or false; not {_shown(value)}")
        return value

    def _selector(self, value):
        if not isinstance(value, (str, int, float, bool)) or value not in self.objects:
            choices = ", ".join(map(str, self.objects))
            raise ControlError(f"{self.name} is one of {choices}; not {_shown(value)}")
        return value

    def _text(self, value) -> str:
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            raise ControlError(f"{self.name} takes a text of at most {MAX_TEXT} characters")
        return value

    def _numbers(self, value) -> list:
        if not isinstance(value, (list, tuple)) or len(value) > MAX_NUMBERS:
            raise ControlError(f"{self.name} takes a list of at most {MAX_NUMBERS} numbers")
        return [self._real(entry, "numbers") for entry in value]


def declared(experiment) -> dict[str, ControlSpec]:
    """The controls of an experiment class, in the order of declaration."""
    found = {}
    for name in experiment.param:
        parameter = experiment.param[name]
        if isinstance(parameter, TYPES):
            default = parameter.default
            found[name] = ControlSpec(
                name=name,
                kind=type(parameter).__name__.lower(),
                default=list(default) if isinstance(default, list) else default,
                bounds=tuple(getattr(parameter, "bounds", None) or (None, None)),
                objects=tuple(getattr(parameter, "objects", ())),
                live=parameter.live,
                log=parameter.log,
                unit=parameter.unit,
                doc=parameter.doc or "",
                label=parameter.label or name,
            )
    return found


def values(controls: dict[str, ControlSpec], **chosen) -> dict:
    """Every control with its value: those chosen, checked, and the defaults for the rest.

    Raises
    ------
    UnknownName, ControlError
    """
    found = {
        name: list(spec.default) if isinstance(spec.default, list) else spec.default
        for name, spec in controls.items()
    }
    for name, value in chosen.items():
        if name not in controls:
            raise unknown("control", name, controls)
        found[name] = controls[name].check(value)
    return found


def _span(low, high) -> str:
    if high is None:
        return f"from {low:g} up"
    if low is None:
        return f"up to {high:g}"
    return f"from {low:g} to {high:g}"


def _shown(value) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
