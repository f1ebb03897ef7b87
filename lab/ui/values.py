"""Values of controls as the page's script takes and sends them."""

from __future__ import annotations

from lab.engine.controls import ControlError


def to_page(spec, value):
    """A value as the page's script takes it; one of a few is sent by its place."""
    if spec.kind == "selector":
        return {"at": list(spec.objects).index(value)}
    return value


def from_page(spec, value):
    """A value of the page's script, still unchecked; JSON makes whole numbers of 1.0."""
    if spec.kind == "selector":
        return spec.objects[whole(value["at"], 0, len(spec.objects) - 1)]
    if spec.kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def whole(value, low: int, high: int) -> int:
    """`value` as a whole number from low to high.

    Raises
    ------
    ControlError
    """
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole or not low <= value <= high:
        raise ControlError(f"takes a whole number from {low} to {high}; not {str(value)[:40]}")
    return int(value)
