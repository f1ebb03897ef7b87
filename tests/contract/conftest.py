"""Gives every test that asks for `name` the experiments it runs for; all of them with --all."""

import importlib.util
import sys
from pathlib import Path

from lab.engine.codehash import engine_hash
from lab.engine.registry import catalogue
from lab.store.verdicts import shipped, shipped_engine


def _sampling():
    """The module beside this file, whatever the import mode."""
    path = Path(__file__).parent / "sampling.py"
    spec = importlib.util.spec_from_file_location("contract_sampling", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def pytest_generate_tests(metafunc):
    if "name" not in metafunc.fixturenames:
        return
    entries = [entry for entry in catalogue() if entry.source.startswith("lab.experiments.")]
    broken = [entry.name for entry in catalogue() if entry.broken]
    names = [entry.name for entry in entries]
    if not metafunc.config.getoption("--all"):
        sampling = _sampling()
        names = sampling.chosen(
            entries,
            shipped(),
            commit=sampling.head(),
            engine_changed=engine_hash() != shipped_engine(),
        )
    metafunc.parametrize("name", [*names, *broken])
