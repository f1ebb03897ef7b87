"""For every test: a LAB_HOME of the test run's own, and one torch thread."""

import os

import pytest


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
