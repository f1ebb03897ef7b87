"""A student, written from docs/classroom-protocol.md alone; nothing of lab is imported."""

import base64
import json
import os
import socket


class Student:
    """Joins, answers what is asked, comes back when the connection is lost; `tls`: a context."""

    def __init__(self, host, port, tls=None):
        self.where, self.tls = (host, port), tls
        self.token, self.state, self.answers = None, None, {}

    def connect(self, **first):
        self.wire = socket.create_connection(self.where, timeout=60)
        if self.tls:
            self.wire = self.tls.wrap_socket(self.wire, server_hostname=self.where[0])
        key = base64.b64encode(os.urandom(16)).decode()
        self.wire.sendall(
            f"GET /class/socket HTTP/1.1\r\nHost: {self.where[0]}:{self.where[1]}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self.stream = self.wire.makefile("rb")
        while self.stream.readline().strip():  # the server's consent
            pass
        self.say(**first)
        self.until("you")

    def say(self, **message):
        data, mask = json.dumps(message).encode(), os.urandom(4)
        size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2)
        hidden = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self.wire.sendall(b"\x81" + size + mask + hidden)

    def hear(self):
        kind, size = self.stream.read(2)
        if size >= 126:
            size = int.from_bytes(self.stream.read(2 if size == 126 else 8))
        data = self.stream.read(size)
        message = json.loads(data) if kind == 0x81 else {"type": "ping or end"}
        if message["type"] == "joined":
            self.token = message["token"] or self.token
        elif message["type"] == "state":
            self.state = message
        elif message["type"] == "you":
            self.answers[message["step"]] = message["answer"]
        return message["type"]

    def until(self, kind):
        while self.hear() != kind:
            pass

    def answer(self):
        state, value = self.state, 0
        if state["shape"] == "curve":
            value = [state["runs"]["high"]] * state["runs"]["points"]
        elif state["kind"] != "ask" and state["shape"] != "choice":
            value = state["runs"]["high"]
        self.say(type="answer", id=1, step=state["step"], value=value)
        self.until("ack")
        return value
