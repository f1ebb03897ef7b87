"""Links: what they open, and what a broken one leaves out."""

import pytest

from lab.ui.address import left_out, opening, query


def test_what_a_page_writes_opens_the_same_page(entry):
    first = opening("name=two-orbits&c.anchor=0.5&seed=7&k=318&arm=B&x=evals", entry)
    assert not first.said
    again = query(first.recipe, entry, k=first.k, arm=first.arm, axis=first.axis)
    second = opening(again, entry)
    assert second == first
    assert second.recipe.controls["anchor"] == 0.5
    assert (second.recipe.seed, second.k, second.arm, second.axis) == (7, 318, "B", "evals")


def test_a_preset_in_the_link_sets_its_values(entry):
    assert opening("preset=turn", entry).recipe.controls["rate"] == 1.0


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("c.anchor=9", "anchor goes from 0 to 2"),
        ("c.anchor=__import__('os')", "anchor takes a number"),
        ("c.angel=1", "no key of a link"),
        ("seed=-1", "seed is a whole number"),
        ("edits=[[5,%22rate%22,1]]", "rate is not live"),
        ("edits=nonsense", "edits is not JSON"),
        ("device=tpu", "device is cpu"),
        ("k=soon", "k is a step"),
        ("arm=C", "no arm 'C'"),
        ("x=watts", "no axis 'watts'"),
        ("<script>=1", "no key of a link"),
    ],
)
def test_a_broken_part_costs_only_itself(entry, part, said):
    found = opening(f"name=two-orbits&seed=3&{part}".replace("seed=3&seed", "seed"), entry)
    assert said in left_out(found.said)
    assert "\n" not in left_out(found.said)
    assert found.recipe.controls["anchor"] == 1.0
    if not part.startswith("seed"):
        assert found.recipe.seed == 3


def test_a_link_that_is_too_long_opens_on_the_defaults(entry):
    found = opening("c.word=" + "x" * 20_000, entry)
    assert "16 KB" in left_out(found.said)
    assert found.recipe.controls["word"] == "ab<c"


def test_an_earlier_version_is_said(entry):
    assert left_out(opening("code=ffffffff", entry).said) == (
        "This link was made with an earlier version of the code."
    )


def test_a_link_asks_for_no_step_beyond_the_last(entry):
    assert opening("k=999999", entry).k == 600


def test_the_line_stays_one_short_line(entry):
    found = opening("&".join(f"junk{i}=1" for i in range(40)), entry)
    assert len(left_out(found.said)) <= 300
