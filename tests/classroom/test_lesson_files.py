"""Lessons: the shipped ones are whole, and a wrong one is told in one line."""

import numpy as np
import pytest

from lab.classroom import scores
from lab.classroom.lesson import POINTS, LessonError, for_experiment, parsed, read, shelf
from lab.engine import registry

RUNS = """
[step.runs]
experiment = "infeasibility-detection"
quantity = "error"
steps = 100
"""


@pytest.mark.parametrize("name", ["rotation", "grok", "sparse"])
def test_a_shipped_lesson_is_whole(name):
    lesson = read(name)
    assert 20 <= lesson.minutes <= 30
    assert lesson.about
    kinds = [step.kind for step in lesson.steps]
    assert {"predict", "reveal", "explore"} <= set(kinds)
    assert any(step.notes for step in lesson.steps)
    for i, step in enumerate(lesson.steps):
        if step.kind == "predict":
            assert "reveal" in kinds[i:]


def test_shipped_lessons_are_on_the_shelf():
    assert {"rotation", "grok", "sparse"} <= set(shelf())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "no TOML"),
        ('title = "x"', "steps"),
        ('title = "x"\n[[step]]\nkind = "shout"\ntitle = "a"', "step 1: kind"),
        ('title = "x"\n[[step]]\nkind = "show"\ntitle = "a"\ncolour = 1', "step 1: colour"),
        ('title = "x"\n[[step]]\nkind = "ask"\ntitle = "a"', "two choices"),
        ('title = "x"\n[[step]]\nkind = "reveal"\ntitle = "a"', "comes after a predict"),
        ('title = "x"\n[[step]]\nkind = "predict"\ntitle = "a"' + RUNS, "says its shape"),
        ('title = "x"\n[[step]]\nkind = "predict"\nshape = "step"\ntitle = "a"' + RUNS, "truth"),
        ('title = "x"\n[[step]]\nkind = "predict"\nshape = "choice"\ntitle = "a"' + RUNS, "arms"),
        ('title = "x"\n[[step]]\nkind = "run"\ntitle = "a"', "needs [step.runs]"),
        ('title = "x"\n[[step]]\nkind = "run"\ntitle = "a"' + RUNS.replace("ity-d", "ty-d"),
         "did you mean"),
        ('title = "x"\n[[step]]\nkind = "run"\ntitle = "a"' + RUNS.replace('"error"', '"eror"'),
         "did you mean"),
        ('title = "x"\n[[step]]\nkind = "run"\ntitle = "a"' + RUNS + "controls = {gap = -1.0}",
         "gap goes"),
        ('title = "x"\n[[step]]\nkind = "explore"\ntitle = "a"' + RUNS, "frees a control"),
        ('title = "x"\n[[step]]\nkind = "explore"\ntitle = "a"\n'
         'free = [{name = "method", low = 0.0, high = 1.0}]' + RUNS, "is no number"),
    ],
)  # fmt: skip
def test_a_wrong_lesson_is_told_in_one_line(text, said):
    with pytest.raises(LessonError) as told:
        parsed(text)
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_any_experiment_makes_a_lesson():
    for entry in registry.catalogue():
        if not entry.broken:
            assert for_experiment(entry.name).steps[0].kind == "predict"


def test_an_unknown_experiment_is_told():
    with pytest.raises(LessonError, match="did you mean"):
        for_experiment("progres-measures")
    with pytest.raises(LessonError, match="rotation"):
        read("rotatoin")


def question(shape, truth="", log=False, more=""):
    text = f'title = "x"\n[[step]]\nkind = "predict"\ntitle = "a"\nshape = "{shape}"\n'
    text += f'truth = "{truth}"\n' if truth else ""
    bounds = "log = true\nlow = 0.0001\nhigh = 1.0\n" if log else ""
    return parsed(text + RUNS + bounds + more).steps[0]


def curves(values):
    return {"": np.asarray(values, float)}


def test_points_of_a_curve_are_the_mean_distance():
    step = question("curve")
    right = scores.truth(step, curves(np.full(POINTS, 0.25)))
    assert scores.score(step, [0.25] * POINTS, right) == 100
    assert scores.score(step, [0.75] * POINTS, right) == 50
    assert scores.score(step, None, right) is None


def test_points_of_a_logarithmic_curve_are_taken_in_decades():
    step = question("curve", log=True)
    right = scores.truth(step, curves(np.full(POINTS, 1e-2)))
    assert scores.score(step, [1e-3] * POINTS, right) == 75


def test_points_of_a_step_are_taken_in_doublings():
    step = question("step", "above 0.5")
    ramp = np.linspace(0, 1, POINTS)
    right = scores.truth(step, curves(ramp))
    assert right == pytest.approx(step.runs.places()[np.argmax(ramp > 0.5)])
    assert scores.score(step, right, right) == 100
    assert scores.score(step, 2 * right, right) == 50
    assert scores.score(step, right / 4, right) == 0


def test_what_never_happens_is_said_by_the_right_edge():
    step = question("step", "below 0.1")
    right = scores.truth(step, curves(np.ones(POINTS)))
    assert right is None
    assert scores.score(step, 100, right) == 100
    assert scores.score(step, 50, right) == 0


def test_the_best_arm_wins():
    arms = '[step.runs.arms]\na = {method = "Picard"}\nb = {method = "Halpern"}\n'
    step = question("choice", more=arms)
    both = {"a": np.full(POINTS, 0.5), "b": np.full(POINTS, 0.1)}
    assert scores.truth(step, both) == 1
    assert scores.score(step, 1, 1) == 100
    assert scores.score(step, 0, 1) == 0


def test_numbers_and_points():
    assert scores.score(question("number"), 0.5, 0.75) == 75
    point = question("point", "above 0.5")
    right = scores.truth(point, curves(np.linspace(0, 1, POINTS)))
    assert scores.score(point, right, right) == 100
    assert scores.score(point, [0, 0], right) < 50
