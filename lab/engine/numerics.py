"""One numerical setting for every step, wherever it runs."""

from __future__ import annotations

import contextlib

import torch


@contextlib.contextmanager
def exact_numerics():
    """One torch thread (with two the bits differ) and denormal numbers flushed to zero.

    Without the flush a network whose loss is near zero becomes ten times slower. Both belong to
    the calling thread and are put back.
    """
    threads = torch.get_num_threads()
    if threads != 1:
        torch.set_num_threads(1)
    flushed = _flushes()
    if not flushed:
        torch.set_flush_denormal(True)
    try:
        yield
    finally:
        if threads != 1:
            torch.set_num_threads(threads)
        if not flushed:
            torch.set_flush_denormal(False)


# glibc gives memory back after every step whose temporaries come near 1 MB, and asks for it again
# at the next: a fifth of a small network's step. Freeing one large block raises the limit for good.
torch.empty(24 << 20, dtype=torch.uint8)

_TINY = torch.tensor(1e-310, dtype=torch.float64)


def _flushes() -> bool:
    return bool((_TINY * 0.5 == 0).item())
