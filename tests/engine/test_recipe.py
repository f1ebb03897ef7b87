"""Recipes: canonical, round trips, and refused in one line when broken or hostile."""

import json
import pickle
from dataclasses import replace
from types import SimpleNamespace

import pytest

from lab.engine.controls import ControlError, ControlSpec
from lab.engine.recipe import MAX_EDITS, MAX_JSON, MAX_QUERY, Edit, Recipe, RecipeError, read_value
from lab.engine.suggest import UnknownName

CONTROLS = {
    spec.name: spec
    for spec in (
        ControlSpec("angle", "number", 0.2, (0.0, 3.14)),
        ControlSpec("n", "integer", 2, (2, 512)),
        ControlSpec("anchor", "number", 1.0, (0.0, 2.0), live=True),
        ControlSpec("method", "selector", "halpern", objects=("picard", "halpern")),
        ControlSpec("level", "selector", 3, objects=(1, 2.5, 3)),
        ControlSpec("lazy", "boolean", False),
        ControlSpec("word", "text", "ab"),
        ControlSpec("path", "numbers", [0.0, 1.0], live=True),
        ControlSpec("seed", "integer", 1),
    )
}
ENTRY = SimpleNamespace(name="anchor", controls=CONTROLS, dtype="float64", hash="0123456789ab")
RECIPE = Recipe(
    "anchor",
    {
        "angle": 1.57,
        "n": 8,
        "anchor": 0.5,
        "method": "picard",
        "level": 2.5,
        "lazy": True,
        "word": "a&b=c d?é",
        "path": [0.5, -1e-9, 3.0],
        "seed": 7,
    },
    seed=3,
    device="cuda",
    dtype="float32",
    edits=(Edit(40, "anchor", 0.5, 0.25), Edit(40, "path", [0.5, -1e-9, 3.0], [1.0])),
)


def find(name):
    assert name == "anchor"
    return ENTRY


def test_json_round_trip_is_canonical():
    again = Recipe.from_json(RECIPE.json())
    assert again == RECIPE
    assert again.json() == RECIPE.json()
    assert again.edits[0].new == 0.25
    assert " " not in RECIPE.json().replace("c d", "")
    assert hash(again) == hash(RECIPE)


def test_the_key_depends_on_everything_and_not_on_order():
    swapped = Recipe("anchor", dict(reversed(RECIPE.controls.items())), 3, "cuda", "float32")
    assert replace(RECIPE, edits=()).key == swapped.key
    assert len(RECIPE.key) == 16
    others = [
        replace(RECIPE, seed=4),
        replace(RECIPE, device="cpu"),
        replace(RECIPE, dtype="float64"),
        replace(RECIPE, edits=RECIPE.edits[:1]),
        replace(RECIPE, controls={**RECIPE.controls, "n": 9}),
    ]
    assert len({RECIPE.key, *(r.key for r in others)}) == 6


def test_recipes_are_plain_data():
    assert pickle.loads(pickle.dumps(RECIPE)) == RECIPE
    assert json.loads(RECIPE.json()) == RECIPE.plain()


def broken(**change):
    return json.dumps({**RECIPE.plain(), **change})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "a recipe is an object"),
        ("3", "a recipe is an object"),
        ("[" * 60_000, "not JSON"),
        ("1" * 9_000, "not JSON"),
        ("{}", "experiment is missing"),
        ('{"experiment": "a"}', "format is missing"),
        ('{"experiment": "a", "experiment": "b", "format": 1}', "a field twice"),
        ('{"experiment": "a", "format": 1, "seed": NaN}', "holds NaN"),
        ('{"experiment": "a", "format": 1, "controls": {"x": Infinity}}', "holds Infinity"),
        ('{"experiment": "a", "format": 1, "controls": {"x": 1e999}}', "controls.x is a finite"),
        (broken(format=2), "format is 1; not 2"),
        (broken(format=True), "format is 1; not True"),
        (broken(experiment="../../etc/passwd"), "experiment is a registered name"),
        (broken(experiment="evil.py:Class"), "experiment is a registered name"),
        (broken(experiment=3), "experiment is a registered name"),
        (broken(experiment="a" * 200), "experiment is a registered name"),
        (broken(seeds=3), "did you mean 'seed'"),
        (broken(seed=-1), "seed is a whole number"),
        (broken(seed=1.5), "seed is a whole number"),
        (broken(seed="0"), "seed is a whole number"),
        (broken(seed=True), "seed is a whole number"),
        (broken(seed=2**63), "seed is a whole number"),
        (broken(device="tpu"), "device is cpu, cuda, mps; not 'tpu'"),
        (broken(dtype="float8"), "dtype is float16"),
        (broken(dtype=["float32"]), "dtype is float16"),
        (broken(controls=[1]), "controls is a mapping"),
        (broken(controls={"__class__.x": 1}), "not the name of a control"),
        (broken(controls={"a": {"b": 1}}), "controls.a is a number, a text"),
        (broken(controls={"a": None}), "controls.a is a number, a text"),
        (broken(controls={"a": [[1]]}), "controls.a is a list of numbers"),
        (broken(controls={"a": [True]}), "controls.a is a list of numbers"),
        (broken(controls={"a": "x" * 3_000}), "controls.a has 3000 characters"),
        (broken(controls={"a": [0] * 1_001}), "controls.a has 1001 numbers"),
        (broken(controls={"a": 10**30}), "controls.a is too large"),
        (broken(controls={f"a{i}": i for i in range(201)}), "at most 200 names"),
        (broken(edits={}), "edits is a list"),
        (broken(edits=[[1, "anchor", 1]]), r"edits\[0\] is \[step, control, old, new\]"),
        (broken(edits=[[-1, "anchor", 1, 1]]), r"edits\[0\].step"),
        (broken(edits=[[5, "anchor", 1, 1], [4, "anchor", 1, 1]]), r"edits\[1\].step is 4, before"),
        (broken(edits=[[5, 3, 1, 1]]), r"edits\[0\].control"),
        (broken(edits=[[5, "anchor", 1, {}]]), r"edits\[0\].new"),
        (broken(edits=[[5, "a", 1, 1]] * (MAX_EDITS + 1)), "1001 entries"),
        (" " * (MAX_JSON + 1), "65537 bytes; 65536 at most"),
        (b"\xff\xfe{", "not JSON"),
    ],
)
def test_a_broken_recipe_is_refused_in_one_line(text, told):
    with pytest.raises(RecipeError, match=told) as refused:
        Recipe.from_json(text)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


def test_a_recipe_is_completed_and_checked_against_the_controls():
    recipe = Recipe("anchor", {"angle": 1}, edits=[(3, "anchor", None, 0), (9, "anchor", 5, 2)])
    full = recipe.checked(CONTROLS)
    assert set(full.controls) == set(CONTROLS)
    assert repr(full.controls["angle"]) == "1.0"
    assert full.edits == (Edit(3, "anchor", 1.0, 0.0), Edit(9, "anchor", 0.0, 2.0))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"controls": {"angel": 1}}, "controls: no control 'angel'; did you mean 'angle'"),
        ({"controls": {"angle": 9}}, "controls: angle goes from 0 to 3.14; not 9"),
        ({"controls": {"n": 2.5}}, "controls: n takes a whole number"),
        ({"edits": [(1, "ancho", 1, 1)]}, r"edits\[0\]: no control 'ancho'"),
        ({"edits": [(1, "n", 2, 3)]}, r"edits\[0\]: n is not live"),
        ({"edits": [(1, "anchor", 1, 7)]}, r"edits\[0\]: anchor goes from 0 to 2"),
    ],
)
def test_what_does_not_fit_the_experiment_is_refused(change, told):
    with pytest.raises(RecipeError, match=told):
        Recipe("anchor", **change).checked(CONTROLS)


def test_a_link_writes_only_what_differs():
    plain = Recipe("anchor", dtype="float64").checked(CONTROLS)
    assert plain.to_query(ENTRY) == "name=anchor&code=01234567"
    one = replace(plain, controls={**plain.controls, "angle": 1.57})
    assert one.to_query(ENTRY) == "name=anchor&c.angle=1.57&code=01234567"


@pytest.mark.parametrize("mark", ["", "?"])
def test_links_round_trip(mark):
    link = Recipe.from_query(mark + RECIPE.to_query(ENTRY), find)
    assert link.recipe == RECIPE
    assert link.recipe.json() == RECIPE.json()
    assert not link.is_stale(ENTRY.hash)
    assert link.is_stale("ffffffffffff")


def test_a_link_without_a_hash_is_never_stale():
    link = Recipe.from_query("name=anchor", find)
    assert not link.is_stale("ffffffffffff")
    assert link.recipe.dtype == "float64"


def test_keys_of_the_page_are_handed_back():
    link = Recipe.from_query("name=anchor&theme=dark&at=40", find, also=("theme", "at", "lane"))
    assert link.rest == {"theme": "dark", "at": "40"}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "name is a registered name"),
        ("name=a/b.py", "name is a registered name"),
        ("name=anchor&seed=-1", "seed is a whole number"),
        ("name=anchor&seed=1e3", "seed is a whole number"),
        ("name=anchor&seed=" + "9" * 19, "seed is a whole number"),
        ("name=anchor&device=tpu", "device is cpu"),
        ("name=anchor&code=zz", "code is at most"),
        ("name=anchor&c.angle=1&c.angle=2", "says a key twice"),
        ("name=anchor&edits=[[1]]", "edits is a list of"),
        ("name=anchor&edits=[[1,", "edits is not JSON"),
        ("name=anchor&edits=[[1,%22n%22,3]]", "n is not live"),
        ("name=anchor&c.word=%ff", "cannot be read"),
        ("name=anchor&" + "x=1&" * 10_000, "longer than 16 KB"),
        ("name=anchor&" + "&".join(f"x{i}=1" for i in range(400)), "cannot be read"),
    ],
)
def test_a_hostile_link_is_refused_in_one_line(query, told):
    with pytest.raises(RecipeError, match=told) as refused:
        Recipe.from_query(query, find)
    assert "\n" not in str(refused.value)


def test_unknown_keys_and_values_out_of_bounds_are_told():
    with pytest.raises(UnknownName, match="did you mean 'c.angle'"):
        Recipe.from_query("name=anchor&c.angel=1", find)
    with pytest.raises(UnknownName, match="no key of a link"):
        Recipe.from_query("name=anchor&__proto__=1", find)
    with pytest.raises(ControlError, match="angle goes from 0 to 3.14"):
        Recipe.from_query("name=anchor&c.angle=9", find)


def test_too_many_edits_for_a_link():
    edits = [Edit(k, "anchor", None, 1 / (k + 3)) for k in range(MAX_EDITS)]
    recipe = Recipe("anchor", dtype="float64", edits=edits).checked(CONTROLS)
    assert Recipe.from_json(recipe.json()) == recipe
    with pytest.raises(RecipeError, match="too many for a link of 16 KB"):
        recipe.to_query(ENTRY)
    assert MAX_QUERY == 16 * 1024


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("angle", "1e-3", 0.001),
        ("angle", " 2 ", 2.0),
        ("n", "16", 16),
        ("n", "16.0", 16),
        ("lazy", "true", True),
        ("lazy", "0", False),
        ("method", "picard", "picard"),
        ("level", "2.5", 2.5),
        ("word", "true", "true"),
        ("path", "", []),
        ("path", "1,2.5, -3", [1.0, 2.5, -3.0]),
    ],
)
def test_values_are_read_from_text(name, text, value):
    found = read_value(CONTROLS[name], text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("angle", "nan"),
        ("angle", "inf"),
        ("angle", "two"),
        ("n", "2.5"),
        ("n", "1e99"),
        ("lazy", "maybe"),
        ("method", "newton"),
        ("path", "1,x"),
        ("path", "nan"),
        ("path", "1," * 1_001),
        ("word", "x" * 2_001),
    ],
)
def test_texts_that_are_no_value_are_refused(name, text):
    with pytest.raises(ControlError, match=name):
        read_value(CONTROLS[name], text)
