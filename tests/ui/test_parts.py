"""The page's HTML: escaping, verdicts, the ruler, controls, where pictures stand."""

import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from lab.ui import chrome, markup, notes, ruler, state, theme
from lab.ui.listing import listing
from lab.ui.rail import rail
from lab.views import palette

VOID = {"input", "br", "meta", "link", "img", "path", "circle", "rect"}


class Balance(HTMLParser):
    """Fails on a tag that is not closed in order."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}"
            self.open.pop()


def well_formed(text):
    parser = Balance()
    parser.feed(text)
    assert not parser.open
    return text


def picture(stacks, size=1, title="Title", tall=1.0):
    return SimpleNamespace(
        stacks=stacks, tall=tall, title=title, note="note", view=SimpleNamespace(size=size, of=None)
    )


def whole(entry, verdicts=None):
    values = {n: spec.default for n, spec in entry.controls.items()}
    return chrome.explorer(
        entry, [picture(True), picture(False, title="<b>")], values=values, seed=3, arm="all",
        preset="turn", verdicts=verdicts or {},
    )  # fmt: skip


def test_the_explorer_is_well_formed_and_escapes_every_text(entry, verdict):
    text = well_formed(whole(entry, {"slope": verdict}))
    for raw in ("Two <orbits>", "ab<c", "'a<b'", "<b>note"):
        assert raw not in text
    assert "Two &lt;orbits&gt;" in text


def test_dom_order_is_question_verdict_transport_pictures_controls(entry, verdict):
    text = whole(entry, {"slope": verdict})
    places = [
        text.index(mark)
        for mark in ('class="q"', 'class="verdict"', 'class="transport"', 'class="pics"', "<aside")
    ]
    assert places == sorted(places)


def test_one_filled_button(entry):
    assert whole(entry).count('class="run"') == 1


def test_live_and_restart_controls_stand_in_groups_of_their_own(entry):
    values = {n: spec.default for n, spec in entry.controls.items()}
    text = well_formed(rail(entry, values, 3, "all", None))
    live, restart = text.split('class="group restart"')
    assert 'data-control="anchor"' in live
    assert 'data-control="rate"' in restart
    assert 'data-control=""' in restart  # the seed starts again


@pytest.mark.parametrize(
    ("names", "words"),
    [("AB", ">all<"), ("ABCDE", ">the first 4 together<"), (("A" * 40, "B"), ">all together<")],
)
def test_what_stands_side_by_side_is_said(entry, names, words):
    entry.arms.clear()
    entry.arms.update({name: {"method": "a"} for name in names})
    assert words in rail(entry, entry.controls_for(), 0, "all", None)


def test_the_check_preset_is_for_tests_only(entry):
    from lab.engine.experiment import Preset

    entry.presets["check"] = Preset("For tests")
    assert "For tests" not in whole(entry)


def test_the_verdict_shows_number_seeds_and_control(entry, verdict):
    text = ruler.verdict(entry.claims[0], verdict)
    for shown in ("holds", "−1.00", "20 seeds", "control 0", "expected ≤ −0.950"):
        assert shown in text
    assert "control is rejected, as it must be" in text


def test_without_a_verdict_the_page_says_so(entry):
    assert "not checked for this version" in ruler.verdict(entry.claims[0], None)


def test_dot_in_grey_and_cross_outside_when_it_holds(entry, verdict):
    text = ruler.ruler(ruler.main_check(entry.claims[0], verdict))

    def left(mark):
        return float(re.search(rf"{mark}[^>]*left:([\d.]+)%", text)[1])

    region = re.search(r'class="region" style="left:([\d.]+)%;width:([\d.]+)%', text)
    low, high = float(region[1]), float(region[1]) + float(region[2])
    assert low <= left('class="dot"') <= high
    assert not low <= left("<svg") <= high


def test_labels_of_the_ruler_do_not_cover_each_other(entry, verdict):
    verdict["checks"][0]["measured"] = -0.951
    verdict["control_checks"][0]["measured"] = -0.949
    text = ruler.ruler(ruler.main_check(entry.claims[0], verdict))
    spans = [
        (float(at), 100 * len(re.sub("<.*?>", "", words)) * 5.5 / ruler.WIDTH)
        for at, words in re.findall(r'<span style="left:(-?[\d.]+)%">(.*?)</span>', text)
    ]
    for (start, width), (following, _) in zip(spans, spans[1:]):
        assert start + width <= following + 0.5


def test_the_evidence_names_every_check_with_what_was_expected(entry, verdict):
    text = well_formed(notes.notes(entry, {"slope": verdict}))
    for shown in ("−1.01 to −0.990", "≥ 2.00", "passes", "unclear", "∞", "took 3.1"):
        assert shown in text


def test_an_equation_that_cannot_be_converted_is_shown_as_it_is():
    assert "<math" in markup.equation("x^2")


def test_code_keeps_every_character():
    source = 'def f(x):\n    """Doc <b>."""\n    return f"{x}" if x else None  # é\n'
    text = re.sub("<span.*?>|</span>", "", markup.code(source))
    assert text == markup.esc(source)
    assert '<span class="k">def</span>' in markup.code(source)


def test_the_code_leaves_out_what_the_page_shows_elsewhere():
    card = "    card = Card(\n        1,\n        2,\n    )\n"
    source = f"class A(E):\n{card}    x = 1\n\n    def f(): ...\n"
    assert notes.essential(source) == (
        "class A(E):\n    card = ...  # 4 lines\n    x = 1\n\n    def f(): ...\n"
    )
    assert notes.essential("no class") == "no class"


def test_code_that_is_no_python_is_shown_as_it_is():
    assert markup.code("def (:\n  '''") == markup.esc("def (:\n  '''")


@pytest.mark.parametrize(
    ("kinds", "columns"),
    [
        ("", []),
        ("s", [(0,)]),
        ("so", [(0,), (1,)]),
        ("os", [(0,), (1,)]),
        ("ssoo", [(0, 1), (2, 3)]),
        ("osss", [(0,), (1, 2, 3)]),
        ("sooo", [(0,), (1, 2), (3,)]),
        ("oo", [(0,), (1,)]),
    ],
)
def test_pictures_over_the_step_share_one_column(kinds, columns):
    placed = chrome.columns([picture(kind == "s") for kind in kinds])
    assert [column.views for column in placed] == columns


@pytest.mark.parametrize("kinds", ["so", "sso", "sooo", "ooo", "oooo"])
def test_a_large_picture_gets_a_wide_column(kinds):
    pictures = [picture(kind == "s") for kind in kinds]
    before = chrome.columns(pictures)[-1].share
    pictures[-1].view.size = 2
    after = chrome.columns(pictures)[-1].share
    width = [int(share.removeprefix("minmax(0, ").removesuffix("fr)")) for share in (before, after)]
    assert width[1] == 2 * width[0]


def test_the_list_links_relative_and_tells_of_a_broken_file(entry):
    from lab.engine.entry import broken_entry

    broken = broken_entry("bad", "your-own", "bad.py", "bad.py, line 2: NameError: <x>")
    text = well_formed(listing([entry, broken], lambda e: "holds"))
    assert 'href="explore?name=two-orbits"' in text
    assert "line 2: NameError: &lt;x&gt;" in text


def test_the_track_grows_in_steps_and_never_shrinks(entry):
    lanes = SimpleNamespace(furthest=99, entry=SimpleNamespace(max_steps=10**6))
    ends = []
    end = state.FIRST_TRACK
    for head in (0, 99, 150, 1000, 7000, 10):
        lanes.furthest = head
        end = state.track_end(lanes, end)
        ends.append(end)
    assert ends == sorted(ends)
    assert all(e >= h for e, h in zip(ends, (0, 99, 150, 1000, 7000, 10)))


def test_a_colour_is_written_in_one_place_only():
    written = re.compile(r"#[0-9A-Fa-f]{6}\b")
    sheets = list(theme.HERE.rglob("*.css"))
    assert {path.name: written.findall(path.read_text()) for path in sheets} == {
        path.name: [] for path in sheets
    }
    for dark in (False, True):
        for colour in palette.tokens(dark).values():
            assert colour in theme.colours()


def _luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("ground", ["ground", "stage"])
@pytest.mark.parametrize("text", ["ink", "ink2", "ink3", "alert"])
def test_text_is_readable_on_both_grounds(dark, ground, text):
    colours = palette.tokens(dark)
    light, deep = sorted((_luminance(colours[text]), _luminance(colours[ground])), reverse=True)
    assert (light + 0.05) / (deep + 0.05) >= 4.5
