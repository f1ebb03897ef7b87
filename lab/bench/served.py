"""`lab serve` that keeps a diary of its frames, and runs bare loops on its workers and tells of
its memory when asked.

`python -m lab.bench.served DIARY HZ WORKERS FILE...`: prints the address, then answers each line
of JSON that comes in with one. The pages are those that everybody gets.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
from functools import partialmethod
from pathlib import Path

from lab.ui import board, workforce
from lab.ui.board import Board
from lab.ui.serve import serve

PATIENCE_S = 120


def main() -> None:
    """Serves until it is ended."""
    diary, hz, workers, *files = sys.argv[1:]
    board.LIVE_HZ = float(hz)
    with Path(diary).open("w", encoding="utf-8") as lines:
        Board.feed = partialmethod(_fed, Board.feed, lines)
        threading.Thread(target=_obey, daemon=True).start()
        workforce.begin(int(workers) or None, files)
        serve(port=0)


def _fed(page, feed, lines, i, frame) -> None:
    """A page takes a frame into its next picture; one that is seen is written down."""
    feed(page, i, frame)
    if not page.visible:
        return
    session = page.lanes.runs[i].session
    offset = time.time() - time.monotonic()
    line = {
        "run": session.number,
        "k": frame.head,
        "computed": 1e3 * (frame.computed + offset),
        "taken": 1e3 * time.time(),
        "edits": [[e.control, e.new] for e in frame.edits or ()],
        "worker": _worker(session),
    }
    lines.write(json.dumps(line) + "\n")
    lines.flush()


def _obey() -> None:
    """Answers what the bench asks: the rate of a bare loop, or what this process holds."""
    for line in sys.stdin:
        asked = json.loads(line)
        answer = _memory() if "memory" in asked else _bare(asked["bare"])
        print(json.dumps(answer), flush=True)


def _bare(controls: dict) -> dict:
    """Runs the bare loop over an experiment's step on a worker of the pages."""
    from lab.engine.workers import remote_session

    with remote_session("Bare", controls, pool=workforce.pool()) as session:
        session.wait(lambda s: len(s.trace) > 0 or s.status.ended, PATIENCE_S)
        rate = float(session.trace["rate"][0]) if len(session.trace) else None
        return {"rate": rate, "worker": _worker(session)}


def _memory() -> dict:
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text().split()[1])
    runs = sum(len(worker.sessions) for worker in workforce.pool().workers)
    return {"bytes": resident * os.sysconf("SC_PAGE_SIZE"), "runs": runs}


def _worker(session) -> int | None:
    return getattr(getattr(session.worker, "process", None), "pid", None)


if __name__ == "__main__":
    main()
