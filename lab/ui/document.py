"""The HTML documents around the pages: no request but to this server, no web font.

The theme is decided before the first paint: what a person chose, else what the system asks for.
"""

from __future__ import annotations

import re
from functools import cache
from secrets import token_hex

from lab.ui.markup import LOGO
from lab.ui.theme import style

_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="lab-server" content="%s">
<title>{{ title }}</title>
<link rel="icon" href="data:image/svg+xml,%s">
<script>(function () {
  var kept = null;
  try { kept = localStorage.getItem("lab-theme"); } catch (e) {}
  document.documentElement.dataset.theme =
    kept || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
})();</script>
<style>%s
html { height: auto; }
body { margin: 0; background: var(--ground); overflow-x: hidden; }
</style>"""

# What a page without a session does by itself: dark or light, and closing a line above it.
_PLAIN_SCRIPT = """<script>(function () {
  var root = document.documentElement, lab = document.querySelector(".lab");
  var show = function (theme) { root.dataset.theme = lab.dataset.theme = theme; };
  var button = document.querySelector("[data-do=theme]");
  show(root.dataset.theme);
  button.addEventListener("click", function () {
    show(root.dataset.theme === "dark" ? "light" : "dark");
    try { localStorage.setItem("lab-theme", root.dataset.theme); } catch (e) {}
  });
  document.querySelectorAll("[data-do=dismiss]").forEach(function (node) {
    node.addEventListener("click", function () { node.closest(".bar").remove(); });
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "d" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) button.click();
  });
})();</script>"""

_ICON = (
    LOGO.replace("var(--ink)", "%2314181B")
    .replace("var(--now)", "%23FFD21A")
    .replace("<svg ", "<svg xmlns='http://www.w3.org/2000/svg' ")
    .replace('"', "'")
    .replace("<", "%3C")
    .replace(">", "%3E")
)


@cache
def serving() -> str:
    """What this server calls itself: a page that has lost it sees whether it is still the same."""
    return token_hex(8)


def _head() -> str:
    return _HEAD % (serving(), _ICON, style())


def plain(title: str, body: str, styles: str = "", script: str = "") -> str:
    """A document that is HTML alone: no session is opened, nothing is loaded."""
    from lab.ui.markup import esc

    own = f"<style>{styles}</style>" if styles else ""
    does = f"<script>{script}</script>" if script else ""
    return (
        _head().replace("{{ title }}", esc(title))
        + f"{own}</head><body>{body}{_PLAIN_SCRIPT}{does}</body></html>"
    )


def lean(scripts: str) -> str:
    """Bokeh's scripts without its WebGL part: our figures draw on plain canvases."""
    return re.sub(r"\s*<script[^>]*bokeh-gl[^>]*></script>", "", scripts)


def live() -> str:
    """The template of a document that holds Bokeh roots.

    What Python made of the page is drawn at once (`first`), in a shadow root of its own; the
    living page takes its place as soon as the scripts are there, without a shift.
    """
    return (
        "{% from macros import embed %}"
        + _head()
        + """{{ bokeh_css }}
<style>#lab-first { position: absolute; inset: 0 0 auto; z-index: 1; }</style></head><body>
<div id="lab-first"><template shadowrootmode="open"><style>{{ first_style }}</style>
<div class="lab" inert>{{ first }}</div></template></div>
<script>(function () {
  var root = document.getElementById("lab-first").shadowRoot;
  if (root) root.querySelector(".lab").dataset.theme = document.documentElement.dataset.theme;
{% if visitor %}  if (!document.cookie.includes("lab_visitor="))
    document.cookie = "lab_visitor={{ visitor }}; path=/; max-age=31536000; samesite=strict";
{% endif %}})();</script>
{{ lean(bokeh_js) }}
{% for doc in docs %}{% for root in doc.roots %}{{ embed(root) }}{% endfor %}{% endfor %}
{{ plot_script }}</body></html>"""
    )
