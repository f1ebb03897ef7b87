"""`lab serve`: the pages on this machine alone."""

from __future__ import annotations

import socket

import panel as pn

from lab.ui.gallery.pages import every, gallery, thumbnails
from lab.ui.pages import explore, race, sweep
from lab.ui.workforce import pool

PAGES = {
    "/": gallery, "gallery": gallery, "all": every, "thumbnails": thumbnails,
    "explore": explore, "race": race, "sweep": sweep,
}  # fmt: skip
UNUSED_MS, CHECK_MS = 40_000, 5_000  # a lost page may rejoin; a closed tab frees its runs


class ServeError(RuntimeError):
    """The server cannot start; one line that says why."""


def free_port(port: int) -> int:
    """The port itself, or a free one for 0.

    Raises
    ------
    ServeError
        It is taken.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise ServeError(f"port {port} is taken; choose another with --port") from None
        return probe.getsockname()[1]


def serve(port: int = 5006, dev: bool = False) -> None:
    """Serves until it is interrupted; prints one line with the address.

    Parameters
    ----------
    port : int
        0 takes a free one.
    dev : bool
        Loads a page's code again when its file is saved.

    Raises
    ------
    ServeError
    """
    port = free_port(port)
    if dev:
        pn.config.autoreload = True
    server = pn.serve(
        PAGES,
        port=port,
        address="127.0.0.1",
        show=False,
        start=False,
        verbose=False,
        threaded=False,
        websocket_origin=[f"127.0.0.1:{port}", f"localhost:{port}"],
        unused_session_lifetime_milliseconds=UNUSED_MS,
        check_unused_sessions_milliseconds=CHECK_MS,
    )
    print(f"http://127.0.0.1:{port}", flush=True)
    pool()
    try:
        server.start()  # else sessions of closed tabs would be held for ever
        server.io_loop.start()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
        pool().close()
