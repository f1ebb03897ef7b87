"""A registry as large as the lab may become: entries that are made up, for tests and the bench."""

from __future__ import annotations

import random
from pathlib import Path

from lab.engine.entry import ClaimSpec, Entry, GridSpec, broken_entry
from lab.engine.experiment import Card
from lab.engine.views import Bars, Curves, Graph, Heat, Hist, Plane, Profile
from lab.ui.gallery.thumbnails import file_of

FAMILIES = (
    "fixed-point", "games", "grokking", "sparsity", "linear-solvers", "stochastic-opt",
    "distributed-opt", "decomposition", "forward-learning", "generative-flows",
    "proximal-imaging", "theory-toys", "dynamics", "statistics", "sequence-models",
    "graphs-combinatorial", "bandits-rl", "zeroth-order", "coordinate-descent", "continual",
    "quaternions",
)  # fmt: skip
_WHAT = (
    "momentum", "orbit", "residual", "weight", "spectrum", "gradient", "anchor", "noise",
    "particle", "mask", "cycle", "kernel", "lattice", "tensor", "policy", "memory", "coin",
    "ladder", "mirror", "echo",
)  # fmt: skip
_DOES = (
    "drifts away", "comes back", "forgets", "settles", "splits in two", "wins late", "stalls",
    "remembers", "overshoots", "agrees",
)  # fmt: skip
_VIEWS = (
    (Curves("gap", log="xy"), Plane("place", field="pic.field")),
    (Heat("pic.weights", alive="pic.alive"), Bars("layers"), Curves("gap")),
    (Heat("spectrum", beside=True), Curves("gap")),
    (Plane("pic.cloud"), Hist("pic.height")),
    (Graph("pic.nodes", edges="pic.edges"), Curves("gap")),
    (Heat("gap", of="map"), Curves("gap")),
    (Profile("pic.signal"), Heat("pic.table")),
)
_VERDICTS = (*["holds"] * 6, "partly", "partly", "fails", None)


def entries(n: int = 400, seed: int = 0, broken: int = 0) -> list[Entry]:
    """`n` experiments in 21 families, of which one is written by a person of their own.

    Parameters
    ----------
    n : int
    seed : int
    broken : int
        So many further ones that do not import.
    """
    draw = random.Random(seed)
    found = [_entry(i, draw) for i in range(n)]
    wrong = "NameError: name 'torsh' is not defined"
    for i in range(broken):
        file = f"torn_{i}.py"
        found.append(
            broken_entry(
                f"torn-{i}", "your-own", f"/nowhere/{file}", f"{file}, line {i + 3}: {wrong}"
            )
        )
    return found


def verdict_of(entry: Entry) -> str | None:
    """The worst verdict of a made-up entry."""
    return _VERDICTS[int(entry.hash, 16) % len(_VERDICTS)]


def as_announced(entry: Entry) -> bool:
    """Whether a made-up entry's verdict was announced; half of them were."""
    return verdict_of(entry) is not None and int(entry.hash, 16) % 2 == 0


def thumbnails(folder: Path, made: list[Entry]) -> None:
    """Writes a thumbnail of some 3 KB for each."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, entry in enumerate(made):
        draw = random.Random(i)
        parts = []
        for token in "abc":
            steps = " ".join(
                f"{draw.randint(1, 2)} {draw.randint(-9, 9)}" for _ in range(170)
            ).replace(" -", "-")
            parts.append(f'<path d="M20 120l{steps}" stroke="var(--{token})" stroke-width="4"/>')
        file_of(folder, entry.name).write_text(
            f'<svg class="th" viewBox="0 0 400 240" data-code="{entry.hash}" aria-hidden="true" '
            f'fill="none">{"".join(parts)}</svg>',
            encoding="utf-8",
        )


def _entry(i: int, draw: random.Random) -> Entry:
    what, other = draw.sample(_WHAT, 2)
    does = draw.choice(_DOES)
    family = FAMILIES[i % len(FAMILIES)] if i != 7 else "your-own"
    claim = ClaimSpec("c", "It does", "desk", "quick", "holds", "", False, GridSpec(), (), {}, ())
    name = f"{what}-{does.replace(' ', '-')}-{i}"
    return Entry(
        name=name,
        family=family,
        card=Card(
            title=f"The {what} and the {other}, part {i}",
            question=f"The {what} {does}. What does the {other} know about it?",
            papers=(f"paper-{i}",),
            tags=tuple(draw.sample(_WHAT, 3)),
            cost="minutes" if i % 5 == 0 else "seconds",
        ),
        arms={"Plain": {}, f"With {other}": {}},
        views=_VIEWS[i % len(_VIEWS)],
        claims=(claim,),
        hash=f"{i:012x}",
    )


def titles(made: list[Entry]) -> dict[str, str]:
    """A paper's title for each."""
    return {
        entry.card.papers[0]: f"On the {entry.card.title.lower()}: accelerated rates for "
        f"{entry.card.tags[0]} methods under {entry.card.tags[1]} constraints"
        for entry in made
        if entry.card.papers
    }
