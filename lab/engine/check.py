"""The promises of the engine, tried on one experiment: `lab check NAME`.

Every experiment is run for a few steps (its preset "check", which shortens stages) in several
ways that must agree bit for bit. It catches closures over tensors, aliased views, tensors that
still require a gradient, `.grad` carried between steps, optimisers that cannot be copied, global
generators, mutated givens, and pictures that move the run.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.engine.experiment import problems
from lab.engine.limits import TIMED
from lab.engine.promises import PROMISES
from lab.engine.registry import load
from lab.engine.trial import Broken, Trial


@dataclass(frozen=True)
class Finding:
    """One contract test: whether it holds, and if not what to change."""

    test: str
    ok: bool
    message: str = ""


def check(experiment, *, timed: bool = True) -> list[Finding]:
    """Tries every promise on one experiment; a finding for each.

    Parameters
    ----------
    timed : bool
        Whether what depends on the clock is tried too; other work on the machine may spoil it.
    """
    experiment = load(experiment)
    found = problems(experiment)
    findings = [Finding("declarations", not found, "; ".join(found))]
    if found:
        return findings
    trial = None
    for test in (*PROMISES, *(TIMED if timed else ())):
        name = test.__name__.strip("_").replace("_", " ")
        try:
            trial = trial or Trial(experiment)
            test(trial)
            findings.append(Finding(name, True))
        except Broken as broken:
            findings.append(Finding(name, False, str(broken)))
        except Exception as error:
            findings.append(Finding(name, False, f"{type(error).__name__}: {error}"))
            if trial is None:
                break
    return findings
