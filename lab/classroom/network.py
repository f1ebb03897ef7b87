"""What of the class is opened to the network: its light routes, and nothing else unless asked."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.web import Application

from lab.classroom.limits import MOST_BYTES

LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"


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
    return "" if is_loopback(found) else found


def is_loopback(address: str) -> bool:
    """Whether an address is one of this very machine's own."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def secured(cert: Path) -> ssl.SSLContext:
    """TLS by a PEM file that holds the certificate and its key.

    Raises
    ------
    NetworkError
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, password=lambda: b"")  # else a locked key would ask and wait
    except ssl.SSLError:
        raise NetworkError(
            f"{cert} is no PEM file with a certificate and its key, without a password"
        ) from None
    except OSError as error:
        raise NetworkError(f"{cert} cannot be read: {error.strerror}") from None
    return context


@dataclass(frozen=True)
class Doors:
    """Where the pages and the class are reached.

    Attributes
    ----------
    pages : str
        The address at which every page is served.
    light : str
        The address of the network at which the class's routes alone are served; "" for none.
    here : str
        What the teacher opens on this machine.
    join : str
        What students type.
    origins : tuple of str
        Hosts whose pages may speak to the pages' sockets.
    says : str
        What is opened to the network; "" for nothing.
    tls, light_tls : SSLContext or None
    """

    pages: str
    light: str
    here: str
    join: str
    origins: tuple[str, ...]
    says: str
    tls: ssl.SSLContext | None = None
    light_tls: ssl.SSLContext | None = None


def doors(port: int, lan: bool, lan_all: bool, cert: Path | None) -> Doors:
    """What is served where: all on this machine alone, unless it is asked for.

    With `lan` the pages stay on this machine, in plain, where nobody else can read what is sent.

    Raises
    ------
    NetworkError
        There is no network, or no certificate where one is named.
    """
    tls = secured(cert) if cert else None
    host = own_address() if lan or lan_all else ""
    if (lan or lan_all) and not host:
        raise NetworkError("this machine has no address on a network; serve without --lan")
    light = host if lan and not lan_all else ""
    scheme = "https" if tls else "http"
    here = f"{'http' if light else scheme}://{LOOPBACK}:{port}"
    join = f"{scheme}://{host}:{port}/class" if host else f"{here}/class"
    names = [LOOPBACK, "localhost"] + ([host] if lan_all else [])
    says = ""
    if host:
        plain = "" if tls else "; others on this network can read what is not encrypted (--cert)"
        what = "every page" if lan_all else "the class's pages"
        says = f"open to the network: {what}, {join}{plain}"
    return Doors(
        pages=EVERYWHERE if lan_all else LOOPBACK,
        light=light,
        here=here,
        join=join,
        origins=tuple(f"{name}:{port}" for name in names),
        says=says,
        tls=None if light else tls,
        light_tls=tls if light else None,
    )


def open_light(routes: list, port: int, host: str, tls: ssl.SSLContext | None) -> HTTPServer:
    """Serves the routes of the class, and only those, at an address of the network.

    Raises
    ------
    NetworkError
        The address is taken.
    """
    server = HTTPServer(Application(routes), ssl_options=tls, max_body_size=MOST_BYTES)
    try:
        server.listen(port, address=host)
    except OSError as error:
        raise NetworkError(f"{host}:{port} cannot be opened: {error.strerror}") from None
    return server
