"""Codes, tokens and the friendly names of those who give none."""

from __future__ import annotations

import hashlib
import json
import re
import secrets

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that is mistaken for another
FIRST = (
    "Amber Brave Bright Calm Clever Copper Coral Curious Dapper Eager Gentle Golden Happy Hidden "
    "Humble Jolly Keen Kind Lively Lucky Merry Mighty Misty Noble Patient Plucky Proud Quick Quiet "
    "Rapid Ruby Silver Snowy Solar Steady Sunny Swift Tidy Velvet Witty"
)
SECOND = (
    "Badger Beetle Bison Crane Cricket Dolphin Falcon Ferret Finch Fox Gecko Heron Ibex Jackdaw "
    "Koala Lark Lemur Lynx Magpie Marten Mole Newt Octopus Otter Owl Panda Pigeon Puffin Quail "
    "Raven Robin Seal Sparrow Stoat Swan Tapir Toad Turtle Walrus Wombat"
)


def code(n: int = 6) -> str:
    """A code of n letters and digits that cannot be mistaken for one another."""
    return "".join(secrets.choice(LETTERS) for _ in range(n))


def token() -> str:
    """What a browser proves its place with; only its hash is kept."""
    return secrets.token_urlsafe(24)


def hashed(token: str) -> str:
    """What is kept of a token or of a teacher's code. Both are random: no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def friendly(taken: set[str]) -> str:
    """Two words that nobody in the room has."""
    for _ in range(50):
        name = f"{secrets.choice(FIRST.split())} {secrets.choice(SECOND.split())}"
        if name not in taken:
            return name
    return f"{name} {len(taken) + 1}"


def is_friendly(name: str) -> bool:
    """Whether it is two words as `friendly` gives them; a page may have proposed it."""
    first, _, second = name.partition(" ")
    return first in FIRST.split() and second in SECOND.split()


def as_script() -> str:
    """The words, for the page that proposes a name before its student has come in."""
    return f"export const FIRST = {json.dumps(FIRST)}, SECOND = {json.dumps(SECOND)};\n"


def tidy(name: str) -> str:
    """A name as it is shown: one line without control or direction characters, cut at 40."""
    return "".join(c for c in re.sub(r"\s+", " ", name) if c.isprintable()).strip()[:40]


def tidy_code(code: str) -> str:
    """A code as it was typed, in capitals, without blanks and dashes."""
    return re.sub(r"[\s-]", "", code).upper()
