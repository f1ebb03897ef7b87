import re
from pathlib import Path

import pytest

import lab.ui
from lab.views import palette


def style_sheet(dark):
    text = (Path(lab.ui.__file__).parent / "tokens.css").read_text(encoding="utf-8")
    blocks = re.split(r"/\* (light|dark) \*/", text)
    block = blocks[blocks.index("dark" if dark else "light") + 1]
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9A-Fa-f]{6})", block))


@pytest.mark.parametrize("dark", [False, True])
def test_pictures_and_pages_have_the_same_colours(dark):
    sheet, ours = style_sheet(dark), palette.tokens(dark)
    for name, colour in ours.items():
        if name != "dead":
            assert sheet[name.replace("_", "-").removesuffix("-")] == colour, name
    for kind in ("power", "signed"):
        assert tuple(sheet[f"{kind}{i}"] for i in range(5)) == palette.stops(kind, dark)


def test_the_styles_tell_six_methods_apart_without_colour():
    assert len({(s.marker, s.dash) for s in palette.SERIES}) == 6
    assert not any(s.dash for s in palette.SERIES[:3])


def test_a_ramp_begins_and_ends_with_its_stops():
    colours = palette.ramp("power", 16)
    assert (colours[0], colours[-1], len(colours)) == (palette.POWER[0], palette.POWER[-1], 16)
