"""The verdict beside the question: disc, word, number, and the ruler that shows it at a glance.

Grey is where the claim puts the number, the dot is what was measured, the bar its 95 % interval,
the cross the control, which must lie outside.
"""

from __future__ import annotations

import math

from lab.ui.markup import disc, esc, turning
from lab.views.numerals import number

NOT_CHECKED = "not checked for this version"
WIDTH = 420  # px, for keeping labels apart; the ruler itself stretches


def expectation(low: float | None, high: float | None) -> str:
    """An expected region in words: "≤ −0.95", "0.85 to 1.15"; None where it is open."""
    if low is None and high is None:
        return "any"
    if low is None:
        return f"≤ {number(high)}"
    if high is None:
        return f"≥ {number(low)}"
    return f"{number(low)} to {number(high)}"


def spoken(claim, verdict: dict | None) -> str:
    """The verdict in one sentence, for a screen reader."""
    if verdict is None:
        return f"Claim: {claim.text}. It is {NOT_CHECKED}."
    check = main_check(claim, verdict)
    measured = f" Measured {check['label']} {number(check['measured'])}." if check else ""
    control = "rejected, as it must be" if verdict.get("control_failed") else "not rejected"
    return (
        f"Claim {verdict['verdict']}: {claim.text}.{measured} "
        f"{_seeds(verdict)}. The control is {control}."
    )


def main_check(claim, verdict: dict | None) -> dict | None:
    """The check that the head shows: the first main one, with numbers where there are any."""
    chosen = next((c for c in claim.checks if c.main), claim.checks[0] if claim.checks else None)
    if chosen is None:
        return None
    record = verdict or {}
    judged = _judged(record.get("checks"), chosen.id)
    return {
        "label": called(chosen),
        "low": chosen.low,
        "high": chosen.high,
        "measured": as_number(judged.get("measured")),
        "interval": [as_number(v) for v in judged.get("interval") or ()],
        "control": as_number(_judged(record.get("control_checks"), chosen.id).get("measured")),
    }


def called(check) -> str:
    """What a check measures; of a share of the seeds also what each of them must meet."""
    name = check.label or check.id
    if check.each is None or name == "share of seeds":
        return name
    return f"share with {name} {expectation(*check.each)}"


def as_number(value) -> float | None:
    """A number of a stored verdict, where infinite ones are written as texts."""
    return None if value is None else float(value)


def _judged(checks, id: str) -> dict:
    return next((c for c in checks or () if c["id"] == id), {})


def row(claim, verdict: dict | None, more: int = 0) -> str:
    """The line with disc, word, number, seeds and control."""
    also = f'<span class="also">+{more} more</span>' if more else ""
    if verdict is None:
        return f'<div class="vrow">{disc(None)}<span class="word">{NOT_CHECKED}</span>{also}</div>'
    word = verdict["verdict"]
    parts = [disc(word), f'<span class="word">{esc(word)}</span>']
    if verdict.get("announced") and word != "holds" and word == verdict["announced"]:
        parts.append("<span>as announced</span>")
    check = main_check(claim, verdict)
    if check and check["measured"] is not None:
        parts.append(
            f'<span class="cut">{esc(check["label"])}</span>'
            f'<span class="num">{number(check["measured"])}</span>'
        )
    if verdict.get("seeds"):
        parts.append(f"<span>{_seeds(verdict)}</span>")
    if check and check["control"] is not None:
        parts.append(f"<span>control {number(check['control'])}</span>")
    elif "control_failed" in verdict:
        parts.append(
            f"<span>control {'rejected' if verdict['control_failed'] else 'passes'}</span>"
        )
    parts.append(also)
    return f'<div class="vrow">{"".join(parts)}</div>'


def ruler(check: dict | None) -> str:
    """The ruler of one check; empty where there is nothing to place on it."""
    if check is None:
        return ""
    low, high, measured = check["low"], check["high"], check["measured"]
    interval = [v for v in check["interval"] if _finite(v)]
    bounds = [v for v in (low, high) if _finite(v)]
    known = [v for v in (measured, check["control"], *interval, *bounds) if _finite(v)]
    if not known:
        return ""
    place = _scale(known, low is not None, high is not None)
    left = 0.0 if low is None else place(low)
    right = 100.0 if high is None else place(high)
    parts = [
        '<i class="axis"></i>',
        f'<i class="region" style="left:{left:.2f}%;width:{max(right - left, 0.6):.2f}%"></i>',
    ]
    parts += [f'<i class="tick" style="left:{place(v):.2f}%"></i>' for v in bounds]
    labels = []
    if len(interval) == 2:
        a, b = sorted(min(max(place(v), 0), 100) for v in interval)
        parts.append(f'<i class="ci" style="left:{a:.2f}%;width:{max(b - a, 0):.2f}%"></i>')
    if _finite(check["control"]):
        x = place(check["control"])
        parts.append(
            f'<svg style="left:{x:.2f}%" width="9" height="9" viewBox="0 0 9 9"><path '
            'd="M.7.7l7.6 7.6M.7 8.3L8.3.7" stroke="var(--ink)" stroke-width="1.8"/></svg>'
        )
        labels.append((x, f"control {number(check['control'])}", ""))
    if _finite(measured):
        x = place(measured)
        parts.append(f'<i class="dot" style="left:{x:.2f}%"></i>')
        labels.append((x, number(measured), "b"))
    text = f"expected {expectation(low, high)}"
    edges = (
        [right] if low is None else [left] if high is None else [(left + right) / 2, left, right]
    )
    # whatever edge leaves the other numbers, the measured one first, nearest to their marks
    best = min((_labels([*labels, (edge, text, "")]) for edge in edges), key=_displaced)
    parts += [
        f'<span style="left:{start:.2f}%">{f"<b>{text}</b>" if bold else text}</span>'
        for start, _, text, bold, _ in best
    ]
    return f'<div class="ruler" aria-hidden="true">{"".join(parts)}</div>'


def verdict(
    claim, found: dict | None, more: int = 0, check: str = "", evidence: str = "#evidence"
) -> str:
    """The whole block beside the question, linking to the evidence.

    Parameters
    ----------
    more : int
        How many further claims there are.
    check : str
        HTML of the button that checks it again.
    evidence : str
        Where the link goes, as HTML.
    """
    return (
        f'<div class="vbox{" checkable" if check else ""}">'
        f'<a class="verdict" href="{evidence}" aria-label="{esc(spoken(claim, found))}">'
        f"{row(claim, found, more)}"
        f'<div class="claimtxt">{esc(claim.text)}</div>'
        f"{ruler(main_check(claim, found))}</a>{check and turning() + check}</div>"
    )


def _seeds(verdict: dict) -> str:
    n = verdict.get("seeds", 0)
    return f"{n} seed{'' if n == 1 else 's'}"


def _finite(value) -> bool:
    return value is not None and math.isfinite(value)


def _scale(known, low_end: bool, high_end: bool):
    """Value -> percent across; logarithmic when everything is positive and spreads far."""
    a, b = min(known), max(known)
    if a > 0 and b / a > 50:
        inner = _scale([math.log(v) for v in known], low_end, high_end)
        return lambda v: inner(math.log(v)) if v > 0 else 0.0
    span = (b - a) or abs(a) or 1.0
    # room for the open side of the region, so that grey is seen on both sides of its edge
    a, b = a - span * (0.12 if low_end else 0.3), b + span * (0.12 if high_end else 0.3)
    return lambda v: 100 * (v - a) / (b - a)


def _labels(labels) -> list[list]:
    """[start, width, text, bold, wanted start] in percent, pushed apart so that none is covered."""
    placed, end = [], -10.0
    for x, text, bold in sorted(labels):
        width = 100 * (len(text) * 6.0 + 8) / WIDTH
        start = max(x - width / 2, end)
        placed.append([start, width, text, bold, x - width / 2])
        end = start + width + 1
    limit = 101.0
    for entry in reversed(placed):  # what was pushed over the right edge pushes back
        entry[0] = max(min(entry[0], limit - entry[1]), -1.0)
        limit = entry[0] - 1
    return placed


def _displaced(placed) -> tuple[float, float]:
    moved = [(bool(bold), abs(start - wanted)) for start, _, _, bold, wanted in placed]
    return sum(m for bold, m in moved if bold), sum(m for _, m in moved)
