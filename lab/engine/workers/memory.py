"""How much memory a worker may take, so that a run that asks for too much fails by itself.

Without a bound the system ends some process when memory runs out: the worker, or the page.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

VARIABLE = "LAB_MEMORY"  # of each worker, in GB; 0 for no bound
SHARE = 0.75  # of what there is, when nothing is said
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def bound() -> int | None:
    """Bytes that a worker may take; None for no bound.

    By default three quarters of the memory of the machine or of its container. Where there is a
    graphics card the default is no bound, since its driver reserves addresses far beyond memory.
    """
    said = os.environ.get(VARIABLE, "").strip()
    with contextlib.suppress(ValueError):
        if said:
            return int(float(said) * 1e9) or None
    if Path("/dev/nvidiactl").exists():
        return None
    there = _memory()
    return int(SHARE * there) if there else None


def bind() -> None:
    """Bounds this process, on Linux: allocations beyond it raise."""
    limit = bound()
    if limit is None or sys.platform != "linux":
        return
    import resource

    with contextlib.suppress(ValueError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _memory() -> int | None:
    """Bytes of memory of this machine, or of its container when that is less."""
    found = []
    with contextlib.suppress(ValueError, OSError, AttributeError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in LIMITS:
        with contextlib.suppress(OSError, ValueError):
            found.append(int(Path(path).read_text()))
    return min(found, default=None)
