"""An entry and lanes as plain data: the pages' parts are tested without workers."""

from types import SimpleNamespace

import pytest

from lab.engine.controls import ControlSpec
from lab.engine.entry import CheckSpec, ClaimSpec, Entry, GridSpec
from lab.engine.experiment import Card, Preset, Quantity
from lab.engine.status import Status


@pytest.fixture
def entry():
    return Entry(
        name="two-orbits",
        family="fixed-point",
        card=Card(
            title="Two <orbits>",
            question='Does "it" arrive?',
            answer="Yes & no.",
            why="Because.",
            equations=(r"x_{k+1} = T x_k", r"\unknown{"),
            papers=("no-such-paper",),
        ),
        controls={
            "anchor": ControlSpec("anchor", "number", 1.0, (0.0, 2.0), live=True, doc="pull; more"),
            "rate": ControlSpec("rate", "number", 0.1, (1e-4, 10.0), log=True, unit="rad"),
            "n": ControlSpec("n", "integer", 3, (1, None)),
            "noisy": ControlSpec("noisy", "boolean", False),
            "method": ControlSpec("method", "selector", "a", objects=("a", "b")),
            "word": ControlSpec("word", "text", "ab<c"),
            "path": ControlSpec("path", "numbers", [1.0, 2.5]),
        },
        arms={"A": {"method": "a"}, "B": {"method": "b"}},
        presets={"turn": Preset("Turn by a quarter, watch it return", rate=1.0)},
        quantities={
            "residual": Quantity("‖x − T x‖", log=True, better="less"),
            "evals": Quantity("evaluations"),
            "sv": Quantity("values", dim="mode"),
        },
        axes=("evals",),
        events={"arrived": "residual < 1e-6"},
        claims=(
            ClaimSpec(
                id="slope", text="It falls like 1/k", source="Thm 3", tier="quick",
                expected="holds", why="", timed=False, runs=GridSpec(seeds=8),
                checks=(CheckSpec("s", "slope", None, -0.95), CheckSpec("t", "ratio", 2.0, None)),
                control={"anchor": 0.0}, breaks=("s",),
            ),
        ),
        max_steps=600,
        code="def f(x):\n    return 'a<b'  # why\n",
        hash="0123456789ab",
    )  # fmt: skip


@pytest.fixture
def verdict():
    """What `lab verify` stores for the claim of `entry`."""
    return {
        "experiment": "two-orbits", "claim": "slope", "verdict": "holds", "announced": "holds",
        "why": "", "seeds": 20, "control_failed": True, "seconds": 3.1,
        "checks": [
            {"id": "s", "measured": -1.0, "interval": [-1.01, -0.99], "result": "pass"},
            {"id": "t", "measured": "inf", "interval": [3.0, "inf"], "result": "unclear"},
        ],
        "control_checks": [{"id": "s", "measured": 0.0, "interval": [0.0, 0.0]}],
    }  # fmt: skip


@pytest.fixture
def lane():
    """A maker of lanes in any state."""

    def make(
        status="paused", *, head=0, ended="", sentence="", good=0, label="A", rows=1,
        recorded=False, dotted=False,
    ):  # fmt: skip
        return SimpleNamespace(
            status=Status(status), head=head, ended=ended, sentence=sentence, good=good,
            label=label, trace=range(rows), recorded=recorded, dotted=dotted, seed=0,
            shown=None,
        )  # fmt: skip

    return make
