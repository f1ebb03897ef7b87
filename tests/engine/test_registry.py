"""Discovery, the index, classes by name and by file, and how a class travels."""

import json
import math
import os
import subprocess
import sys
import textwrap
import threading

import pytest

from lab.engine import index, registry
from lab.engine.claim import AtMost, Check, Claim, Control, Grid, Share, Within
from lab.engine.controls import Integer, Number, Numbers, Selector
from lab.engine.entry import Entry, describe
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.index import Source
from lab.engine.registry import ExperimentError, SourceError
from lab.engine.rules import below, steps
from lab.engine.suggest import UnknownName
from lab.engine.views import Convergence, Curves, Mask, Spectrum, Trajectory

PLAIN = '''
from lab.engine import Card, Experiment, Number, Quantity


class {name}(Experiment):
    """Halves a number."""

    card = Card(title="Halving", question="How fast?", formerly=({formerly}))
    start = Number({start}, bounds=(0, 10), doc="where it starts")
    quantities = {{"x": Quantity("x", log=True, better="less")}}

    def init(given, c, rng, backend):
        return {{"x": backend.tensor(c.start)}}

    def step(state, given, c, k, rng):
        return {{"x": state["x"] / 2}}

    def observe(state, given, c):
        return {{"x": state["x"]}}
'''


def source(name="Halving", start=1.0, formerly=""):
    return PLAIN.format(name=name, start=start, formerly=formerly)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A LAB_HOME with a folder of experiments, and a package that holds none."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    monkeypatch.setattr(registry, "_package_sources", list)
    monkeypatch.setattr(registry, "_plugins", lambda paths: ())
    folder = tmp_path / "experiments"
    folder.mkdir()
    return folder


class Everything(Experiment):
    """Declares one of each, so that the entry's JSON is tested whole."""

    card = Card(title="All", question="What?", papers=["p"], tags=["t"], formerly=("old",))
    n = Integer(2, bounds=(2, 512), doc="size")
    angle = Number(0.2, bounds=(0, None), live=True, log=True, unit="rad")
    method = Selector("a", objects=("a", "b"))
    path = Numbers((0.0, 1.0))
    arms = {"A": {"method": "a"}, "B": {"method": "b"}}
    presets = {"wide": Preset("Make it wide", angle=3.0)}
    quantities = {"gap": Quantity("gap", log=True, better="less"), "evals": Quantity("evals")}
    axes = ("evals",)
    events = {"close": below("gap", 1e-3)}
    stages = {"first": "It begins."}
    views = [
        Trajectory("pic.x", field="pic.map", start=("angle", "n")),
        Convergence("gap", slopes=(-1,), roles={"gap": "train"}),
        Spectrum("gap"),
        Mask("pic.m"),
        Curves("gap", x="n", by="arm", of="rate", size=2),
    ]
    studies = {"rate": Grid({"n": range(4, 6), "arm": "all"}, seeds=3, stop=below("gap", 1))}
    claims = [
        Claim(
            id="slope",
            text="It falls",
            source="Thm 1",
            runs="rate",
            checks=(
                Check("s", lambda d: d.gap, Within(-1.1, -0.9), label="slope"),
                Check("t", lambda d: d.gap, AtMost(2), over=Share(0.8), main=False),
            ),
            control=Control({"n": 3}, breaks=("s",)),
        ),
        Claim("end", "It ends", "desk", Grid(stop=steps(9)), (Check("s", len, AtMost(1)),),
              Control({"n": 3}, ("s",)), tier="slow", expected="fails", why="because"),
    ]  # fmt: skip

    def init(given, c, rng, backend):
        return {}

    def step(state, given, c, k, rng):
        return state

    def observe(state, given, c):
        return {"gap": 1.0, "evals": 0.0}

    def picture(state, given, c):
        return {}


# -- entries ---------------------------------------------------------------------------------------


def test_an_entry_is_json_and_back():
    made = describe(Everything, path="f.py", source="m:C", hash="0123456789ab")
    text = json.dumps(made.plain(), allow_nan=False)
    again = Entry.from_plain(json.loads(text))
    assert again.plain() == made.plain()
    assert again.card == made.card
    assert again.controls == made.controls
    assert again.views == made.views
    assert again.quantities == made.quantities
    assert again.claims == made.claims
    assert again.presets["wide"].values == {"angle": 3.0}


def test_an_entry_says_what_pages_need():
    entry = describe(Everything)
    assert entry.measure == "gap"
    assert entry.events == {"close": "gap < 0.001"}
    study = entry.studies["rate"]
    assert study.over == {"n": [4, 5], "arm": ["A", "B"]}
    assert (study.seeds, study.runs, study.stop) == (3, 12, "gap < 1")
    slope, end = entry.claims
    assert slope.runs == study
    assert (slope.checks[0].low, slope.checks[0].high) == (-1.1, -0.9)
    assert (slope.checks[1].low, slope.checks[1].over) == (0.8, "share")
    assert slope.checks[1].each[0] is None and slope.checks[0].each is None
    assert slope.checks[0].label == "slope"
    assert end.checks[0].label == "s"
    assert end.runs.stop == "budget: k >= 9"
    assert (end.tier, end.expected, end.why) == ("slow", "fails", "because")
    assert entry.claim("end") is end
    with pytest.raises(UnknownName, match="did you mean 'slope'"):
        entry.claim("slop")
    assert "class Everything" in entry.code


def test_an_entry_chooses_controls_like_its_class():
    entry = describe(Everything)
    for choice in ({}, {"preset": "wide"}, {"arm": "B"}, {"preset": "wide", "arm": "B", "n": 4}):
        assert entry.controls_for(**choice) == Everything.controls_for(**choice)
    for choice in ({"preset": "wid"}, {"arm": "C"}, {"nn": 3}):
        with pytest.raises(UnknownName):
            entry.controls_for(**choice)


# -- discovery -------------------------------------------------------------------------------------


def test_the_package_is_listed_without_torch():
    program = (
        "import sys, json\nfrom lab.engine.registry import catalogue\n"
        "found = [(e.name, e.family, e.broken) for e in catalogue()]\n"
        "print(json.dumps([found, [m for m in ('torch', 'panel') if m in sys.modules]]))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    found, loaded = json.loads(answer.stdout)
    assert loaded == []
    names = [name for name, _, _ in found]
    assert len(set(names)) == len(names)
    assert {e.stem for e in registry._package_folder().glob("[!_]*/[!_]*.py")} <= {
        name.replace("-", "_") for name in names
    }


def test_no_experiment_of_the_package_is_broken():
    assert [found.broken for found in registry.catalogue() if found.broken] == []


def test_own_files_are_found_and_read_again_when_changed(own, monkeypatch):
    path = own / "halving.py"
    path.write_text(source())
    first = registry.entry("Halving")
    assert (first.family, first.path, first.broken) == ("your-own", str(path), "")
    assert first.controls["start"].default == 1.0
    assert first.source == f"{path}:Halving"

    def refuse(sources):
        raise AssertionError("read again without need")

    with monkeypatch.context() as context:
        context.setattr(index, "read_sources", refuse)
        index._entries.cache_clear()
        assert registry.entry("Halving") == first
    path.write_text(source(start=3.0))
    second = registry.entry("Halving")
    assert second.controls["start"].default == 3.0
    assert second.hash != first.hash


def test_a_file_that_does_not_import_is_shown_and_the_rest_goes_on(own):
    (own / "a_name.py").write_text("from lab.engine import Experiment\n\nx = undefined\n")
    (own / "b_syntax.py").write_text("\n\ndef broken(:\n")
    (own / "c_leaves.py").write_text("import os\nos._exit(3)\n")
    (own / "d_exit.py").write_text("import sys\nsys.exit(1)\n")
    (own / "e_empty.py").write_text("x = 1\n")
    (own / "f_prints.py").write_text("print('{')\n" + source("Prints"))
    (own / "g_wrong.py").write_text(source("Wrong").replace('"x": Quantity', '"y": Quantity'))
    (own / "_helper.py").write_text("raise RuntimeError\n")
    (own / "h_twice.py").write_text(source("Prints", start=2.0))
    found = {entry.name: entry.broken for entry in registry.catalogue()}
    assert found["Prints"] == ""
    assert found["a-name"] == "a_name.py, line 3: NameError: name 'undefined' is not defined"
    assert found["b-syntax"].startswith("b_syntax.py, line 3: SyntaxError")
    assert found["c-leaves"] == "c_leaves.py: importing it ended the process (exit code 3)"
    assert found["d-exit"].startswith("d_exit.py, line 2: SystemExit")
    assert found["e-empty"] == "e_empty.py: no class derived from Experiment"
    assert "the name Prints is taken by f_prints.py" in found["Prints-7"]
    with pytest.raises(ExperimentError, match=r"a_name.py, line 3: NameError"):
        registry.load("a-name")


def test_a_contract_mistake_is_told(own):
    (own / "mistake.py").write_text(source("Mistake") + '    axes = ("z",)\n')
    assert "Mistake: no quantity for the axis 'z'" in registry.entry("Mistake").broken


def test_old_names_and_near_names(own):
    (own / "halving.py").write_text(source(formerly='"bisect",'))
    assert registry.entry("bisect").name == "Halving"
    with pytest.raises(UnknownName, match="no experiment 'Halvin'; did you mean 'Halving'"):
        registry.entry("Halvin")
    assert registry.load("bisect").__name__ == "Halving"


def test_plug_ins_are_found_by_their_entry_point(tmp_path, monkeypatch):
    package = tmp_path / "plug_package"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported too early')\n")
    (package / "work.py").write_text(source("Plugged"))
    point = importlib_point("plugged", "plug_package.work:Plugged")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry.importlib.metadata, "entry_points", lambda group: [point])
    registry._plugins.cache_clear()
    (found,) = registry._plugins(("only for this test",))
    registry._plugins.cache_clear()
    assert found.path == str(package / "work.py")
    assert (found.module, found.attribute) == ("plug_package.work", "Plugged")
    (package / "__init__.py").write_text("")
    (entry,) = registry.read_source(found)
    assert (entry.name, entry.broken) == ("Plugged", "")
    assert entry.source == "plug_package.work:Plugged"


def importlib_point(name, value):
    return registry.importlib.metadata.EntryPoint(name, value, registry.GROUP)


def test_files_named_by_the_environment_are_found(own, tmp_path, monkeypatch):
    path = tmp_path / "named.py"
    path.write_text(source("Named"))
    monkeypatch.setenv("LAB_PATHS", os.pathsep.join([str(path), str(tmp_path / "none.py")]))
    found = {entry.name: entry.broken for entry in registry.catalogue()}
    assert found["Named"] == ""
    assert "No such file" in found["none"]


def test_a_broken_index_is_made_again(own):
    (own / "halving.py").write_text(source())
    (own.parent / "index.json").write_text('{"format": 1, "files": [')
    assert registry.entry("Halving").broken == ""
    assert json.loads((own.parent / "index.json").read_text())["format"] == index.FORMAT


def test_an_index_that_cannot_be_written_costs_only_time(own, monkeypatch):
    (own / "halving.py").write_text(source())

    def full(path, text):
        raise index.StoreError("the disk is full")

    monkeypatch.setattr(index, "write_text", full)
    assert registry.entry("Halving").broken == ""


def test_a_file_that_never_ends_is_cut_short(own, monkeypatch):
    monkeypatch.setattr(index, "START_S", 0.0)
    monkeypatch.setattr(index, "FILE_S", 0.001)
    (found,) = index.read_sources([Source(str(own / "x.py"), name="x")])
    assert "took longer than" in found[0]["broken"]


# -- files and classes -----------------------------------------------------------------------------


def test_files_are_loaded_by_path(own, tmp_path):
    path = tmp_path / "two.py"
    path.write_text(source("One") + source("Two"))
    assert registry.load(f"{path}:Two").__name__ == "Two"
    assert registry.entry(f"{path}:One").name == "One"
    for ask in (registry.load, registry.entry):
        with pytest.raises(ExperimentError, match=r"two.py holds One, Two"):
            ask(str(path))
    with pytest.raises(ExperimentError, match=r"two.py: no class Three"):
        registry.load(f"{path}:Three")
    with pytest.raises(ExperimentError, match="No such file"):
        registry.load(tmp_path / "none.py")


def test_an_edited_file_is_another_class(tmp_path):
    path = tmp_path / "halving.py"
    path.write_text(source())
    first = registry.load(path)
    assert registry.load(path) is first
    path.write_text(source(start=2.0))
    second = registry.load(path)
    assert second is not first
    assert (first.controls()["start"].default, second.controls()["start"].default) == (1.0, 2.0)


def test_a_class_is_its_own_name():
    assert registry.load(Everything) is Everything
    entry = registry.entry(Everything)
    assert entry.name == "Everything"
    assert len(entry.hash) == 12
    for other in (int, Experiment):
        with pytest.raises(ExperimentError, match="not derived"):
            registry.load(other)


def test_names_of_the_package_load_without_the_index(monkeypatch):
    def refuse(sources):
        raise AssertionError("the index was read")

    names = [e.name for e in registry.catalogue() if e.source.startswith("lab.experiments.")]
    monkeypatch.setattr(registry, "entries_of", refuse)
    for name in names:
        assert registry.load(name).slug() == name


def test_classes_of_modules_and_files_travel_as_text(tmp_path):
    assert registry.source_of(Everything) == f"{__name__}:Everything"
    assert registry.load_source(f"{__name__}:Everything") is Everything
    path = tmp_path / "halving.py"
    path.write_text(source())
    cls = registry.load(path)
    assert registry.source_of(cls) == f"{path}:Halving"
    assert registry.load_source(registry.source_of(cls)) is cls
    with pytest.raises(ExperimentError, match="no class Missing"):
        registry.load_source(f"{__name__}:Missing")


def test_typed_classes_travel_by_value_to_another_process(tmp_path):
    program = textwrap.dedent(
        """
        import subprocess, sys
        from lab.engine import registry
        scale = 3.0
        {source}
        blob = registry.source_of(Halving)
        assert isinstance(blob, bytes)
        assert registry.load("Halving") is Halving
        assert registry.entry("Halving").source == ""
        assert "Halving" in [e.name for e in registry.catalogue()]
        other = (
            "import sys; from lab.engine import registry\\n"
            "cls = registry.load_source(sys.stdin.buffer.read())\\n"
            "print(cls.slug(), sorted(cls.controls()), cls.card.title, sorted(cls.givens))\\n"
            "made = cls.givens['data'].make(0, 0, 0)\\n"
            "print(cls.step({{'x': 4.0}}, None, None, 0, None), made)\\n"
        )
        print(subprocess.run([sys.executable, "-c", other], input=blob, capture_output=True,
                             check=True).stdout.decode())
        """
    ).format(
        source=source().replace('state["x"] / 2', 'state["x"] / 2 * scale')
        + "    @given(by=('start',))\n    def data(c, rng, backend):\n        return scale\n"
    )
    program = program.replace("import Card,", "import given, Card,")
    path = tmp_path / "typed.py"
    path.write_text(program)
    answer = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split("\n")[:2] == [
        "Halving ['start'] Halving ['data']",
        "{'x': 6.0} 3.0",
    ]


def test_what_cannot_travel_is_named():
    lock, big, fine = threading.Lock(), bytes(2_000_000), 3

    class Locked(Experiment):
        def step(state, given, c, k, rng):
            return fine, lock

    class Heavy(Experiment):
        @given()
        def data(c, rng, backend):
            return [big for _ in range(fine)]

    with pytest.raises(SourceError, match="Locked cannot travel to another process: lock cannot"):
        registry.source_of(Locked)
    with pytest.raises(SourceError, match=r"Heavy has 2.0 MB, mostly big"):
        registry.source_of(Heavy)
    assert math.isfinite(fine)
