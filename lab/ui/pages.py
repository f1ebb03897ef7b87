"""What `panel serve apps/*.py` and `lab serve` show: each function makes one visitor's page."""

from __future__ import annotations

import re
import secrets
from functools import cache
from urllib.parse import urlencode

import panel as pn
from panel.io.resources import parse_template

from lab.engine.registry import catalogue, entry
from lab.engine.suggest import UnknownName
from lab.engine.workers import remote_session
from lab.store.verdicts import verdicts
from lab.ui import address, chrome, document, exposure, recorded
from lab.ui.explorer import Explorer
from lab.ui.hush import hush
from lab.ui.markup import esc
from lab.ui.race import address as race_address
from lab.ui.race.page import Race
from lab.ui.seats import Hall
from lab.ui.sweep import choice
from lab.ui.sweep.page import Sweep
from lab.ui.theme import css, style
from lab.ui.workforce import pool

SEATS_PER_WORKER = 16  # workers run several sessions in slices
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")


def explore() -> None:
    """`/explore?name=NAME`: a live experiment, or one line that says which there are."""
    found = _asked()
    if found is None:
        return
    opening = recorded.opening_of(found, address.opening(_query(), found))
    visitor = _visitor()
    options = _options(found, opening.said, visitor)
    _show(Explorer(found, opening, new_session, **options), found.card.title, visitor)


def race() -> None:
    """`/race?name=NAME`: methods of an experiment from one start."""
    found = _asked()
    if found is None:
        return
    opening = race_address.opening(_query(), found)
    visitor = _visitor()
    options = _options(found, opening.run.said, visitor)
    page = Race(found, opening, new_session, **options)
    _show(page, f"Race: {found.card.title}", visitor, css("race/race.css"))


def sweep() -> None:
    """`/sweep?name=NAME&x=CONTROL&y=CONTROL`: two controls of an experiment as a map of runs."""
    found = _asked()
    if found is None:
        return
    chosen, opening = choice.opening(_query(), found)
    visitor = _visitor()
    page = Sweep(found, chosen, opening, **_options(found, opening.said, visitor))
    _show(page, f"Sweep: {found.card.title}", visitor, css("sweep/sweep.css"))


def _asked():
    """The experiment that the link names; None where a line has been shown instead."""
    name = _argument("name")
    try:
        # a link names an experiment, never a file: nothing that it says is loaded
        found = entry(name) if _NAME.fullmatch(name) else None
    except UnknownName as error:
        _missing(str(error), name)
        return None
    if found is None:
        _missing("The link names no experiment.", name)
    elif found.broken:
        _missing(f"{found.name} does not import: {found.broken}", "")
        return None
    return found


def _options(found, said, visitor: str) -> dict:
    """What every page with live runs is told beside its link."""
    bars = warning()
    if said:
        bars += chrome.bar(esc(address.left_out(said)))
    dark = pn.state.cookies.get("lab_theme") == "dark"
    seats = hall().seats(visitor)
    return dict(verdicts=verdicts_of(found), bars=bars, dark=dark, seats=seats)


def _show(page, title: str, visitor: str, own: str = "") -> None:
    """Makes a page this visitor's document.

    Parameters
    ----------
    page : object
        With `shell`, a component, and `close`.
    visitor : str
        Who asks; the page keeps it as a cookie.
    own : str
        A style sheet beside the one that all pages have.
    """
    if own:
        page.shell.stylesheets = [own]
    hush()
    doc = pn.state.curdoc
    doc.title = f"{title} · Iterlab"
    doc.template = parse_template(document.live())
    doc.template_variables.update(
        first=page.shell.html,
        first_style=f"{style()}\n{own}",
        lean=document.lean,
        visitor=visitor,
    )
    # the page itself rejoins, once it knows that the server is still the same (connection.js)
    doc.config.update(reconnect_session=False, notifications=None, notify_connection_status=False)
    page.shell.servable()
    doc.on_session_destroyed(lambda context, page=page: page.close())


def new_session(found, controls, seed, device, dtype, edits):
    """A run in a worker process."""
    return remote_session(found, controls, seed, device, dtype, edits=edits, pool=pool())


@cache
def hall() -> Hall:
    """The seats of this server: so many sessions run at a time, so many of them one visitor's."""
    return Hall(SEATS_PER_WORKER * pool().limit)


def _visitor() -> str:
    """Who asks: a random number that the page keeps as a cookie."""
    known = pn.state.cookies.get("lab_visitor", "")
    return known if re.fullmatch(r"[0-9a-f]{16}", known) else secrets.token_hex(8)


def verdicts_of(found) -> dict:
    """Claim id -> verdict, for the code as it stands now."""
    book = verdicts()
    checked = {claim.id: book.find(found.name, claim.id, found.hash) for claim in found.claims}
    return {claim: verdict for claim, verdict in checked.items() if verdict}


def _missing(line: str, name: str) -> None:
    """A page of one line, with links to what was perhaps meant."""
    near = _near(name)
    links = "".join(
        f'<li><a href="explore?{urlencode({"name": e.name})}"><span class="lq">'
        f'{esc(e.card.question)}</span><span class="lt">{esc(e.name)}</span></a></li>'
        for e in near
    )
    meant = f"<h2>Did you mean</h2><ul>{links}</ul>" if links else ""
    body = (
        f'<div class="lab" data-theme="light"><div class="bars">{warning()}</div>'
        f'{chrome.top("")}<main><div class="wrap head" '
        'style="grid-template-columns:minmax(0,1fr)"><div>'
        f'<h1 class="q">No such experiment</h1><p class="surprise">{esc(line)}</p></div></div>'
        f'<div class="stage"><div class="wrap list" style="columns:1;padding-top:22px">'
        f'<section>{meant}<p style="margin-top:22px"><a style="display:inline" href="./">All '
        "experiments</a></p></section></div></div></main></div>"
    )
    plain("No such experiment · Iterlab", body)


def _near(name: str) -> list:
    import difflib

    known = {e.name: e for e in catalogue() if not e.broken}
    return [known[n] for n in difflib.get_close_matches(name, known, n=3, cutoff=0.3)]


def plain(title: str, body: str, styles: str = "", script: str = "") -> None:
    """Shows a document that needs no session: it is HTML and that is all."""
    whole(title, document.plain(title, body, styles, script))


def whole(title: str, text: str) -> None:
    """Answers with this text and nothing around it."""
    doc = pn.state.curdoc
    doc.title = title
    doc.template = parse_template("{{ text }}")
    doc.template_variables["text"] = text


def warning() -> str:
    """The line above every page of a server that other machines reach; else empty."""
    line = exposure.warning(exposure.beyond_loopback())
    return chrome.bar(line, alert=True) if line else ""


def _query() -> str:
    request = getattr(pn.state.curdoc.session_context, "request", None)
    arguments = getattr(request, "arguments", {}) or {}
    pairs = [(k, v.decode(errors="replace")) for k, values in arguments.items() for v in values]
    return urlencode(pairs)


def _argument(name: str) -> str:
    values = pn.state.session_args.get(name, [b""])
    return values[0].decode(errors="replace")[:200]
