"""Pictures in a terminal."""

import numpy as np

from lab.terminal import HEIGHT, WIDTH, curve, shade_map


def test_a_curve_has_its_size_and_its_range():
    lines = curve(np.arange(100), np.arange(100.0), title="y").split("\n")
    assert lines[0] == "y"
    assert len(lines) == HEIGHT + 2
    assert lines[1].startswith("99 ")
    assert lines[HEIGHT].strip().startswith("0 ")
    assert all(len(line) == WIDTH + 3 for line in lines[1:-1])
    assert lines[-1].split() == ["0", "99"]


def test_a_straight_line_touches_two_corners_and_every_column():
    lines = curve(np.array([1.0, 1e6]), np.array([1.0, 1e-6]), log=True).split("\n")
    assert lines[0].split()[-1][0] != chr(0x2800)
    assert lines[HEIGHT - 1][-1] != chr(0x2800)
    assert all(any(ord(row[-1 - i]) > 0x2800 for row in lines[:HEIGHT]) for i in range(WIDTH))


def test_what_cannot_be_drawn_is_left_out():
    assert curve([1, 2], [np.nan, np.inf]) == ""
    assert curve([0, 1], [1, 1], log=True) == ""
    assert "1" in curve([1, 2, 3], [1.0, 1.0, np.nan])
    assert curve([3, 1, 2], [1.0, 2.0, 3.0])


def test_a_map_is_shaded_and_marks_what_is_missing():
    values = [[1.0, 10.0, 100.0], [np.nan, np.inf, 0.0]]
    lines = shade_map(values, [1, 2, 3], [0.5, 0.25], title="z", log=True).split("\n")
    assert lines[0] == "z"
    assert lines[1] == "0.25 xxxxxx"
    assert lines[2] == " 0.5   ▒▒██"
    assert lines[3].endswith("1 to 3   (light 1, dark 100)")
    assert "x" in shade_map([[np.nan]], [1], [1])
