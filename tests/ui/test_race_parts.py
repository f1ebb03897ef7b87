"""A race's field and link, without a browser."""

import pytest

from lab.ui.race import address
from lab.ui.race.field import Entrant, FieldError, everyone, from_text, to_text
from lab.ui.race.requests import typed


def test_everyone_is_every_arm_and_needs_no_words_in_a_link(entry):
    field = everyone(entry)
    assert [one.name for one in field] == ["A", "B"]
    assert to_text(field, entry) == ""


def test_a_field_with_other_controls_goes_through_a_link(entry):
    field = [Entrant("A"), Entrant("B", {"rate": 0.5})]
    text = to_text(field, entry)
    assert text == '["A",["B",{"rate":0.5}]]'
    assert from_text(text, entry) == field
    assert field[1].name == "B, rate 0.5"
    assert field[1].fixed(entry) == {"method": "b", "rate": 0.5}


@pytest.mark.parametrize(
    "text, said",
    [
        ("{", "list of 1 to 4"),
        ('["A","A"]', "twice"),
        ('["C"]', "no arm 'C'"),
        ('[["A",{"rat":1}]]', "did you mean 'rate'"),
        ('[["A",{"rate":900}]]', "rate"),
        ('["A","B",["A",{"n":1}],["A",{"n":2}],["A",{"n":4}]]', "list of 1 to 4"),
        ("[" * 3000, "list of 1 to 4"),
        ('[["A",[1]]]', "control"),
    ],
)
def test_what_a_field_cannot_be_is_said_in_one_line(entry, text, said):
    with pytest.raises(FieldError, match=said) as caught:
        from_text(text, entry)
    assert "\n" not in str(caught.value)


def test_a_link_brings_its_field_its_number_and_its_seeds(entry):
    opened = address.opening('name=two-orbits&race=["B"]&to=1e-6&seeds=8&k=7&c.n=5', entry)
    assert [one.name for one in opened.field] == ["B"]
    assert (opened.to, opened.seeds, opened.run.k) == (1e-6, 8, 7)
    assert opened.run.recipe.controls["n"] == 5 and opened.run.said == ()


def test_what_is_wrong_with_a_link_costs_only_itself(entry):
    opened = address.opening("name=two-orbits&race=7&to=soon&seeds=99&c.n=5", entry)
    assert opened.field == everyone(entry) and opened.to is None and opened.seeds == 0
    assert len(opened.run.said) == 3
    assert opened.run.recipe.controls["n"] == 5


def test_the_fields_of_the_form_are_read_as_the_controls_kinds(entry):
    controls = entry.controls
    assert typed(controls["rate"], "0.25") == 0.25
    assert typed(controls["n"], "7") == 7
    assert typed(controls["noisy"], "0") is True
    assert typed(controls["method"], "1") == "b"
    assert typed(controls["path"], "1, 2") == [1.0, 2.0]
    for name, text in (("rate", "much"), ("method", "9"), ("noisy", "x")):
        with pytest.raises(FieldError):
            typed(controls[name], text)


def test_a_number_is_read_as_people_write_it():
    assert address.as_number("1e-6") == 1e-6
    assert address.as_number("\u22120,5") == -0.5
    assert address.as_number("inf") is None and address.as_number("soon") is None
