"""Still drawings: well formed, in place, with gaps where there is nothing, in either theme."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

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
