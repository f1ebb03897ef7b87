"""Still drawings: well formed, in place, with gaps where there is nothing, in either theme."""

import base64
import struct
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
import pytest

from lab.engine.trace import Trace
from lab.engine.views import Mask, Plane, Profile
from lab.ui.gallery.drawing import Shown, thumbnail
from lab.views.still import Frame, Line, cells, curves, fixed, paths, svg

THUMB = Frame(160, 96, 8, 8, 8, 8, bare=True)
K = np.arange(1.0, 50.0)


def drawn(drawing, frame=THUMB):
    return ElementTree.fromstring(svg(drawing, frame, "what it shows"))


def test_a_thumbnail_is_curves_alone():
    tree = drawn(curves([Line("a", K, 1 / K), Line("b", K, 1 / K**2, 1)], THUMB, "", True, True))
    assert [node.tag for node in tree] == ["path", "path"]


def test_a_whole_picture_has_ticks_names_and_labels_apart():
    frame = Frame()
    tree = drawn(curves([Line("a", K, K), Line("b", K, K, 1)], frame, "step k"), frame)
    texts = {node.text: float(node.get("y")) for node in tree.iter("text")}
    assert "step k" in texts
    a, b = (y for text, y in texts.items() if text.startswith(("a ", "b ")))
    assert abs(a - b) >= 14


def test_what_is_not_finite_leaves_a_gap():
    y = np.where(K == 20, np.nan, K)
    (path,) = drawn(curves([Line("", K, y)], THUMB))
    assert path.get("d").count("M") == 2


@pytest.mark.parametrize("lines", [[], [Line("", K, K * np.nan)]])
def test_nothing_to_draw_is_an_empty_drawing(lines):
    assert curves(lines, THUMB) == ""


def test_paths_keep_their_shape():
    turn = np.linspace(0, 6.2832, 90)
    circle = np.stack([3 * np.cos(turn), 3 * np.sin(turn)], 1)
    path, _ = drawn(paths([(circle, 0)], THUMB))
    points = [list(map(float, p.split())) for p in path.get("d")[1:].split("L")]
    width, height = np.ptp(np.array(points), axis=0)
    assert width == pytest.approx(height, rel=0.01)
    assert paths([], THUMB) == ""


def test_cells_are_one_rectangle_each_the_first_row_lowest():
    tree = drawn(cells([[0.0, 1.0], [np.nan, 0.5]], THUMB, crossed=[[0, 1], [0, 0]], gap=0))
    boxes = tree.findall("rect")
    assert len(boxes) == 4
    assert float(boxes[0].get("y")) > float(boxes[2].get("y"))
    assert boxes[2].get("fill") == "none"
    assert len(tree.findall("path")) == 1


@pytest.mark.parametrize("dark", [False, True])
def test_a_file_of_its_own_has_the_colours_of_one_theme(dark):
    both = curves([Line("a", K, K)], THUMB) + cells([[0.2]], THUMB)
    alone = fixed(svg(both, THUMB), dark)
    assert "var(" not in alone and "light-dark" not in alone
    assert ElementTree.fromstring(alone).tag == "{http://www.w3.org/2000/svg}svg"


# -- thumbnails ------------------------------------------------------------------------------------


def small(view, *pictures):
    """A thumbnail as a tree, and the cells of each of its colours."""
    found = ElementTree.fromstring(thumbnail(view, [Shown(0, Trace(), pictures)], ""))
    boxes = {box.get("mask"): box.get("fill")[6:-1] for box in found.iter("rect")}
    return found, {
        boxes[f"url(#{mask.get('id')})"]: pixels(mask[0].get("href")) for mask in found.iter("mask")
    }


def pixels(href) -> np.ndarray:
    """A grey PNG without filters as steps of its own scale."""
    data = base64.b64decode(href.split(",")[1])
    columns, rows, bits = struct.unpack(">IIB", data[16:25])
    at = data.index(b"IDAT")
    lines = zlib.decompress(data[at + 4 : at + 4 + struct.unpack(">I", data[at - 4 : at])[0]])
    lines = np.frombuffer(lines, np.uint8).reshape(rows, -1)[:, 1:]
    places = np.unpackbits(lines, axis=1)[:, : columns * bits].reshape(rows, columns, bits)
    return places @ (1 << np.arange(bits)[::-1])


WEIGHTS = np.array([[-1.0, 0.01, 1.0], [0.5, np.nan, -0.5]])
ALIVE = np.array([[1, 1, 0], [0, 0, 1]], dtype=bool)


def test_a_mask_has_living_weights_by_sign_and_size_and_dead_ones_dark():
    _, found = small(Mask("pic.w", alive="pic.m"), {"w": WEIGHTS, "m": ALIVE})
    assert {token: cells.tolist() for token, cells in found.items()} == {
        "dead": [[0, 0, 1], [1, 0, 0]],  # where there is no weight there is no dead one
        "a": [[3, 0, 0], [0, 0, 2]],
        "b": [[0, 2, 0], [0, 0, 0]],  # however small, it is seen
    }


def test_what_died_or_came_back_since_the_picture_before_is_bright():
    before = np.array([[1, 0, 1], [0, 1, 1]], dtype=bool)
    first, then = {"w": WEIGHTS, "m": before}, {"w": WEIGHTS, "m": ALIVE}
    _, found = small(Mask("pic.w", alive="pic.m"), first, then)
    assert found["test"].tolist() == [[0, 0, 1], [0, 0, 0]]
    assert found["now"].tolist() == [[0, 1, 0], [0, 0, 0]]
    _, alone = small(Mask("pic.m"), first, then)
    assert sorted(alone) == ["ink", "now", "test"]
    assert sorted(small(Mask("pic.m"), then, then)[1]) == ["ink"]


def test_a_large_mask_in_full_flight_stays_small():
    rng = np.random.default_rng(0)
    w, m, n = rng.normal(size=(300, 400)), *(rng.random((2, 300, 400)) < 0.5)
    kept = [{"w": w, "m": m}, {"w": w, "m": n}]
    svg = thumbnail(Mask("pic.w", alive="pic.m"), [Shown(0, Trace(), kept)], "")
    assert 0 < len(svg) < 5_000
    assert svg.count('<g opacity=".5">') == 1  # half of it changed: the weights are seen through


def test_a_plane_is_filled_behind_its_points_in_the_tints_of_both_classes():
    shares = np.array([[0.0, 0.5], [1.0, np.nan]])  # the lowest row first
    points = np.array([[0.0, 1, 0], [1, 0, 1], [-1, 0, 1]])
    tree, found = small(Plane("pic.xy", fill="pic.map", reach=2.0), {"xy": points, "map": shares})
    assert found["a"].tolist() == [[0, 0], [255, 0]] and found["b"].tolist() == [[255, 0], [0, 0]]
    first, *rest = tree
    assert first.get("opacity") == ".42"
    assert sorted(node.get("stroke") for node in rest) == ["var(--a)", "var(--b)"]
    box = next(first.iter("rect"))
    assert box.get("width") == box.get("height")  # one unit is as long across as up


def test_an_interval_stands_upright_in_a_small_profile():
    view = Profile("pic.n", "pic.ends", x="pic.x", roles={"pic.ends": "bound"})
    tree, _ = small(view, {"x": K, "n": 1 / K, "ends": np.array([5.0, 20.0])})
    upright = [node.get("d") for node in tree if node.get("stroke") == "var(--bound)"]
    assert len(upright) == 2 and all("l0 208" in d for d in upright)
