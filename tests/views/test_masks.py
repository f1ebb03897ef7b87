"""Masks: what died or came back, several layers, blocks, one weight in words."""

import numpy as np
import pytest
import torch
from fakes import lane, shared, told

from lab.core.mlp import as_edges
from lab.engine.pictures import Pictures, pack
from lab.engine.views import Graph, Mask
from lab.views import make
from lab.views.masks import cell, earlier, flips, said

NAN = float("nan")


def row(*kept):
    return np.array(kept, dtype=bool)


def masked(*masks, **options):
    """A drawn mask of one run whose pictures are these, one at each step."""
    run = lane(-1)
    run.pictures = Pictures()
    for k, mask in enumerate(masks):
        run.pictures.add(k, pack({"mask": np.array(mask), "w": np.arange(float(mask.size)) + k}))
    run.head = len(masks) - 1
    view = Mask("pic.w", alive="pic.mask", **options)
    page = shared(view)
    page.move(run.head)
    renderer = make(view, page.entry, page)
    renderer.set_lanes([run])
    return renderer


@pytest.mark.parametrize("size", [5, 10_000], ids=["plain", "packed"])
def test_flips_are_told_apart_by_what_the_weight_is_now(size):
    before, now = np.ones(size, bool), np.ones(size, bool)
    before[1], now[3], now[4] = False, False, False
    before, now = (pack({"mask": mask})["mask"] for mask in (before, now))
    changed, died, back = flips(now, before)
    assert (died, back) == (2, 1)
    assert list(np.flatnonzero(np.unpackbits(np.frombuffer(changed, np.uint8)))) == [1, 3, 4]


def test_no_flips_at_the_first_picture_or_where_nothing_or_the_shape_changed():
    mask = row(1, 0)
    for before in (None, mask, mask.copy(), np.ones(90, bool)):
        assert flips(mask, before) == (None, 0, 0)


def test_a_mask_is_compared_with_the_kept_picture_before_wherever_the_cursor_came_from():
    renderer = masked(row(1, 1, 1), row(1, 0, 1), row(0, 1, 1))
    steps = {
        0: "100\u202f% left",
        1: "66.7\u202f% left, 1 gone",
        2: "66.7\u202f% left, 1 gone, 1 back",
    }
    for k in (2, 0, 1, 2, 1, 0):
        renderer.cursor(k)
        assert renderer._frames[0]["said"].replace("\u2009", "\u202f") == steps[k]
        assert (renderer._frames[0]["flips"] is None) == (k == 0)


def test_the_picture_of_now_and_an_exact_one_are_compared_with_the_last_kept_before_them():
    run = lane(-1)
    run.pictures = Pictures()
    for k in (0, 4, 8):
        run.pictures.add(k, pack({"mask": row(k)}))
    run.head, run.live = 9, pack({"mask": row(1)})
    assert earlier(run, 9) is run.pictures.packed(8)
    assert earlier(run, 8) is run.pictures.packed(4) and earlier(run, 6) is run.pictures.packed(0)
    assert earlier(run, 6, exact=True) is run.pictures.packed(4) and earlier(run, 0) is None


def test_words_over_a_mask_leave_out_what_did_not_happen():
    assert said(0.05, 0, 0) == said(0.05, 0, 0).split(",")[0]
    assert said(0.05, 1_200, 0).endswith("left, 1\u2009200 gone")
    assert said(0.05, 0, 3).endswith("left, 3 back")


@pytest.mark.parametrize(
    "value, alive, start, lived, text",
    [
        (0.25, None, 0.5, None, "0.250, \u22120.250 since the start"),
        (0.5, True, 0.25, True, "0.500, +0.250 since the start"),
        (0.5, True, 0.5, True, "0.500"),
        (0.0, False, 0.25, True, "gone, 0.250 at the start"),
        (0.0, False, 0.25, False, "gone"),
        (True, None, None, None, "alive"),
        (NAN, True, NAN, True, ""),
    ],
)
def test_one_weight_in_words(value, alive, start, lived, text):
    arrays = (None if v is None else np.array([v]) for v in (value, alive, start, lived))
    assert cell(0, *arrays) == text


def test_a_cell_that_is_pointed_at_is_answered_and_one_that_is_not_there_is_empty():
    renderer = masked(row(1, 1), row(1, 0))
    messages = told(renderer)
    for at in (0, 1, 7):
        renderer.canvas._handle_msg({"cell": [0, at]})
    renderer.canvas._handle_msg({"cell": [4, 0]})
    for nonsense in ("there", [0], ["a", "b"], [0, 1.5], [0, None]):
        renderer.canvas._handle_msg({"cell": nonsense})
    assert [m["text"] for m in messages] == [
        "1.00, +1.00 since the start",
        "gone, 1.00 at the start",
        "",
    ]


def test_each_of_several_layers_has_its_own_mask():
    view = Mask("pic.w", "pic.points", alive=("pic.mask", "pic.other"), labels=("in", "out"))
    run = lane(-1)
    run.live = pack({"w": np.ones((2, 2)), "points": np.ones((1, 4)),
                     "mask": np.eye(2) > 0, "other": np.ones((1, 4)) > 0})  # fmt: skip
    run.head = 0
    page = shared(view)
    renderer = make(view, page.entry, page)
    renderer.set_lanes([run])
    shapes = [(renderer._frames[i]["rows"], renderer._frames[i]["columns"]) for i in (0, 1)]
    assert shapes == [(2, 2), (1, 4)]
    assert [renderer._frames[i]["said"][:2] for i in (0, 1)] == ["50", "10"]


@pytest.mark.parametrize("block, told_as", [(4, [1, 4]), ((4, 1), [4, 1]), (1, [1, 1])])
def test_a_block_is_so_many_rows_and_columns_or_so_many_of_one_row(block, told_as):
    assert masked(row(1, 0), block=block)._plan()["block"] == told_as


def graphed(**picture):
    run = lane(-1)
    run.live, run.head = pack(picture), 0
    view = Graph("pic.net", layout="layers", title="Network")
    page = shared(view)
    renderer = make(view, page.entry, page)
    renderer.set_lanes([run])
    return renderer


def test_dead_edges_vanish_and_nodes_stay_where_they_were():
    weights = [torch.tensor([[1.0, -0.5], [0.0, 0.0], [0.2, 0.0]]), torch.tensor([[1.0, 0.0, 0.0]])]
    edges = as_edges(weights)
    assert edges[:2].tolist() == [[0, 2, 1.0], [1, 2, -0.5]] and edges[-1].tolist() == [4, 5, 0.0]
    renderer = graphed(net=edges)
    drawn = {m["layer"]: m["marks"] for m in renderer.layers.all()}
    assert sum(mark["n"] for mark in drawn["edges"]) == 4 and renderer.count == (6, 4)
    assert {mark["color"] for mark in drawn["edges"] if mark["width"] > 3} == {"b"}
    (nodes,) = drawn["marks"]
    assert list(nodes["pick"]) == [0, 0, 0, 1, 0, 0]  # the fourth has no edge
    x, y, _ = np.frombuffer(nodes["values"]).reshape(3, -1)
    assert len(set(x[:2])) == len(set(x[2:5])) == 1 and x[0] < x[2] < x[5]
    assert y[2] > y[3] > y[4]
    empty = graphed(net=as_edges([0 * w for w in weights]))
    assert empty.count == (6, 0) and empty.summary().startswith("Network at step 0: 6 nodes, 0")


def test_of_too_many_edges_the_heaviest_are_drawn():
    edges = as_edges([torch.arange(1.0, 70 * 70 + 1).view(70, 70)])
    marks = next(m["marks"] for m in graphed(net=edges).layers.all() if m["layer"] == "edges")
    assert sum(mark["n"] for mark in marks) == 4_000
    assert marks[0]["width"] > 0.5  # none of the lightest is left
