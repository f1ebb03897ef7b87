import re

from lab.views import palette
from lab.views.base import js


def test_opacities_are_the_same_in_the_browser():
    said = dict(re.findall(r"(\w+) = (0\.\d+)", js("pen").split(";")[0]))
    for name in ("AFTER", "BAND", "THIN_LINE"):
        assert float(said[name]) == getattr(palette, name)


def test_the_styles_tell_six_methods_apart_without_colour():
    assert len({(s.marker, s.dash) for s in palette.SERIES}) == 6
    assert not any(s.dash for s in palette.SERIES[:3])


def test_a_ramp_begins_and_ends_with_its_stops():
    colours = palette.ramp("power", 16)
    assert (colours[0], colours[-1], len(colours)) == (palette.POWER[0], palette.POWER[-1], 16)
