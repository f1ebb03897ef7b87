"""Rules: read, held against rows, refused with the place named."""

import pickle

import numpy as np
import pytest

from lab.engine.rules import (
    MAX_TEXT,
    RuleError,
    above,
    at_step,
    below,
    budget,
    finished,
    rule,
    steps,
)
from lab.engine.suggest import UnknownName

ROW = {"residual": 1e-3, "evals": 50, "gap": -2.0}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("residual < 1e-2", True),
        ("residual<1e-2 and k > 100", True),
        ("residual < 1e-2 and k > 300", False),
        ("residual > 1 or evals == 50", True),
        ("not residual > 1", True),
        ("not (residual > 1 or evals != 50)", True),
        ("evals * 2 >= 100", True),
        ("evals / 2 - 5 <= 20", True),
        ("-gap > 1.5", True),
        ("- -gap < 0", True),
        ("2 + 3 * 4 == 14", True),
        ("(2 + 3) * 4 == 20", True),
        ("2 - 3 - 4 == -5", True),
        ("0 < residual < 1", True),
        ("0 < residual < 1e-4", False),
        ("residual < .5 and .1 < 1.", True),
        ("finished", False),
        ("finished or k == 200", True),
        ("residual < 1 and evals > 60 or gap < 0", True),
    ],
)
def test_a_rule_is_held_against_a_row(text, holds):
    assert rule(text).holds(ROW, 200) is holds


@pytest.mark.parametrize(
    "text",
    ["later < 1", "not later < 1", "later != 1", "evals / (k - 200) > 0", "1e300 * 1e300 < 1"],
)
def test_what_is_unknown_is_not_certain(text):
    assert rule(text).holds(ROW, 200) is False


def test_an_unknown_does_not_hide_what_is_certain():
    assert rule("later < 1 or evals == 50").holds(ROW, 0)
    assert not rule("later < 1 and evals == 50").holds(ROW, 0)


def test_nan_is_unknown_and_infinity_compares():
    assert not rule("residual < 1 or not residual < 1").holds({"residual": float("nan")}, 0)
    assert rule("residual > 1").holds({"residual": float("inf")}, 0)


def test_numpy_scalars_are_read_and_vectors_refused():
    assert rule("residual < 1").holds({"residual": np.float32(0.5)}, 0)
    assert rule("residual < 1").holds({"residual": np.array(0.5)}, 0)
    with pytest.raises(RuleError, match="residual is a vector"):
        rule("residual < 1").holds({"residual": np.zeros(3)}, 0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("residual", "comparison is missing"),
        ("residual <", "a name or a number was expected, not the end at character 11"),
        ("residual < 1e-6)", r"'\)' was not expected at character 16"),
        ("(residual < 1", "closing parenthesis is missing at character 14"),
        ("residual ** 2 < 1", "not \\* at character 11"),
        ("residual < 1 and evals", "a comparison was expected at character 18"),
        ("(residual < 1) + 2 > 1", "a number was expected at character 1"),
        ("residual = 1", "'=' is not part of a rule at character 10"),
        ("residual < 1_000", "'1' is not part of a rule at character 12"),
        ("residual < 1e999", "too large a number"),
        ("__import__('os') < 1", r"\"'\" is not part of a rule at character 12"),
        ("residual.real < 1", "'.' is not part of a rule at character 9"),
        ("residual < 1 and and k > 1", "not and at character 18"),
        ("residual < 'a'", "is not part of a rule at character 12"),
        ("lambda: 1", "is not part"),
        ("a " + "or a " * 60, "at most 200 characters"),
        ("(" * 60 + "k" + ")" * 60 + " > 1", "more than 20 nested"),
        ("-" * 60 + "k > 1", "more than 20 nested"),
        ("not " * 40 + "k > 1", "more than 20 nested"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(text, told):
    with pytest.raises(RuleError, match=told) as refused:
        rule(text)
    assert "\n" not in str(refused.value)


def test_only_texts_are_read():
    with pytest.raises(RuleError, match="a rule is a text, not int"):
        rule(3)


@pytest.mark.parametrize(
    ("made", "text", "ends", "names", "step"),
    [
        (below("gap", 1e-6), "gap < 1e-06", "rule", ("gap",), None),
        (above("test_acc", 0.95), "test_acc > 0.95", "rule", ("test_acc",), None),
        (below("gap", -3), "gap < -3", "rule", ("gap",), None),
        (at_step(40), "k >= 40", "rule", (), 40),
        (finished(), "finished", "rule", (), None),
        (steps(3_000), "budget: k >= 3000", "budget", (), 3000),
        (budget(evals=1e5), "budget: evals >= 100000.0", "budget", ("evals",), None),
        (
            budget(evals=10, bits=20),
            "budget: evals >= 10 or bits >= 20",
            "budget",
            ("evals", "bits"),
            None,
        ),
    ],
)
def test_every_rule_travels_as_text(made, text, ends, names, step):
    assert (made.text, made.ends, made.names, made.step) == (text, ends, names, step)
    for again in (rule(made.text), pickle.loads(pickle.dumps(made))):
        assert again == made
        assert (again.ends, again.names, again.step) == (ends, names, step)


def test_rules_pass_through_and_none_means_run_on():
    made = below("gap", 1)
    assert rule(made) is made
    assert rule(None) == finished()


def test_limits_are_met_exactly():
    assert steps(3).holds({}, 3)
    assert not steps(3).holds({}, 2)
    assert budget(evals=50).holds(ROW, 0)
    assert not below("evals", 50).holds(ROW, 0)
    longest = "k > 1" + " or k > 1" * 20 + " and k>0"
    assert len(longest) <= MAX_TEXT < len(longest) + 9
    assert rule(longest).holds({}, np.int64(2))


@pytest.mark.parametrize(
    "make",
    [
        lambda: below("gap or 1", 1),
        lambda: below("and", 1),
        lambda: below("gap", float("nan")),
        lambda: above("gap", "1"),
        lambda: steps(-1),
        lambda: steps(1.5),
        lambda: at_step(True),
        lambda: budget(),
        lambda: budget(evals=float("inf")),
    ],
)
def test_constructors_refuse_what_a_rule_cannot_say(make):
    with pytest.raises(RuleError):
        make()


def test_unknown_quantities_get_a_suggestion():
    assert rule("residual < 1").require(["residual"]).names == ("residual",)
    with pytest.raises(UnknownName, match="did you mean 'residual'"):
        rule("residul < 1").require(["residual", "evals"])
