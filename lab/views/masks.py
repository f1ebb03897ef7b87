"""Masks: what has died or come back since the picture before, and what one weight was."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import numpy as np

from lab.engine.pictures import Bits
from lab.views.base import Lane, array
from lab.views.canvas import bits
from lab.views.numerals import count, number, percent


def earlier(lane: Lane, k: int, exact: bool = False) -> dict | None:
    """The kept picture before the one that is drawn at the cursor, packed; None at the first.

    Parameters
    ----------
    exact : bool
        What is drawn is the picture of step `k` itself, kept or not.
    """
    if lane.pictures is None or not lane.pictures.ks:
        return None
    ks, k = lane.pictures.ks, lane.at(k)
    if not exact:
        live = lane.live is not None and k >= lane.head
        k = lane.head if live else ks[max(bisect_right(ks, k) - 1, 0)]
    place = bisect_left(ks, k)
    return lane.pictures.packed(ks[place - 1]) if place else None


def flips(now, before) -> tuple[bytes | None, int, int]:
    """What differs between two boolean pictures.

    Returns
    -------
    tuple (bytes or None, int, int)
        One bit for each weight, None where nothing differs; how many died; how many came back.
    """
    if now is None or before is None or now is before:
        return None, 0, 0
    now, before = (np.frombuffer(bits(mask), np.uint8) for mask in (now, before))
    if now.shape != before.shape:
        return None, 0, 0
    changed = now ^ before
    died, back = (int(np.bitwise_count(changed & mask).sum()) for mask in (before, now))
    return (changed.tobytes() if died + back else None), died, back


def left(mask) -> float:
    """The share of a boolean picture that is True; packed ones are not unpacked for it."""
    if isinstance(mask, Bits):
        ones = np.bitwise_count(np.frombuffer(mask.data, np.uint8)).sum()
        return float(ones) / int(np.prod(mask.shape))
    return float(np.mean(mask))


def said(share: float, died: int, back: int) -> str:
    """The words above a mask."""
    parts = [f"{percent(share)} left"]
    if died:
        parts.append(f"{count(died)} gone")
    if back:
        parts.append(f"{count(back)} back")
    return ", ".join(parts)


def cell(at: int, value, alive, start, start_alive) -> str:
    """One weight in words: its value and its change since the start, or that it is gone.

    Parameters
    ----------
    at : int
        Its place, row by row.
    value, alive, start, start_alive : array, Bits or None
        Pictures of now and of the start; `alive` is None where `value` has no mask.
    """
    now, was, lives, lived = (_one(a, at) for a in (value, start, alive, start_alive))
    if now is None or now != now:
        return ""
    if isinstance(now, bool):
        return "alive" if now else "gone"
    if lives is False:
        return "gone" + (f", {number(was)} at the start" if was and lived is not False else "")
    if was is None or was == now:
        return number(now)
    return f"{number(now)}, {_signed(now - was)} since the start"


def _one(value, at: int) -> float | bool | None:
    found = array(value)
    if found is None or not 0 <= at < found.size:
        return None
    return found.flat[at].item()


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + number(value)
