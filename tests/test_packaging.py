"""pyproject, constraints, environment and Makefile say the same."""

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINNED = {
    canonicalize_name(line.partition("==")[0]): line.strip().partition("==")[2]
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
}


def asked(*extras) -> list[Requirement]:
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    return [Requirement(line) for line in lines]


def needed(*extras) -> set[str]:
    """Every package that an installation brings, as the installed packages' metadata say."""
    found: set[tuple[str, str]] = set()
    waiting = [(r.name, extra) for r in asked(*extras) for extra in ("", *r.extras)]
    while waiting:
        name, extra = waiting.pop()
        name = canonicalize_name(name)
        if (name, extra) in found:
            continue
        found.add((name, extra))
        for line in importlib.metadata.requires(name) or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                waiting += [(requirement.name, more) for more in ("", *requirement.extras)]
    return {name for name, _ in found}


def test_the_extras_are_those_promised():
    assert set(EXTRAS) == {"ui", "test", "peers", "cluster"}
    assert set(EXTRAS["cluster"]) == {"dask", "distributed"}
    assert PROJECT["requires-python"] == ">=3.11"


def test_everything_asked_for_is_pinned_and_nothing_contradicts():
    for requirement in asked(*EXTRAS):
        version = PINNED[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement
    assert PINNED["torch"] == "2.13.0"
    assert "torch==2.13.0" in PROJECT["dependencies"]


def test_pins_are_exact_and_of_one_index():
    for name, version in PINNED.items():
        assert re.fullmatch(r"[0-9][0-9a-z.]*", version), name


def test_everything_needed_is_pinned():
    try:
        found = needed("ui", "test", "peers")
    except importlib.metadata.PackageNotFoundError as missing:
        pytest.skip(f"{missing} is not installed here")
    # nvidia's and triton come with torch for GPUs and are pinned by torch itself.
    outside = {name for name in found if name.startswith(("nvidia-", "cuda-", "triton"))}
    assert found - outside - set(PINNED) == set()


def test_what_is_installed_is_what_is_pinned():
    for name, version in PINNED.items():
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        assert installed.partition("+")[0] == version, name


def test_conda_gives_the_same():
    found = yaml.safe_load((ROOT / "environment.yml").read_text())
    *plain, last = found["dependencies"]
    assert f"python{PROJECT['requires-python']}" in plain
    assert last == {"pip": ["-c constraints.txt", "-e .[ui]"]}


def test_packages_of_the_lab_are_all_found():
    """Nothing that the package needs at run time is left out of a plain installation."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = data["package-data"]["lab"]
    tracked = subprocess.run(
        ["git", "ls-files", "lab"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    for name in tracked:
        inner = Path(name).relative_to("lab")
        if inner.suffix != ".py":
            assert any(matches(inner, pattern) for pattern in patterns), name


def matches(path: Path, pattern: str) -> bool:
    return path.match(pattern) or path.match(pattern.removeprefix("**/"))


def test_importing_the_lab_takes_neither_torch_nor_panel():
    program = "import sys, lab; print([m for m in ('torch', 'panel', 'numpy') if m in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_ci_calls_make_test_and_nothing_else():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert lines == [
        "#!/usr/bin/env bash",
        "set -euo pipefail",
        'cd "$(dirname "$0")/.."',
        "exec make test",
    ]


def dry(target, *settings) -> str:
    # As a person types it: a make around these tests would hand its own flags down.
    outside = {
        name: value
        for name, value in os.environ.items()
        if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    return subprocess.run(
        ["make", "-n", target, *settings],
        cwd=ROOT, env=outside, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def test_make_installs_torch_from_the_chosen_index_and_the_rest_pinned(tmp_path):
    said = dry(
        "serve", f"VENV={tmp_path / 'v'}", "TORCH_INDEX=https://example.org/cpu", "PORT=5099"
    )
    (torch,) = [line for line in said.splitlines() if "install" in line and "torch==" in line
                and "echo" not in line]  # fmt: skip
    assert "--index-url https://example.org/cpu torch==2.13.0" in torch
    rest = [line for line in said.splitlines() if ".[ui]" in line]
    assert ["-c constraints.txt" in line and "index-url" not in line for line in rest] == [True]
    assert said.splitlines()[-1].endswith("lab serve --port 5099")
    assert "index-url" not in dry("serve", f"VENV={tmp_path / 'v'}")


@pytest.mark.parametrize("target", ["test", "test-all"])
def test_make_test_ends_with_pytest(tmp_path, target):
    lines = dry(target, f"VENV={tmp_path / 'v'}").splitlines()
    assert "pytest --durations=10" in lines[-1]
    assert lines[-1].endswith("--all") == (target == "test-all")
    for before in ("ruff check .", "ruff format --check ."):
        assert any(before in line for line in lines[:-1])
    assert any(".[ui,test,peers]" in line for line in lines)
