"""The gallery's parts: what is shown, what is searched, thumbnails and their age."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from lab.bench import gallery_factory as factory
from lab.engine.registry import catalogue
from lab.engine.trace import Trace
from lab.engine.views import (
    Bars,
    Convergence,
    Curves,
    Graph,
    Heat,
    Hist,
    Images,
    Mask,
    Plane,
    Profile,
    Spectrum,
    Table,
    Timeline,
    Trajectory,
)  # fmt: skip
from lab.ui.gallery import thumbnails
from lab.ui.gallery.drawing import MAX_BYTES, Shown, thumbnail
from lab.ui.gallery.families import families, named
from lab.ui.gallery.page import FLAGSHIPS, Gallery, flagships, rows
from lab.ui.gallery.sight import seen, words

CODE = "0123456789ab"


@pytest.fixture(scope="module")
def made():
    return factory.entries(400, broken=2)


@pytest.fixture
def page(made, monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    return Gallery(made, factory.verdict_of, factory.as_announced, factory.titles(made)).html()


def test_six_flagships_then_families_and_never_a_list(page):
    assert len(re.findall(r'<a class="fl" href="explore\?name=', page)) == 6
    assert page.count('data-family="') == 21 + 1  # and "your own"
    assert "400 experiments, 21 families" in page


def test_flagships_that_are_missing_give_way_to_the_first_there_are(made):
    assert [e.name for e in flagships(made)] == [e.name for e in made[:6]]
    known = [replace(made[10], name=name) for name in FLAGSHIPS[:2]]
    chosen = [e.name for e in flagships([*made, *known])]
    assert chosen[:2] == list(FLAGSHIPS[:2])
    assert len(chosen) == 6


def test_the_flagships_exist():
    assert set(FLAGSHIPS) <= {entry.name for entry in catalogue()}


def test_your_own_names_file_and_line_and_says_how_to_write_one(page):
    assert "torn_1.py, line 4: NameError" in page
    assert "lab new my-iteration" in page


def test_what_is_searched_may_stand_in_a_script_element(made):
    hostile = replace(made[0], card=replace(made[0].card, title="</script><b>x"))
    text = rows([hostile], {hostile.name: "holds"}, factory.as_announced, {})
    assert "<" not in text
    assert json.loads(text)["rows"][0][1] == "</script><b>x"


def test_an_empty_registry_has_a_page():
    assert (
        "No experiment is installed."
        in Gallery([], lambda e: None, factory.as_announced, {}).html()
    )


def test_no_colour_is_written_in_the_gallery(page):
    assert not re.findall(r"#[0-9A-Fa-f]{6}\b", page)


def test_families_go_by_title_and_unknown_ones_by_their_tags(made):
    found = families(made)
    assert [f.title for f in found] == sorted(f.title for f in found)
    assert "your-own" not in [f.slug for f in found]
    title, said = named("new-things", found[0].entries)
    assert title == "New things"
    assert said


def test_views_in_words(made):
    assert words(Trajectory("place", field="pic.f")) == ("orbit", "field")
    assert words(Plane("pic.cloud")) == ("points",)
    assert words(Mask("pic.w", alive="pic.a")) == ("mask",)
    assert words(Spectrum("sv")) == ("spectrum",)
    assert words(Heat("pic.w")) == ("matrix",)
    assert words(Heat("gap", of="map")) == ("phase diagram",)
    assert seen(made[0]) == ("curve", "orbit", "field")


# -- thumbnails ------------------------------------------------------------------------------------


@pytest.fixture
def shown():
    """Two runs that recorded a bit of everything."""
    rng = np.random.default_rng(0)
    trace = Trace()
    for k in range(300):
        angle, gap = 0.1 * k, 1 / (k + 1)
        place = np.array([np.cos(angle), np.sin(angle)]) * gap**0.3
        trace.add(k, {"gap": gap, "place": place, "sv": rng.random(20), "t": 2.0 * k})
    picture = {
        "cloud": rng.normal(size=(800, 2)), "field": rng.normal(size=(90, 4)),
        "lines": rng.normal(size=(40, 4)), "goal": rng.normal(size=(3, 2)),
        "w": rng.normal(size=(150, 220)), "alive": rng.random((150, 220)) < 0.2,
        "line": rng.random(64), "nodes": rng.normal(size=(30, 2)),
        "edges": rng.integers(0, 30, (60, 2)), "tiles": rng.random((9, 28, 28)),
        "spans": np.sort(rng.random((50, 4)), axis=1), "texts": ("a", "b"),
        "theory": np.stack([np.linspace(-3, 3, 50), np.full(50, 0.2)], 1),
    }  # fmt: skip
    return [Shown(style, trace, [picture, picture]) for style in (0, 1)]


@pytest.mark.parametrize(
    "view",
    [
        Convergence("gap"), Curves("gap", x="t", log="y"), Trajectory("place", field="pic.field"),
        Plane("pic.cloud", target="pic.goal", lines="pic.lines"), Mask("pic.w", alive="pic.alive"),
        Mask("pic.alive"), Mask("pic.w", "pic.tiles", alive=("pic.alive", "pic.line")),
        Heat("pic.w"), Heat("pic.w", signed=True), Spectrum("sv"), Bars("sv"),
        Bars("pic.line"), Profile("pic.line", log="y"), Hist("pic.w", theory="pic.theory"),
        Graph("pic.nodes", edges="pic.edges"), Images("pic.tiles"), Timeline("pic.spans"),
    ],
    ids=lambda view: f"{view.kind}-{view.sources[0]}",
)  # fmt: skip
def test_every_kind_of_view_as_a_small_picture_of_both_themes(view, shown):
    svg = thumbnail(view, shown, CODE)
    assert 0 < len(svg) <= MAX_BYTES
    ET.fromstring(svg)
    assert thumbnails.code_of(svg) == CODE
    assert not re.findall(r'"#[0-9A-Fa-f]{6}"|rgb\(', svg)
    assert "nan" not in re.sub(r"base64,[^\"]*", "", svg)


@pytest.mark.parametrize(
    "view", [Curves("nothing"), Plane("pic.nothing"), Heat("pic.line"), Bars("gap"), Table("gap")]
)
def test_what_cannot_be_drawn_is_left_out(view, shown):
    assert thumbnail(view, shown, CODE) == ""


def test_a_curve_that_is_not_finite_is_drawn_as_far_as_it_goes():
    trace = Trace()
    for k in range(50):
        trace.add(k, {"gap": np.inf if k > 30 else 2.0**k})
    assert "<path" in thumbnail(Curves("gap", log="y"), [Shown(0, trace, [])], CODE)


def test_what_stands_still_is_a_path_too():
    kept = [{"places": np.zeros((2, 2)), "lines": np.array([[-1.0, -1, 1, 1]])}] * 9
    svg = thumbnail(
        Plane("pic.places", lines="pic.lines", trails=True), [Shown(0, Trace(), kept)], CODE
    )
    assert "h0" in svg and 'l"' not in svg


def test_one_thumbnail_may_stand_twice_on_a_page(shown):
    svg = thumbnail(Heat("pic.w"), shown, CODE)
    one, two = (thumbnails.placed(svg, place) for place in ("a-x", "f-x"))
    ids = [re.findall(r'id="([^"]+)"', text) for text in (one, two)]
    assert ids[0] and not set(ids[0]) & set(ids[1])
    assert all(f"url(#{name})" in one for name in ids[0])


def test_a_thumbnail_of_the_code_as_it_is_now_goes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(thumbnails, "shipped_folder", lambda: tmp_path / "shipped")
    entry = SimpleNamespace(name="x", hash="aaaa00000000")
    assert thumbnails.find(entry) == ""
    assert thumbnails.stale(entry)
    for folder, code in ((thumbnails.own_folder(), "bbbb"), (tmp_path / "shipped", "aaaa00000000")):
        folder.mkdir(parents=True)
        thumbnails.file_of(folder, "x").write_text(f'<svg data-code="{code}"></svg>')
    assert thumbnails.code_of(thumbnails.find(entry)) == entry.hash
    assert not thumbnails.stale(entry)
    other = SimpleNamespace(name="x", hash="cccc00000000")
    assert thumbnails.code_of(thumbnails.find(other)) == "bbbb"
    assert thumbnails.stale(other)
    thumbnails.file_of(thumbnails.own_folder(), "x").write_text("<svg ><script>x</script></svg>")
    assert thumbnails.code_of(thumbnails.find(other)) == "aaaa00000000"


def test_every_shipped_thumbnail_is_small_and_of_an_experiment():
    known = {entry.name for entry in catalogue()}
    files = sorted(thumbnails.shipped_folder().glob("*.svg"))
    assert {f"{name}.svg" for name in FLAGSHIPS} <= {file.name for file in files}
    for file in files:
        assert file.name.split(".")[0] in known, file.name
        assert file.stat().st_size <= MAX_BYTES + 1, file.name
        ET.fromstring(file.read_text())


def test_a_run_makes_two_thumbnails_that_look_different(monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    entry = next(e for e in catalogue() if e.name == "infeasibility-detection")
    one, two = thumbnails.make(entry, steps=40)
    assert "stroke" in one and "stroke" in two and one != two
    assert thumbnails.code_of(one) == entry.hash
