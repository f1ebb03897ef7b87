"""Who runs the sessions: worker processes, or a thread where those cannot.

Nothing here imports torch in the asking process, except for the cells of studies.
"""

from __future__ import annotations

from lab.engine.workers.messages import Frame, WorkerError
from lab.engine.workers.open import remote_session, shared_pool
from lab.engine.workers.pool import Pool
from lab.engine.workers.remote import RemoteSession

__all__ = [
    "Frame",
    "Pool",
    "RemoteSession",
    "WorkerError",
    "remote_session",
    "shared_pool",
]
