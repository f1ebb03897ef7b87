"""When something is recorded: functions of the step alone, never of the clock."""

from __future__ import annotations

DENSE = 256  # recorded rows in each doubling of k
DENSE_AFTER_STAGE = 64  # steps recorded one by one after a change of stage
DENSE_STAGES = 32  # changes of stage that get this; later ones are only noted
COSTLY = 8  # rows of `assess` in each doubling of k
PICTURES = 400  # pictures kept at most


def stride(k: int, every: int = 1, dense: int = DENSE) -> int:
    """Distance from step `k` to the recorded ones around it: `every` times a power of two."""
    return every << max(0, ((k + 1) // (every * dense)).bit_length() - 1)


def next_record(k: int, every: int = 1, dense: int = DENSE) -> int:
    """The first recorded step after `k`: 756 rows up to step 1,000, some 2,400 up to 100,000."""
    gap = stride(k, every, dense)
    return (k // gap + 1) * gap
