"""Where an operator's runs begin, and the arrows that are drawn of it."""

import torch

from lab.core.backend import Backend
from lab.core.problems.operators import NormalOperator
from lab.core.random import Rng

PLAIN = Backend(dtype="float64")


def problem(planes):
    return NormalOperator(planes, comonotone=-0.3).make(Rng(0, backend=PLAIN), PLAIN)


def test_a_single_plane_begins_where_it_is_told_to():
    assert NormalOperator.begin(problem(1), 2.0, -1.0).tolist() == [2, -1]


def test_more_planes_begin_at_a_copy_of_what_was_drawn():
    many = problem(3)
    start = NormalOperator.begin(many, 2.0, -1.0)
    assert torch.equal(start, many["start"])
    assert start.data_ptr() != many["start"].data_ptr()


def test_arrows_point_along_descent_in_the_fastest_plane():
    many = problem(4)
    place, push = NormalOperator.field(many).split(2, 1)
    whole = place.new_zeros(len(place), 8)
    whole[:, [0, 4]] = place
    V = NormalOperator.apply(many, whole)[:, [0, 4]]
    torch.testing.assert_close(push, -0.15 * V)
