"""Keyed randomness: a value depends on seed, name, step and index alone."""

import numpy as np
import pytest
import torch

from lab.core.backend import Backend
from lab.core.random import BLOCK, Integers, Normal, Permutation, Rng, Uniform, noise_block


def test_the_same_key_gives_the_same_numbers_in_any_order():
    one, other = Rng(3), Rng(3)
    first = one.at(7).normal("a", (4,))
    one.at(9).normal("b", (2,))
    other.at(2).uniform("a", (9,))
    assert torch.equal(other.at(7).normal("a", (4,)), first)


@pytest.mark.parametrize(
    "other",
    [Rng(4, 7).normal("a", (4,)), Rng(3, 8).normal("a", (4,)), Rng(3, 7).normal("b", (4,)),
     Rng(3, 7).normal("a", (4,), index=1)],
)  # fmt: skip
def test_every_part_of_the_key_counts(other):
    assert not torch.equal(Rng(3, 7).normal("a", (4,)), other)


def test_a_shorter_draw_is_the_start_of_a_longer_one():
    rng = Rng(0, 1)
    assert torch.equal(rng.normal("a", (3,)), rng.normal("a", (8,))[:3])


def test_precision_rounds_the_same_numbers():
    fine = Rng(0, 1, Backend(dtype="float64")).normal("a", (5,))
    coarse = Rng(0, 1, Backend(dtype="float32")).normal("a", (5,))
    assert torch.equal(fine.float(), coarse)


def test_steps_do_not_overlap():
    long = Rng(0, 0).uniform("a", (10_000,)).numpy()
    after = Rng(0, 1).uniform("a", (100,)).numpy()
    assert not np.isin(after, long).any()


def test_moments():
    drawn = Rng(1, 0, Backend(dtype="float64")).normal("a", (200_000,))
    assert abs(float(drawn.mean())) < 0.01
    assert abs(float(drawn.std()) - 1) < 0.01


def test_permutation_and_choice():
    rng = Rng(0, 5)
    assert sorted(rng.permutation("p", 9).tolist()) == list(range(9))
    assert len(set(rng.choice("c", 100, 20).tolist())) == 20


def test_a_noise_block_holds_one_row_for_each_step():
    specs = {"z": Normal((2,)), "u": Uniform(), "i": Integers(0, 5, (3,)), "p": Permutation(6)}
    block = noise_block(Rng(0), 2, specs)
    assert {n: tuple(v.shape) for n, v in block.items()} == {
        "z": (BLOCK, 2), "u": (BLOCK,), "i": (BLOCK, 3), "p": (BLOCK, 6),
    }  # fmt: skip
    assert all(sorted(row.tolist()) == list(range(6)) for row in block["p"])
    again = noise_block(Rng(0), 2, specs)
    assert all(torch.equal(block[n], again[n]) for n in block)


class Crafted:
    """A generator whose every word has all its bits set."""

    def random(self, shape):
        return np.full(shape, 1 - 2.0**-53)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_uniform_numbers_stay_below_one_in_every_precision(monkeypatch, dtype):
    backend = Backend(dtype=dtype)
    many = Rng(0, 0, backend).uniform("many", (200_000,))
    assert float(many.min()) >= 0 and float(many.max()) < 1
    assert abs(float(many.double().mean()) - 0.5) < 0.005
    monkeypatch.setattr(Rng, "generator", lambda *_: Crafted())
    rng = Rng(0, 0, backend)
    one = torch.ones((), dtype=backend.torch_dtype)
    largest = torch.nextafter(one, 0 * one)
    assert rng.uniform("a", ()) == largest
    assert (noise_block(rng, 0, {"u": Uniform((3,))})["u"] == largest).all()


def test_numbers_that_are_not_rounded_up_are_those_that_were_drawn():
    drawn = Rng(2, 3).generator("a").random(1000)
    assert torch.equal(Rng(2, 3).uniform("a", (1000,)), torch.tensor(drawn).float())


@pytest.mark.parametrize(
    "make",
    [
        lambda: Normal((1000, 1000)),
        lambda: Uniform((1 << 20,)),
        lambda: Integers(0, 2, (1 << 40,)),
        lambda: Permutation(10**9),
    ],
)
def test_noise_that_no_block_could_hold_is_refused_in_one_line(make):
    with pytest.raises(ValueError, match=r"numbers a step; 131,072 at most: leave noise") as found:
        make()
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("make", [lambda: Normal((-1,)), lambda: Uniform((2.5,))])
def test_a_shape_is_whole_numbers(make):
    with pytest.raises(ValueError, match="a shape is whole numbers from 0 up"):
        make()
