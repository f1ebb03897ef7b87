"""The command line: shapes, exit codes, one line for what is wrong."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.cli import main
from lab.engine.study import run_here
from lab.store import recordings, verdicts

EXPERIMENT = '''
from lab.engine import (
    AtMost, Card, Check, Claim, Control, Experiment, Grid, Integer, Number, Preset, Quantity, steps,
)


class Halving(Experiment):
    """Halves a number."""

    card = Card(title="Halving", question="How fast?", papers=("a-paper",))
    start = Number(1.0, bounds=(0.5, 10), doc="where it starts")
    factor = Number(0.5, bounds=(0, 1), live=True)
    n = Integer(2, bounds=(1, 9))
    arms = {"slow": {"factor": 0.9}, "fast": {"factor": 0.1}}
    presets = {"far": Preset("Start far away", start=10.0)}
    quantities = {"x": Quantity("x", log=True), "v": Quantity("a vector", dim="i")}
    max_steps = 400

    def init(given, c, rng, backend):
        return {"x": rng.uniform("start", ()) + c.start}

    def step(state, given, c, k, rng):
        return {"x": state["x"] * c.factor}

    def observe(state, given, c):
        return {"x": state["x"], "v": state["x"].expand(2)}

    def done(state, given, c):
        return "it is small" if state["x"] < 1e-6 else None

    claims = [
        Claim(
            "shrinks", "It shrinks", "Thm 1", Grid({"factor": (0.5, 0.4)}, stop=steps(20)),
            (Check("end", lambda d: d.x.max("factor"), AtMost(1e-4), label="last"),),
            Control({"factor": 1.0}, ("end",)),
        ),
        Claim(
            "never", "It vanishes at once", "Fig 2", Grid(seeds=2, stop=steps(2)),
            (Check("end", lambda d: d.x, AtMost(1e-3)),), Control({"factor": 1.0}, ("end",)),
            tier="standard", expected=EXPECTED, why=WHY,
        ),
        Claim(
            "long", "It takes long", "Fig 2", Grid(seeds=2, stop=steps(2)),
            (Check("end", lambda d: d.x, AtMost(9)),),
            Control({"start": 10.0, "factor": 1.0}, ("end",)), tier="slow",
        ),
    ]
'''


def written(folder, expected="fails", why="two steps are too few"):
    path = folder / "halving.py"
    path.write_text(EXPERIMENT.replace("EXPECTED", repr(expected)).replace("WHY", repr(why)))
    return str(path)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return written(tmp_path_factory.mktemp("file"))


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A LAB_HOME that no other test has written to."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def lab(capsys, shared_home, tmp_path, monkeypatch, request):
    """Runs `lab ...` in an empty folder; gives (exit code, output, errors).

    Studies are made in this process, but for the test that asks for worker processes.
    """
    monkeypatch.chdir(tmp_path)
    if "home" not in request.fixturenames:
        monkeypatch.setenv("LAB_HOME", str(shared_home))
    if "workers" not in request.fixturenames:
        monkeypatch.setattr("lab.cli._spread", lambda stack: run_here)

    def command(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        out, err = capsys.readouterr()
        return left.value.code or 0, out, err

    return command


# -- list ------------------------------------------------------------------------------------------


def test_list_gives_cards(lab):
    code, out, _ = lab("list", "--json")
    cards = json.loads(out)
    assert code == 0
    assert cards
    for card in cards:
        assert list(card) == [
            "name", "family", "title", "question", "papers", "cost", "verdict", "controls",
        ]  # fmt: skip
        assert card["verdict"] in ("error", "fails", "partly", "holds", None)
        for control in card["controls"]:
            assert list(control) == ["name", "kind", "default", "bounds", "live", "doc"]
    code, out, _ = lab("list")
    assert [line.split()[0] for line in out.splitlines()] == [card["name"] for card in cards]


def test_list_chooses_families(lab):
    cards = json.loads(lab("list", "--json")[1])
    families = sorted({card["family"] for card in cards})[:2]
    _, out, _ = lab("list", "--json", "--family", ",".join(families))
    assert {card["family"] for card in json.loads(out)} == set(families)
    code, _, err = lab("list", "--family", families[0] + "x")
    assert (code, err.count("\n")) == (2, 1)
    assert f"did you mean '{families[0]}'" in err


def test_list_takes_neither_torch_nor_panel():
    program = (
        "import sys; sys.argv = ['lab', 'list']\nfrom lab.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([m for m in ('torch', 'panel', 'xarray') if m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines()[-1] == "[]"


def test_a_broken_file_is_shown_and_the_rest_goes_on(lab, home):
    folder = home / "experiments"
    folder.mkdir(parents=True)
    (folder / "torn.py").write_text("x = 1\ny = undefined\n")
    code, out, _ = lab("list")
    assert code == 0
    assert "torn.py, line 2: NameError" in out
    assert len(out.splitlines()) > 1
    for command in ("run", "verify", "check", "record"):
        code, _, err = lab(command, "torn")
        assert (code, "torn.py, line 2: NameError" in err) == (1, True)


# -- run -------------------------------------------------------------------------------------------


def test_run_gives_the_recipe_and_the_end(lab, file):
    code, out, err = lab("run", file, "--set", "start=2", "--seed", "3", "--steps", "4", "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert list(found) == ["recipe", "status", "steps", "seconds", "final"]
    assert found["recipe"]["controls"] == {"start": 2.0, "factor": 0.5, "n": 2}
    assert found["recipe"]["seed"] == 3
    assert (found["status"], found["steps"]) == ("budget", 4)
    assert found["final"]["v"] == [found["final"]["x"]] * 2


@pytest.mark.parametrize(
    ("options", "status", "steps"),
    [
        ([], "done", None),
        (["--steps", "0"], "budget", 0),
        (["--set", "factor=1"], "max_steps", 400),
        (["--until", "x < 0.5 and k > 3"], "rule", 4),
        (["--until", "x < 1e-9", "--steps", "5"], "budget", 5),
        (["--arm", "fast", "--preset", "far", "--until", "x < 0.2"], "rule", 2),
    ],
)
def test_run_says_how_it_ended(lab, file, options, status, steps):
    code, out, _ = lab("run", file, *options, "--json")
    found = json.loads(out)
    assert (code, found["status"]) == (0, status)
    assert steps is None or found["steps"] == steps


def test_run_draws_a_curve(lab, file):
    code, out, _ = lab("run", file, "--steps", "12")
    assert code == 0
    assert "x: x, both axes logarithmic" in out
    assert any(0x2800 < ord(letter) <= 0x28FF for letter in out)
    assert out.splitlines()[-1] == "Halving: budget after 12 steps"
    assert "v = 2 numbers" in out


def test_run_of_a_name(lab):
    name = json.loads(lab("list", "--json")[1])[0]["name"]
    code, out, _ = lab("run", name, "--steps", "5", "--json")
    assert (code, json.loads(out)["recipe"]["experiment"]) == (0, name)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "{file}", "--set", "strat=2"], "no control 'strat'; did you mean 'start'?"),
        (["run", "{file}", "--set", "start=20"], "start goes from 0.5 to 10; not 20"),
        (["run", "{file}", "--set", "start=two"], "start takes a number; not 'two'"),
        (["run", "{file}", "--set", "n=2.5"], "n takes a whole number"),
        (["run", "{file}", "--set", "start"], "--set start: write name=value"),
        (["run", "{file}", "--preset", "fra"], "no preset 'fra'; did you mean 'far'?"),
        (["run", "{file}", "--arm", "slwo"], "no arm 'slwo'; did you mean 'slow'?"),
        (["run", "{file}", "--until", "x <"], "a name or a number was expected"),
        (["run", "{file}", "--until", "y < 1"], "no recorded quantity 'y'"),
        (["run", "{file}", "--device", "tpu"], "no device 'tpu' here; there is cpu"),
        (["run", "halvin"], "no experiment 'halvin'"),
        (["verify", "{file}", "--tier", "quik"], "no tier 'quik'; did you mean 'quick'?"),
        (["verify", "{file}", "--table", "t.json", "--seed-offset", "1"], "without --seed-offset"),
        (["sweep", "{file}", "--x", "strat"], "no control 'strat'"),
        (["sweep", "{file}", "--x", "start", "--steps", "1", "--until", "k > 1"], "not both"),
        (["serve", "nowhere.py"], "there is no file nowhere.py"),
        (["new", "Big/Name"], "small letters, digits and dashes"),
        (["new", "../etc/x"], "small letters, digits and dashes"),
        (["new", "family/name"], "there is no lab/experiments here"),
    ],
)
def test_wrong_usage_is_told_in_one_line(lab, file, arguments, told):
    code, out, err = lab(*(argument.format(file=file) for argument in arguments))
    assert (code, out) == (2, "")
    assert told in err
    assert err.startswith("lab: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [["nope"], ["run"], ["run", "x", "--steps", "-1"], ["sweep", "x"], ["serve", "--port", "x"]],
)
def test_wrong_commands_exit_with_2(lab, arguments):
    assert lab(*arguments)[0] == 2


def test_a_step_that_raises_exits_with_1(lab, tmp_path):
    path = tmp_path / "bad.py"
    raising = 'if k == 3:\n            raise RuntimeError("lost")\n        return {"x"'
    path.write_text(
        EXPERIMENT.replace('return {"x": state', raising + ": state", 1)
        .replace("EXPECTED", "'holds'")
        .replace("WHY", "''")
    )
    code, out, err = lab("run", str(path), "--json")
    assert code == 1
    assert json.loads(out)["status"] == "failed"
    assert "lost" in err


# -- verify ----------------------------------------------------------------------------------------


def test_verify_gives_exactly_the_promised_fields(lab, file):
    code, out, _ = lab("verify", file, "--json")
    found = json.loads(out)
    assert code == 0
    assert [(r["claim"], r["tier"], r["verdict"], r["announced"]) for r in found] == [
        ("shrinks", "quick", "holds", "holds"),
        ("never", "standard", "fails", "fails"),
    ]
    for row in found:
        assert list(row) == [
            "experiment", "claim", "text", "paper", "tier", "verdict", "announced", "why",
            "checks", "seeds", "control_failed", "seconds",
        ]  # fmt: skip
        assert row["control_failed"] is True
        assert (row["experiment"], row["paper"]) == ("Halving", "a-paper")
        for check in row["checks"]:
            assert list(check) == ["id", "measured", "interval", "expect", "result"]
            assert len(check["interval"]) == 2


def test_a_tier_includes_the_quicker_ones(lab, file):
    tiers = {}
    for tier in ("quick", "standard", "slow"):
        tiers[tier] = [
            r["claim"] for r in json.loads(lab("verify", file, "--tier", tier, "--json")[1])
        ]
    assert tiers == {
        "quick": ["shrinks"],
        "standard": ["shrinks", "never"],
        "slow": ["shrinks", "never", "long"],
    }


@pytest.fixture
def workers():
    """Asks for real worker processes."""


def test_worker_processes_give_the_same_verdicts(lab, file, workers):
    code, out, _ = lab("verify", file, "--json")
    assert code == 0
    assert [row["verdict"] for row in json.loads(out)] == ["holds", "fails"]


def test_a_verdict_other_than_announced_exits_with_1(lab, tmp_path):
    path = written(tmp_path, "holds", "")
    code, out, err = lab("verify", path)
    assert code == 1
    assert "Halving / never: fails" in out
    assert "2 of 2, about" in err


def test_a_blind_control_is_an_error(lab, tmp_path):
    path = written(tmp_path)
    text = (tmp_path / "halving.py").read_text()
    (tmp_path / "halving.py").write_text(
        text.replace('Control({"factor": 1.0}', "Control({'n': 3}")
    )
    code, out, err = lab("verify", path, "--tier", "quick", "--json")
    assert code == 1
    (row,) = json.loads(out)
    assert (row["verdict"], row["control_failed"]) == ("error", False)
    assert "this test is blind" in err


def test_verdicts_are_kept_for_this_code_and_shown(lab, home):
    folder = home / "experiments"
    folder.mkdir(parents=True)
    written(folder)

    def shown():
        return {card["name"]: card["verdict"] for card in json.loads(lab("list", "--json")[1])}

    lab("verify", "Halving", "--tier", "slow", "--seed-offset", "77")
    assert shown()["Halving"] is None
    lab("verify", "Halving", "--tier", "slow")
    assert shown()["Halving"] == "fails"
    assert len(verdicts.own()) == 3
    written(folder, "fails", "another reason")
    assert shown()["Halving"] is None


def test_verify_writes_a_table(lab, file, tmp_path):
    table = tmp_path / "verdicts.json"
    lab("verify", file, "--tier", "quick", "--table", str(table))
    lab("verify", file, "--table", str(table))
    assert [r["claim"] for r in verdicts.read_table(table)] == ["never", "shrinks"]


# -- check, sweep, record, new ---------------------------------------------------------------------


def test_check_names_each_test_and_what_to_change(lab, file, tmp_path):
    code, out, _ = lab("check", file)
    assert (code, "FAIL" in out) == (0, False)
    path = tmp_path / "counting.py"
    counting = "global N\n        N += 1\n        return {'x': state['x'] * c.factor + N}"
    text = Path(file).read_text().replace('return {"x": state["x"] * c.factor}', counting)
    path.write_text("N = 0\n" + text)
    code, out, _ = lab("check", str(path))
    assert code == 1
    assert "FAIL same again:" in out


def test_sweep_gives_a_map(lab, file):
    code, out, _ = lab(
        "sweep", file, "--x", "start", "--y", "factor", "--points", "3", "--steps", "2", "--json"
    )
    found = json.loads(out)
    assert code == 0
    assert found["axes"] == {"start": [0.5, 5.25, 10.0], "factor": [0.0, 0.5, 1.0]}
    assert [len(row) for row in found["values"]] == [3, 3, 3]
    assert found["measure"] == "x"
    code, out, _ = lab(
        "sweep", file, "--x", "start", "--y", "factor", "--points", "3", "--steps", "2"
    )
    assert code == 0
    assert "█" in out


def test_record_keeps_one_run_for_each_arm(lab, file, home, tmp_path):
    code, out, _ = lab("record", file, "--steps", "20", "--set", "start=3")
    assert code == 0
    paths = out.split()
    assert len(paths) == 2
    found = recordings.find("Halving")
    assert {str(path) for path in found} == set(paths)
    slow = recordings.load(found[-1])
    assert slow.recipe.controls["start"] == 3.0
    assert slow.trace.k[-1] == 20
    assert len(slow.code) == 12
    code, out, _ = lab("record", file, "--steps", "2", "--arm", "slow", "--out", str(tmp_path))
    assert recordings.load(tmp_path / out.strip().split("/")[-1]).head == 2


def test_record_makes_a_small_file_to_ship(lab, file, home, tmp_path):
    where = ("--arm", "slow", "--out", str(tmp_path))
    code, out, _ = lab("record", file, "--steps", "200", "--small", *where)
    found = recordings.load(tmp_path / out.strip().split("/")[-1])
    assert code == 0 and found.head == 133 and len(found.trace) == 134


def test_thumbnails_are_drawn_once_for_the_code_as_it_is(lab, home, tmp_path):
    name = "infeasibility-detection"
    code, out, _ = lab("thumbnails", name, "--steps", "20", "--out", str(tmp_path))
    assert code == 0
    assert [Path(line).name for line in out.split()] == [f"{name}.svg", f"{name}.2.svg"]
    assert all(path.read_text().startswith("<svg ") for path in tmp_path.glob("*.svg"))
    code, _, err = lab("thumbnails", "no-such-thing")
    assert code == 2
    assert "no experiment" in err


def test_a_full_disk_is_told_in_a_sentence(lab, file, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(recordings, "_write", full)
    code, _, err = lab("record", file, "--steps", "2", "--arm", "slow")
    assert code == 1
    assert err.startswith("lab: the disk is full: ")


def test_new_writes_a_whole_experiment(lab, tmp_path):
    code, out, _ = lab("new", "my-bowl")
    assert (code, out) == (0, "my_bowl.py\n")
    assert lab("check", "my_bowl.py")[0] == 0
    code, out, _ = lab("verify", "my_bowl.py", "--seed-offset", "4242")
    assert (code, "MyBowl / factor: holds" in out) == (0, True)
    code, _, err = lab("new", "my-bowl")
    assert (code, "my_bowl.py exists" in err) == (2, True)


def test_new_writes_into_a_checkout(lab, tmp_path):
    (tmp_path / "lab" / "experiments").mkdir(parents=True)
    code, out, err = lab("new", "fixed-point/my-bowl")
    assert (code, out.strip()) == (0, "lab/experiments/fixed_point/my_bowl.py")
    assert "lab check my-bowl" in err


def test_the_template_is_formatted(lab, tmp_path):
    lab("new", "my-bowl")
    for command in (["format", "--check"], ["check", "--select", "E,F,W"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--line-length", "100", "my_bowl.py"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "command", ["list", "run", "verify", "check", "sweep", "record", "serve", "bench", "new"]
)
def test_every_command_explains_itself_with_an_example(lab, command):
    code, out, _ = lab(command, "--help")
    assert code == 0
    assert f"Example: lab {command}" in out


def test_serving_without_the_extra_says_what_to_install(lab, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("lab.ui", "panel"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "panel", None)
    code, _, err = lab("serve", "--port", "0")
    assert (code, "pip install 'iterlab[ui]'" in err) == (1, True)
