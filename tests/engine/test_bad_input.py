"""Bad input and faults as a session and the command line tell them: one line, nothing lost."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import lab
from lab.engine.controls import ControlError
from lab.engine.recipe import Recipe, RecipeError
from lab.engine.registry import ExperimentError, entry
from lab.engine.session import Session
from lab.engine.suggest import UnknownName

NAME = "infeasibility-detection"
HERE = Path(__file__).parent
LAB = [sys.executable, "-c", "from lab.cli import main; main()"]
WORKERS = ["inline", "thread", "process"]

FILE = """
import os, threading
from lab.engine import Card, Experiment, Integer, Quantity, Text

class Faulty(Experiment):
    card = Card("Faulty", "What then?")
    at = Integer(20, bounds=(0, 100))
    how = Text("raise")
    bell = Text("")
    quantities = {"x": Quantity("x")}
    max_steps = 50

    def init(given, c, rng, backend):
        return 0

    def step(state, given, c, k, rng):
        if k == c.at and c.how == "raise":
            raise ValueError("the shapes do not fit")
        if k == c.at and c.how == "memory":
            raise MemoryError("unable to allocate\\n8 GB")
        if k == c.at and c.how == "hang":
            open(c.bell, "w").close()
            threading.Event().wait()
        return state + 1

    def observe(state, given, c):
        return {"x": float("inf") if c.how == "infinite" and state >= c.at else state}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "faulty.py"
    path.write_text(FILE)
    return str(path)


def one_line(error):
    text = str(error.value)
    assert text and "\n" not in text
    return text


@pytest.mark.parametrize("worker", WORKERS)
def test_unknown_names_get_a_suggestion(worker):
    with pytest.raises(UnknownName) as error:
        lab.Session("infeasibility-detektion", worker=worker)
    assert one_line(error) == (
        "no experiment 'infeasibility-detektion'; did you mean 'infeasibility-detection'?"
    )
    with pytest.raises(UnknownName) as error:
        lab.Session(NAME, {"plane": 3}, worker=worker)
    assert one_line(error) == "no control 'plane'; did you mean 'planes'?"


def test_an_unknown_preset_arm_quantity_study_and_key_of_a_link_get_one_too():
    found = entry(NAME)
    preset, arm = next(iter(found.presets)), next(iter(found.arms))
    tries = {
        preset: lambda text: found.controls_for(preset=text),
        arm: lambda text: found.controls_for(arm=text),
        "residual": lambda text: Session(NAME).trace[text],
        "sight": lambda text: lab.Study(NAME, text),
        "seed": lambda text: Recipe.from_query(f"name={NAME}&{text}=1", entry),
    }
    tries["cursor"] = lambda text: Recipe.from_query(f"name={NAME}&{text}=1", entry, ("cursor",))
    tries[found.measure] = tries.pop("residual")
    for word, attempt in tries.items():
        with pytest.raises(UnknownName) as error:
            attempt(word[:-1] + "qz"[word.endswith("q")])
        assert f"did you mean '{word}'" in one_line(error)


@pytest.mark.parametrize("worker", WORKERS)
def test_a_value_out_of_bounds_is_told_with_the_bounds(worker):
    with pytest.raises(ControlError) as error:
        lab.Session(NAME, {"planes": 1_000}, worker=worker)
    low, high = entry(NAME).controls["planes"].bounds
    assert one_line(error) == f"planes goes from {low} to {high}; not 1000"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seed": "__import__('os')"}, "seed is a whole number"),
        ({"controls": {"__class__": {"a": 1}}}, "controls.__class__ is a number"),
        ({"device": "cpu; rm"}, "device is cpu, cuda, mps"),
        ({"experiment": "evil.py:Class"}, "experiment is a registered name"),
        ({"code": "x"}, "no field of a recipe 'code'"),
        ({"edits": [[0, "a", 1, 2]] * 2_000}, "edits has 2000 entries; 1000 at most"),
        ({"format": 99}, "format is 1"),
    ],
)
def test_a_hostile_recipe_is_refused_by_its_field(change, told):
    recipe = {**Session(NAME).recipe.plain(), **change}
    with pytest.raises((RecipeError, UnknownName)) as error:
        Session.from_recipe(json.dumps(recipe))
    assert told in one_line(error)


@pytest.mark.parametrize("worker", WORKERS)
def test_a_file_that_does_not_import_is_told_with_file_and_line(tmp_path, worker):
    path = tmp_path / "torn.py"
    path.write_text("x = 1\ny = undefined\n")
    with pytest.raises(ExperimentError) as error:
        lab.Session(str(path), worker=worker)
    assert "torn.py, line 2: NameError" in one_line(error)


@pytest.mark.parametrize("worker", WORKERS)
@pytest.mark.parametrize(
    ("how", "status", "told"),
    [
        ("raise", "failed", "failed at 20: ValueError: the shapes do not fit"),
        ("memory", "failed", "failed at 20: out of memory: take a smaller problem"),
        ("infinite", "finished", "diverged at 20: x is not finite"),
    ],
)
def test_a_run_that_goes_wrong_says_so_and_keeps_what_was_good(file, worker, how, status, told):
    with lab.Session(file, {"how": how}, worker=worker) as run:
        run.advance(50)
        assert (run.status, run.head) == (status, 20)
        assert run.sentence.startswith(told) and "\n" not in run.sentence
        look = run.look(19)
        look = look if worker == "inline" else look.result(60)
        assert look.values["x"] == 19
        assert run.trace["x"][19] == 19


@pytest.mark.parametrize(
    ("how", "code", "status"), [("raise", 1, "failed"), ("memory", 1, "failed"),
                                ("infinite", 0, "diverged")],
)  # fmt: skip
def test_the_command_line_tells_the_same(file, how, code, status):
    command = [*LAB, "run", file, "--set", f"how={how}", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    found = json.loads(done.stdout)
    assert (found["status"], found["steps"]) == (status, 20)
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
def test_ctrl_c_in_a_step_that_hangs_pauses_and_tells_what_there_is(file, tmp_path):
    bell = tmp_path / "bell"
    os.mkfifo(bell)
    command = [*LAB, "run", file, "--json", "--set", "how=hang", "--set"]
    pipe = subprocess.PIPE

    def heard():  # also where the tests run in the background, deaf to ctrl-c
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(
        [*command, f"bell={bell}"], stdout=pipe, stderr=pipe, text=True, preexec_fn=heard
    ) as run:
        bell.read_text()
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=60)
    assert "Traceback" not in err
    found = json.loads(out)
    assert (run.returncode, found["status"], found["steps"]) == (0, "paused", 20)
