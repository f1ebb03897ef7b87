"""The evidence below the fold: every claim with its checks and its control, and Check again."""

from __future__ import annotations

from types import MappingProxyType

from lab.ui.markup import disc, esc, icon, turning
from lab.ui.ruler import NOT_CHECKED, as_number, called, expectation
from lab.views.numerals import count, duration, interval, number

RESULTS = MappingProxyType(
    {"pass": ("holds", "passes"), "unclear": ("partly", "unclear"), "miss": ("fails", "misses")}
)
TIERS = MappingProxyType({"quick": "about 5 s", "standard": "about a minute", "slow": "minutes"})
HEAD = ("check", "measured", "95 % interval", "expected", "seeds", "result")
RIGHT = (1, 2, 3, 4)


def evidence(entry, verdicts: dict) -> str:
    """Every claim with its checks, each with number, interval and what was expected."""
    if not entry.claims:
        return ""
    head = "".join(
        f"<th{' class=r' if i in RIGHT else ''}>{name}</th>" for i, name in enumerate(HEAD)
    )
    rows = "".join(_claim(claim, verdicts.get(claim.id)) for claim in entry.claims)
    return (
        '<div class="scroll" tabindex="0" role="region" aria-labelledby="evidence">'
        f'<table class="t"><thead><tr>{head}</tr></thead>{rows}</table></div>'
    )


def checker(claim, found: dict | None, short: bool = False) -> str:
    """The button that checks a claim again, how far that is, and what stops it.

    Parameters
    ----------
    short : bool
        Beside the question there is room for a sign only.
    """
    takes = TIERS.get(claim.tier, claim.tier)
    if found:
        again = f'{icon("again")}<span class="sr">Check again</span>' if short else "Check again"
    else:
        again = "Check now" if short else f"Check now, {takes}"
    return (
        f'<span class="check" data-check="{esc(claim.id)}"><button class="plain" data-do="check" '
        f'data-name="{esc(claim.id)}" title="Make its runs again">{again}</button><small></small>'
        '<button class="plain" data-do="check-stop" hidden>Stop</button></span>'
    )


def measuring(done: int, total: int, left_s: float | None) -> str:
    """How far a check is: "3 of 20 runs, about 8 s"."""
    about = f", about {duration(max(left_s, 1.0))}" if left_s is not None else ""
    return f"{count(done)} of {count(total)} runs{about}"


def _claim(claim, found: dict | None) -> str:
    rows = [
        f'<tr><th class="serif" colspan="{len(HEAD)}" scope="rowgroup">{esc(claim.text)} '
        f"<small>({esc(claim.source)})</small></th></tr>"
    ]
    measured = {c["id"]: c for c in (found or {}).get("checks", ())}
    seeds = str(found.get("seeds") or "–") if found else "–"
    for check in claim.checks:
        at = measured.get(check.id)
        result = RESULTS.get((at or {}).get("result"), (None, "not checked"))
        rows.append(_row(called(check), at, seeds, check, disc(result[0]) + result[1]))
    labels = {check.id: called(check) for check in claim.checks}
    several = len((found or {}).get("control_checks", ())) > 1
    for at in (found or {}).get("control_checks", ()):
        label = f"control: {_changed(claim)}"
        if several:
            label += f", {labels.get(at['id'], at['id'])}"
        told = "must fail, does" if at.get("result") == "miss" else "must fail, does not"
        rows.append(_row(label, at, "", None, esc(told)))
    rows.append(f'<tr><td colspan="{len(HEAD)}">{_closing(claim, found)}</td></tr>')
    return f"<tbody>{''.join(rows)}</tbody>"


def _row(label: str, at: dict | None, seeds: str, check, result: str) -> str:
    value = as_number((at or {}).get("measured"))
    span = [as_number(v) for v in (at or {}).get("interval") or ()]
    known = bool(span) and all(v is not None for v in span)
    expected = expectation(check.low, check.high) if check is not None else ""
    return (
        f"<tr><td>{esc(label)}</td>"
        f'<td class="r"><b>{number(value) if value is not None else "–"}</b></td>'
        f'<td class="r">{interval(*span) if known else "–"}</td>'
        f'<td class="r">{expected}</td><td class="r">{seeds}</td><td class="one">{result}</td></tr>'
    )


def _changed(claim) -> str:
    """What the control changes: "anchor 0"."""
    parts = [
        f"{name} {number(value) if isinstance(value, float) else value}"
        for name, value in claim.control.items()
    ]
    return ", ".join(parts) or "smaller runs"


def _closing(claim, found: dict | None) -> str:
    word = found["verdict"] if found else NOT_CHECKED
    parts = [f"{disc(found['verdict'] if found else None)}<b>{esc(word)}</b>"]
    if found is None:
        if claim.expected != "holds":
            parts.append(f"announced: {esc(claim.expected)}")
    else:
        if word != "holds":
            announced = word == found.get("announced")
            parts.append("as announced" if announced else f"announced: {esc(claim.expected)}")
        if found.get("problem"):
            parts.append(esc(found["problem"]))
        elif not found.get("control_failed"):
            parts.append("control not rejected: this test is blind")
        if found.get("seconds"):
            parts.append(f"took {duration(found['seconds'])}")
        if found.get("date"):
            parts.append(esc(found["date"]))
    why = f'<p class="why">{esc(claim.why)}</p>' if claim.why else ""
    return f"{turning()}{', '.join(parts)} {checker(claim, found)}{why}"
