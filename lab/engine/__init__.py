"""The engine: the contract, live sessions, studies, claims. Names are imported when first used."""

from __future__ import annotations

import importlib

_HOME = {
    "experiment": "Card ContractError Experiment Preset Quantity given problems",
    "controls": "Boolean ControlError Integer Number Numbers Selector Text",
    "claim": "AtLeast AtMost Check Claim Close Control Grid Share Within",
    "rules": "above at_step below budget finished rule steps",
    "views": "Bars Convergence Curves Graph Heat Hist Images Mask Plane Profile Spectrum Table "
    "Timeline Trajectory",
    "session": "Session Status",
    "recipe": "Recipe RecipeError",
}
_WHERE = {name: module for module, names in _HOME.items() for name in names.split()}
_WHERE.update(dict.fromkeys(("Normal", "Uniform", "Integers", "Permutation"), "lab.core.random"))

__all__ = sorted(_WHERE)


def __getattr__(name):
    if name not in _WHERE:
        raise AttributeError(f"module 'lab.engine' has no attribute {name!r}")
    where = _WHERE[name]
    path = where if where.startswith("lab.") else f"lab.engine.{where}"
    return getattr(importlib.import_module(path), name)


def __dir__():
    return __all__
