import re

import pytest

from lab.views import palette
from lab.views.base import js


def test_opacities_are_the_same_in_the_browser():
    said = dict(re.findall(r"(\w+) = (0\.\d+)", js("pen").split(";")[0]))
    for name in ("AFTER", "BAND", "THIN_LINE"):
        assert float(said[name]) == getattr(palette, name)


def test_the_styles_tell_six_methods_apart_without_colour():
    assert len({(s.marker, s.dash) for s in palette.SERIES}) == 6
    assert not any(s.dash for s in palette.SERIES[:3])


def light(colour: str) -> float:
    """Relative luminance, as WCAG has it."""
    share = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in share)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_a_dead_weight_differs_from_the_ground_and_from_the_smallest_that_lives(dark):
    colours = palette.tokens(dark)
    dead, stage = colours["dead"], colours["stage"]
    assert contrast(dead, stage) >= 1.45
    for living in palette.stops("living", dark):
        assert light(living) > light(dead)
        assert contrast(living, dead) >= 2
        assert contrast(living, stage) >= 1.5


def test_a_ramp_begins_and_ends_with_its_stops():
    colours = palette.ramp("power", 16)
    assert (colours[0], colours[-1], len(colours)) == (palette.POWER[0], palette.POWER[-1], 16)
