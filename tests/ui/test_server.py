"""The server's side: no torch, this machine only, runs freed with their page."""

import socket
import subprocess
import sys

import pytest

from lab.ui.exposure import warning
from lab.ui.serve import ServeError, free_port


def test_pages_import_without_torch():
    code = (
        "import sys, lab.ui.serve, lab.ui.errand_child;"
        "from lab.engine.registry import catalogue; catalogue();"
        "print(*{'torch', 'holoviews'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_port_that_is_taken_is_said_in_a_line():
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(ServeError, match=f"port {port} is taken"):
            free_port(port)


def test_beyond_loopback_every_page_warns():
    assert warning([]) == ""
    assert "every network" in warning(["0.0.0.0"])
    assert "192.168.1.4" in warning(["192.168.1.4"])
