"""What is copied as a step of a lesson is one."""

from types import SimpleNamespace

import numpy as np
import pytest

from lab.classroom.lesson import parsed
from lab.engine import registry
from lab.engine.trace import Trace
from lab.ui.takeaway import lesson_step


def lanes_of(name, arms, **values):
    entry = registry.entry(name)
    trace = Trace()
    trace.add(0, {entry.measure: np.float64(0.5)})
    runs = [SimpleNamespace(arm=arm, trace=trace, head=40) for arm in arms]
    chosen = {**{n: c.default for n, c in entry.controls.items()}, **values}

    class Lanes(list):
        pass

    lanes = Lanes(runs)
    lanes.entry, lanes.runs, lanes.values, lanes.seed = entry, runs, chosen, 3
    return lanes


@pytest.mark.parametrize("arms", [["Picard", "Halpern"], [None]])
def test_the_step_of_a_running_page_is_a_lesson(arms):
    text = lesson_step(lanes_of("infeasibility-detection", arms, gap=0.5))
    lesson = parsed('title = "Mine"\n' + text)
    runs = lesson.steps[0].runs
    assert (runs.experiment, runs.seed, runs.steps) == ("infeasibility-detection", 3, 40)
    assert runs.controls == {"gap": 0.5}
    assert list(runs.arms) == [arm for arm in arms if arm]
    assert lesson.steps[1].kind == "reveal"
