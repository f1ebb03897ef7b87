"""Serving, and driving the explorer by what a person sees of it."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from threading import Thread

WAIT_MS = 60_000  # a busy machine imports torch before the first picture

# Functions for the page: elements behind shadow roots, and what a picture looks like.
HELPERS = """
window.deep = (selector, root = document) => {
  const found = [...root.querySelectorAll(selector)];
  for (const node of root.querySelectorAll("*"))
    if (node.shadowRoot) found.push(...window.deep(selector, node.shadowRoot));
  return found;
};
window.one = (selector) => window.deep(selector)[0];
window.pixels = (i) => window.deep("canvas", window.one(`.fig[data-view="${i}"]`))
  .filter((c) => c.width && c.height)
  .map((c) => c.toDataURL()).join("");
window.colours = (i) => {
  const seen = new Set();
  for (const c of window.deep("canvas", window.one(`.fig[data-view="${i}"]`))) {
    if (!c.width || !c.height) continue;
    const data = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
    for (let p = 0; p < data.length; p += 4)
      if (data[p + 3]) seen.add((data[p] << 16) | (data[p + 1] << 8) | data[p + 2]);
  }
  return seen.size;
};
"""


SERVE = "import sys; from lab.cli import main; main(['serve', *sys.argv[1:]])"

# Answers each line that it reads with the number of sessions that are held; frees them soon.
COUNT = """
import sys, threading
from lab.ui import serve, workforce
serve.UNUSED_MS, serve.CHECK_MS = 2000, 500

def answer():
    for _ in sys.stdin:
        with workforce.pool().lock:
            print(sum(not s.status.ended or s.worker is not None for s in workforce.pool()._live()),
                  flush=True)

threading.Thread(target=answer, daemon=True).start()
"""


@contextmanager
def server(*arguments, port=0, code=SERVE, errors=None, **environment):
    """`lab serve`, on a free port by default; gives its address and process, and ends it."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--port", str(port), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def sessions(process):
    """How many sessions a server of the code COUNT + SERVE holds."""
    process.stdin.write("?\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def workers(process):
    """The process ids of a server's workers."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(process.pid)], capture_output=True, text=True
    )
    rows = [line.split(None, 1) for line in listed.stdout.splitlines()]
    return [int(pid) for pid, command in rows if "lab.engine.workers.child" in command]


def kill_workers(process):
    for pid in workers(process):
        os.kill(pid, signal.SIGKILL)


class Relay:
    """A cable between a browser and a server, that can be cut and mended.

    Parameters
    ----------
    address : str
        The server's.
    """

    def __init__(self, address):
        self._target = ("127.0.0.1", int(address.rsplit(":", 1)[1]))
        self._joined: list[socket.socket] = []
        self._whole = True
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        Thread(target=self._accept, daemon=True).start()

    def cut(self):
        self._whole = False
        joined, self._joined = self._joined, []
        for end in joined:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self):
        self._whole = True

    def close(self):
        self.cut()
        self._listener.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if not self._whole:
                    near.close()
                    continue
                far = socket.create_connection(self._target)
                self._joined += [near, far]
                for one, other in ((near, far), (far, near)):
                    Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one, other):
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    with suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)
    one.close()


def ready(page):
    page.wait_for_function("() => !document.getElementById('lab-first') && one('.run')")
    page.wait_for_function("() => one('.status').textContent.trim() !== 'preparing'")


def status(page):
    return page.evaluate("one('.status').textContent.trim()")


def step(page):
    return page.evaluate("Number(one('.seek').getAttribute('aria-valuenow'))")


def head(page):
    return page.evaluate("Number(one('.seek').getAttribute('aria-valuemax'))")


def wait_status(page, words):
    page.wait_for_function("w => one('.status').textContent.includes(w)", arg=words)


def choose_speed(page, name):
    """As a person does in the list of speeds: "watch", "fast", "1", "10" or "100"."""
    page.evaluate(
        """name => {
          const select = one('select[data-do=speed]');
          select.value = name;
          select.dispatchEvent(new Event('change', { bubbles: true }));
        }""",
        name,
    )


def run_to(page, k):
    """Runs as fast as it can until the head has passed step `k`, then pauses."""
    choose_speed(page, "fast")
    page.evaluate("one('.run').click()")
    page.wait_for_function("k => Number(one('.seek').getAttribute('aria-valuemax')) >= k", arg=k)
    page.evaluate("one('.run').dataset.verb === 'pause' && one('.run').click()")
    page.wait_for_function("() => one('.run').dataset.verb !== 'pause'")
    # runs side by side still come to stand at one step: 20 frames without a change
    page.wait_for_function(
        """() => {
          const head = one('.seek').getAttribute('aria-valuemax');
          window.stood = window.stood?.head === head ? window.stood : { head, frames: 0 };
          return ++window.stood.frames > 20;
        }"""
    )
