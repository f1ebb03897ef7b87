"""Whether the server that shows this page can be reached from other machines."""

from __future__ import annotations

import ipaddress
import socket

from lab.ui.markup import esc


def beyond_loopback() -> list[str]:
    """Addresses beyond loopback on which the running event loop accepts connections.

    Empty outside a server.
    """
    from tornado.ioloop import IOLoop

    loop = IOLoop.current(instance=False)
    found = set()
    for handler in getattr(loop, "handlers", {}).values():
        listener = handler[0]
        if not isinstance(listener, socket.socket) or not _listens(listener):
            continue
        host = str(listener.getsockname()[0]).split("%")[0]
        try:
            if not ipaddress.ip_address(host).is_loopback:
                found.add(host)
        except ValueError:
            continue  # a socket of another family: a file, not a network
    return sorted(found)


def warning(addresses) -> str:
    """The line above every page, as HTML; empty when only this machine can connect."""
    if not addresses:
        return ""
    where = "every network" if {"0.0.0.0", "::"} & set(addresses) else ", ".join(addresses)
    return (
        f"<b>This server listens on {esc(where)}.</b> Whoever reaches it can run experiments on "
        "this machine. Start it with --address 127.0.0.1 to keep it to yourself."
    )


def _listens(listener: socket.socket) -> bool:
    if listener.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    try:
        return bool(listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except (OSError, AttributeError):
        # where the option is missing, a socket without a peer is one that listens
        try:
            listener.getpeername()
        except OSError:
            return True
        return False
