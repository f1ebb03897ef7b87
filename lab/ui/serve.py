"""`lab serve`: the pages on this machine alone; a class may be let in from the network."""

from __future__ import annotations

import gc
import socket
from pathlib import Path

import panel as pn

from lab.classroom import network, plugin
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


def serve(
    port: int = 5006,
    dev: bool = False,
    lan: bool = False,
    lan_all: bool = False,
    cert: Path | None = None,
) -> None:
    """Serves until it is interrupted; prints one line with the address.

    Parameters
    ----------
    port : int
        0 takes a free one.
    dev : bool
        Loads a page's code again when its file is saved.
    lan : bool
        Opens the class's light pages, and nothing else, to the local network; says so.
    lan_all : bool
        Opens every page to the network.
    cert : Path or None
        A PEM file with certificate and key: what goes over the network, or without one over
        this machine, is encrypted.

    Raises
    ------
    ServeError, NetworkError
    """
    port = free_port(port)
    if dev:
        pn.config.autoreload = True
    doors = network.doors(port, lan, lan_all, cert)
    server = pn.serve(
        PAGES,
        port=port,
        address=doors.pages,
        show=False,
        start=False,
        verbose=False,
        threaded=False,
        websocket_origin=list(doors.origins),
        unused_session_lifetime_milliseconds=UNUSED_MS,
        check_unused_sessions_milliseconds=CHECK_MS,
        extra_patterns=plugin.ROUTES,
        http_server_kwargs={"ssl_options": doors.tls},
    )
    plugin.set_address(doors.join)
    light = None
    if doors.light:
        light = network.open_light(plugin.ROUTES, port, doors.light, doors.light_tls)
    gc.freeze()  # what was imported stays: looking through it holds every page up for 0.1 s
    gc.enable()
    print(doors.here, flush=True)
    if doors.says:
        print(doors.says, flush=True)
    pool()
    try:
        server.start()  # else sessions of closed tabs would be held for ever
        server.io_loop.start()
    except KeyboardInterrupt:
        pass
    finally:
        if light is not None:
            light.stop()
        server.stop()
        plugin.close()
        pool().close()
