"""What of the class is opened to the network: its light routes, and nothing else unless asked."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.web import Application


class NetworkError(RuntimeError):
    """The class cannot be opened to the network; one line that says why."""


def own_address() -> str:
    """This machine's address on the local network, "" where there is none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address that nobody has (RFC 5737)
            found = probe.getsockname()[0]
        except OSError:
            return ""
    return "" if ipaddress.ip_address(found).is_loopback else found


def secured(cert: Path) -> ssl.SSLContext:
    """TLS by a PEM file that holds the certificate and its key.

    Raises
    ------
    NetworkError
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert)
    except (OSError, ssl.SSLError) as error:
        raise NetworkError(f"{cert} holds no certificate with its key: {error}") from None
    return context


def open_to_network(routes: list, port: int, host: str, tls: ssl.SSLContext | None) -> HTTPServer:
    """Serves the routes of the class, and only those, at an address of the network.

    Raises
    ------
    NetworkError
        The address is taken.
    """
    server = HTTPServer(Application(routes), ssl_options=tls)
    try:
        server.listen(port, address=host)
    except OSError as error:
        raise NetworkError(f"{host}:{port} cannot be opened: {error.strerror}") from None
    return server
