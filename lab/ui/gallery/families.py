"""The families of experiments: their names and a line of words; those of the registry decide."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType

OWN = "your-own"
_KNOWN = MappingProxyType(
    {
        "bandits-rl": ("Choices", "try or trust"),
        "continual": ("Continual learning", "the new without losing the old"),
        "coordinate-descent": ("Coordinate descent", "one direction at a time"),
        "decomposition": ("Decompositions", "a table as a few parts"),
        "distributed-opt": ("Many machines", "agree without a centre"),
        "dynamics": ("Dynamics", "follow the arrow"),
        "fixed-point": ("Fixed points", "iterate until nothing moves"),
        "forward-learning": ("Learning forward", "without a backward pass"),
        "games": ("Games", "two losses, one point"),
        "generative-flows": ("Flows", "noise into shape"),
        "graphs-combinatorial": ("Graphs", "cut, match, colour"),
        "grokking": ("Grokking", "understanding, late"),
        "linear-solvers": ("Linear solvers", "Ax = b, a line at a time"),
        "other": ("Curiosities", "one of a kind"),
        "proximal-imaging": ("Images", "guess, then repair"),
        "sequence-models": ("Sequences", "what remembers what"),
        "sparsity": ("Sparse networks", "what can be cut away"),
        "statistics": ("Statistics", "many draws, one number"),
        "stochastic-opt": ("Stochastic descent", "steps you cannot trust"),
        "theory-toys": ("Small theories", "one idea, one plot"),
        "zeroth-order": ("Without gradients", "only values to go by"),
        OWN: ("Your own", "a file, or two lines"),
    }
)


@dataclass(frozen=True)
class Family:
    """A family and its experiments.

    Attributes
    ----------
    slug, title, words : str
    entries : tuple of Entry
        In the order of the registry, none of them broken.
    """

    slug: str
    title: str
    words: str
    entries: tuple


def families(entries) -> list[Family]:
    """The families of these entries, by title; "your own" is not one of them."""
    members: dict[str, list] = {}
    for entry in entries:
        if not entry.broken and entry.family != OWN:
            members.setdefault(entry.family, []).append(entry)
    found = [Family(slug, *named(slug, group), tuple(group)) for slug, group in members.items()]
    return sorted(found, key=lambda family: family.title)


def named(slug: str, entries=()) -> tuple[str, str]:
    """The title of a family and its words: by default what its experiments are tagged with."""
    if slug in _KNOWN:
        return _KNOWN[slug]
    tags = Counter(tag for entry in entries for tag in entry.card.tags)
    common = [tag for tag, _ in tags.most_common(2)]
    return slug.replace("-", " ").capitalize(), ", ".join(common)
