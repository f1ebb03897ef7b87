"""Gives every test that asks for `name` the experiments it runs for; all of them with --all."""

import sampling

from lab.engine.codehash import engine_hash
from lab.engine.registry import catalogue
from lab.store.verdicts import shipped, shipped_engine


def pytest_generate_tests(metafunc):
    if "name" not in metafunc.fixturenames:
        return
    entries = [entry for entry in catalogue() if entry.source.startswith("lab.experiments.")]
    broken = [entry.name for entry in catalogue() if entry.broken]
    names = [entry.name for entry in entries]
    if not metafunc.config.getoption("--all"):
        names = sampling.chosen(
            entries,
            shipped(),
            commit=sampling.head(),
            engine_changed=engine_hash() != shipped_engine(),
        )
    metafunc.parametrize("name", [*names, *broken])
