"""Bokeh's and Panel's own scripts, as a browser without a network needs them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

BOKEH = ("bokeh.min.js", "bokeh-widgets.min.js", "bokeh-tables.min.js")


@cache
def versions() -> str:
    """Which scripts a browser needs; another kernel with the same text shares them."""
    import bokeh
    import panel

    return f"{bokeh.__version__} {panel.__version__}"


@cache
def scripts() -> bytes:
    """All of them in the order in which they run."""
    import bokeh.server
    import panel

    folder = Path(bokeh.server.__file__).parent / "static" / "js"
    bundled = Path(panel.__file__).parent / "dist"
    shims = sorted(bundled.glob("bundled/reactiveesm/es-module-shims*/dist/*.min.js"))
    files = [*shims[-1:], *(folder / name for name in BOKEH), bundled / "panel.min.js"]
    return b"\n;\n".join(path.read_bytes() for path in files)
