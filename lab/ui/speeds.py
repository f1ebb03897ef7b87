"""How fast a page's runs go: what a person chooses from."""

from __future__ import annotations

from lab.engine.workers.pacer import Speed

SPEEDS: dict[str, tuple[str, Speed | None]] = {  # by name: what it is called, how fast it is
    "watch": ("to watch", (4.0, 1.0)),
    "fast": ("as fast", None),
    "1": ("1 /s", (1.0, 0.0)),
    "10": ("10 /s", (10.0, 0.0)),
    "100": ("100 /s", (100.0, 0.0)),
}
USUAL = next(iter(SPEEDS))  # what a list of choices shows first
