"""Bokeh's and Panel's own scripts, as a browser without a network needs them.

They are found without importing either: a browser asks for them while the kernel still imports.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

BOKEH = ("bokeh.min.js", "bokeh-widgets.min.js", "bokeh-tables.min.js")


@cache
def versions() -> str:
    """Which scripts a browser needs; another kernel with the same text shares them."""
    return f"{version('bokeh')} {version('panel')}"


@cache
def scripts() -> bytes:
    """All of them in the order in which they run."""
    static = _folder("bokeh") / "server" / "static" / "js"
    bundled = _folder("panel") / "dist"
    shims = sorted(bundled.glob("bundled/reactiveesm/es-module-shims*/dist/*.min.js"))
    files = [*shims[-1:], *(static / name for name in BOKEH), bundled / "panel.min.js"]
    return b"\n;\n".join(path.read_bytes() for path in files)


def _folder(package: str) -> Path:
    found = find_spec(package)
    assert found is not None and found.origin is not None
    return Path(found.origin).parent
