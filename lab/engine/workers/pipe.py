"""Starts a child process that holds one end of a pipe, alike on Linux, macOS and Windows.

A plain subprocess: multiprocessing's own starters run the user's `__main__` again in each child.
The child inherits exactly one handle, so that its pipe ends when the parent's end is closed, or
when the parent is gone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection, Pipe


def start_child(module: str, arguments: Sequence[str] = ()) -> tuple[subprocess.Popen, Connection]:
    """Runs `python -m module HANDLE arguments` with this process's import path.

    Returns
    -------
    process : subprocess.Popen
    connection : multiprocessing.connection.Connection
        Our end; the child gets its own with `inherited(HANDLE)`.
    """
    ours, theirs = Pipe(duplex=True)
    handle = theirs.fileno()
    command = [sys.executable, "-P", "-m", module, str(handle), *arguments]
    environment = _environment()
    try:
        if sys.platform == "win32":
            os.set_handle_inheritable(handle, True)
            startup = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [handle]})
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, env=environment, startupinfo=startup
            )
        else:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, env=environment, pass_fds=[handle]
            )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return process, ours


def inherited(handle: str) -> Connection:
    """The child's end of the pipe."""
    if sys.platform == "win32":
        from multiprocessing.connection import PipeConnection

        return PipeConnection(int(handle))
    return Connection(int(handle))


def _environment() -> dict[str, str]:
    """Ours, with two additions: our import path, and one order of sets for all workers."""
    path = [entry or os.getcwd() for entry in sys.path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONHASHSEED": "0"}
