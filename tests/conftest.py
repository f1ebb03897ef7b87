"""For every test: a LAB_HOME of the test run's own; and the option --all."""

import os

import pytest

# The suite runs in two processes: torch's threads would wait for each other, in kernels too.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="no sampling: every experiment, every test")


@pytest.fixture(scope="session", autouse=True)
def lab_home(tmp_path_factory):
    """The tests write nothing under the user's own LAB_HOME."""
    folder = tmp_path_factory.mktemp("lab-home")
    before = {name: os.environ.get(name) for name in ("LAB_HOME", "LAB_PATHS")}
    os.environ["LAB_HOME"] = str(folder)
    os.environ.pop("LAB_PATHS", None)
    yield folder
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
