"""README: every command and every line of Python in it runs (`make test` is what runs this)."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BIN = Path(sys.executable).parent
SERVING = ("make serve", "lab serve", "panel serve")
WAIT_S = 120


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


COMMANDS = [line for block in blocks("sh") for line in block.splitlines() if line != "make test"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder to work in, with the apps, and an environment that finds this Python's commands."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "apps").symlink_to(ROOT / "apps")
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    return folder, {**os.environ, "PATH": path, "LAB_HOME": str(folder / "home")}


@pytest.fixture(scope="module")
def made_environment(tmp_path_factory):
    """What `make serve` finds when everything is installed: this Python as its environment."""
    folder = tmp_path_factory.mktemp("venv")
    (folder / "bin").symlink_to(BIN)
    for stamp in (".torch", ".ui"):
        (folder / stamp).touch()
    return folder


def test_the_two_commands_come_first():
    assert blocks("sh")[0] == "make serve\nmake test\n"


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.startswith(SERVING)])
def test_a_command_runs(place, command):
    folder, environment = place
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=WAIT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith(SERVING)])
def test_a_server_starts_and_says_where(place, made_environment, command):
    folder, environment = place
    if command.startswith("make"):
        command += f" VENV={made_environment} PORT=0 --directory={ROOT} --no-print-directory"
    elif command.startswith("panel"):
        command += " --port 0"
    elif "--port" in command:
        command = re.sub(r"--port \d+", "--port 0", command)
    else:
        command += " --port 0"
    server = subprocess.Popen(
        ["bash", "-c", f"exec {command}"], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        assert served_line(server)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(WAIT_S)
        server.stdout.close()


def served_line(server) -> str:
    """The first line with an address of this machine; fails with what was said instead."""
    said, end = [], time.monotonic() + WAIT_S
    for line in server.stdout:
        said.append(line)
        if re.search(r"http://(127\.0\.0\.1|localhost):\d+", line):
            return line
        if time.monotonic() > end:
            break
    raise AssertionError("".join(said))


@pytest.mark.parametrize("block", blocks("python"))
def test_the_python_runs(place, block):
    folder, environment = place
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block], cwd=folder, env=environment,
        capture_output=True, text=True, timeout=WAIT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_links_lead_somewhere(link):
    assert link.startswith("https://") or (ROOT / link).exists()
