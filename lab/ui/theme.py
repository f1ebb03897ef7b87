"""The pages' style sheets. `tokens.css` is the one place of ours where a colour is written.

Pictures keep the same values in `lab.views.palette`, because they are drawn in notebooks too; a
test holds the two together.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from types import MappingProxyType

HERE = Path(__file__).parent


@cache
def css(name: str = "tokens.css") -> str:
    """The text of one of this folder's style sheets."""
    return (HERE / name).read_text(encoding="utf-8")


@cache
def tokens(dark: bool = False) -> MappingProxyType:
    """Token -> colour ("#RRGGBB"), without the leading dashes: `tokens()["ink"]`."""
    blocks = re.split(r"/\* (light|dark) \*/", css())
    text = blocks[blocks.index("dark" if dark else "light") + 1]
    return MappingProxyType(dict(re.findall(r"--([\w-]+):\s*(#[0-9A-Fa-f]{6})", text)))
