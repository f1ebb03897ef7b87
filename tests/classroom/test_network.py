"""What `lab serve` opens to whom: TLS with a certificate, and the class's routes alone by --lan.

Nothing listens beyond loopback: 127.0.0.2 stands for the network.
"""

import asyncio
import json
import shutil
import socket
import ssl
import subprocess
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from driving import SERVE, server
from independent_client import Student
from schoolroom import LESSON, run
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from lab.classroom import network
from lab.cli import main
from lab.ui import workforce

LAN = "127.0.0.2"
ON_LAN = f"from lab.classroom import network; network.own_address = lambda: {LAN!r}\n" + SERVE
OPENSSL = shutil.which("openssl")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A PEM file that `lab serve --cert` takes, and a client's context that trusts it."""
    if OPENSSL is None:
        pytest.skip("there is no openssl command to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    key, cert, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    subprocess.run(
        [OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=classroom",
         "-addext", f"subjectAltName=IP:127.0.0.1,IP:{LAN}"],
        check=True, capture_output=True,
    )  # fmt: skip
    both.write_bytes(cert.read_bytes() + key.read_bytes())
    trust = ssl.create_default_context(cafile=cert)
    return SimpleNamespace(file=both, alone=cert, key=key, trust=trust)


def status(address, tls=None):
    """What a server answers to a request."""
    try:
        with urlopen(address, context=tls) as answer:
            return answer.status
    except HTTPError as error:
        with error:
            return error.code


async def first_said(address, tls=None, **message):
    """What comes back first from the class's socket at an address."""
    scheme = address.replace("http", "ws", 1)
    wire = await websocket_connect(HTTPRequest(f"{scheme}/class/socket", ssl_options=tls))
    await wire.write_message(json.dumps(message))
    answer = await wire.read_message()
    assert answer is not None, f"closed: {wire.close_code} {wire.close_reason}"
    return wire, json.loads(answer)


async def leave(wire):
    """Closes a connection, and waits until it is closed."""
    wire.close()
    while await wire.read_message() is not None:
        pass


def test_a_class_joins_over_tls(certificate, lab_home):
    (lab_home / "lessons").mkdir(exist_ok=True)
    (lab_home / "lessons" / "two-ways.toml").write_text(LESSON)

    async def lesson(address):
        teacher, opened = await first_said(
            address, certificate.trust, type="open", lesson="two-ways"
        )
        assert opened["address"] == f"{address}/class"
        ida = Student("127.0.0.1", int(address.rsplit(":", 1)[1]), certificate.trust)
        await asyncio.to_thread(ida.connect, type="join", code=opened["code"], name="Ida")
        assert ida.wire.version().startswith("TLS")
        await asyncio.to_thread(ida.answer)
        assert ida.state["title"] == "Left or right?"
        ida.stream.close()
        ida.wire.close()
        await leave(teacher)

    with server("--cert", str(certificate.file)) as (address, _):
        assert address.startswith("https://127.0.0.1:")
        assert status(f"{address}/class", certificate.trust) == 200
        run(lesson(address))


def test_only_the_light_routes_are_opened_to_the_network(certificate, lab_home):
    try:
        socket.create_server((LAN, 0)).close()
    except OSError:
        pytest.skip("this system has one loopback address only")

    async def refused(address):
        wire, told = await first_said(address, certificate.trust, type="join", code="222222")
        await leave(wire)
        return told["text"]

    command = ("--lan", "--cert", str(certificate.file))
    with server(*command, code=ON_LAN) as (here, process):
        said = process.stdout.readline().strip()
        there = here.replace("127.0.0.1", LAN).replace("http:", "https:")
        assert said == f"open to the network: the class's pages, {there}/class"
        for light in ("/class", "/class/teach", "/class/wall", "/class/student.js"):
            assert status(there + light, certificate.trust) == 200
        for page in ("/", "/explore", "/race", "/all", "/static/js/bokeh.min.js", "/class/x.js"):
            assert status(there + page, certificate.trust) == 404
        assert status(f"{here}/class") == status(f"{here}/all") == 200
        assert "no room" in run(refused(there))


@pytest.mark.parametrize(
    ("lan", "lan_all", "pages", "light", "says"),
    [
        (False, False, "127.0.0.1", "", ""),
        (True, False, "127.0.0.1", LAN, "the class's pages"),
        (False, True, "0.0.0.0", "", "every page"),
        (True, True, "0.0.0.0", "", "every page"),
    ],
)
def test_what_is_opened_is_said(monkeypatch, lan, lan_all, pages, light, says):
    monkeypatch.setattr(network, "own_address", lambda: LAN)
    doors = network.doors(5006, lan, lan_all, None)
    assert (doors.pages, doors.light) == (pages, light)
    assert doors.here == "http://127.0.0.1:5006"
    assert doors.join == f"http://{LAN if says else '127.0.0.1'}:5006/class"
    assert (f"{LAN}:5006" in doors.origins) == lan_all
    assert says in doors.says
    assert bool(says) == ("others on this network can read" in doors.says)


def test_without_a_network_nothing_is_opened(monkeypatch):
    monkeypatch.setattr(network, "own_address", lambda: "")
    with pytest.raises(network.NetworkError, match="serve without --lan"):
        network.doors(5006, True, False, None)


def test_a_bad_certificate_is_told_in_one_line(certificate, tmp_path):
    locked = tmp_path / "locked.pem"
    done = subprocess.run(
        [OPENSSL, "ec", "-in", certificate.key, "-aes128", "-passout", "pass:secret"],
        check=True, capture_output=True,
    )  # fmt: skip
    locked.write_bytes(certificate.alone.read_bytes() + done.stdout)
    (tmp_path / "words.pem").write_text("no certificate")
    for file, said in (
        (tmp_path / "nowhere.pem", "cannot be read: No such file"),
        (tmp_path, "cannot be read: Is a directory"),
        (tmp_path / "words.pem", "no PEM file with a certificate and its key"),
        (certificate.alone, "no PEM file with a certificate and its key"),
        (locked, "without a password"),
    ):
        with pytest.raises(network.NetworkError, match=said) as told:
            network.doors(5006, False, False, file)
        assert "\n" not in str(told.value)


def test_the_command_line_refuses_a_bad_certificate(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(workforce, "begin", lambda workers, files: None)
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--port", "0", "--cert", str(tmp_path / "nowhere.pem")])
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert told.endswith("nowhere.pem cannot be read: No such file or directory\n")
    assert told.count("\n") == 1
