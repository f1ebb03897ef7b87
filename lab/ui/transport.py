"""The transport: the lower edge of the stage, and the sheet with the rest of it on a phone."""

from __future__ import annotations

from lab.ui.markup import esc, icon
from lab.ui.speeds import SPEEDS

TIP = "To watch: it begins with a few steps a second, then faster and faster"
WORDS = {"evals": "evaluation", "evaluations": "evaluation"}
MOST_AXES = 5


def transport(entry) -> str:
    """Run, steps, until, the seek track, meters, speed and the cost axis."""
    return f"""<section class="transport" aria-label="Transport"><h2
 class="sr">Transport, pictures</h2><div class="btns">
<button class="run" data-do="primary"><svg viewBox="0 0 12 12" aria-hidden="true"><path
 d="M1.5 0l10 6-10 6z"/></svg><span>Run</span></button>
<button class="ib" data-do="step" data-n="1" title="One step (.)">{icon("step")}<span
 class="sr">One step</span></button>
<button class="ib no-s" data-do="step" data-n="10" title="Ten steps (Shift .)">×10</button>
<span class="pop no-s"><button class="ib" data-do="until-menu" aria-haspopup="dialog"
 aria-expanded="false" title="Run until something happens (u)">until…</button><div
 class="menu" role="dialog" aria-label="Run until" hidden>{_until(entry)}</div></span>
<button class="ib" data-do="again" title="Start again, same seed (r)">{icon("again")}<span
 class="sr">Start again</span></button>
<button class="ib no-s" data-do="reseed" title="Start again with a new seed">{icon("seed")}<span
 class="sr">New seed</span></button>
<button class="ib" data-do="branch" title="Branch from here (b)">{icon("branch")}<span
 class="sr">Branch from here</span></button></div>
<button class="ib only-s" data-do="more" aria-haspopup="dialog">{icon("more")}<span
 class="sr">More</span></button>
<div class="seek" role="slider" tabindex="0" aria-label="Step" aria-valuemin="0"
 aria-valuemax="0" aria-valuenow="0" aria-valuetext="step 0"></div>
<div class="meters"><div class="meter say"><b><span class="kflag">0</span></b><span
 class="status"><svg viewBox="0 0 10 10" aria-hidden="true"></svg><span>preparing</span></span>
</div>
<div class="meter no-s"><b class="rate">–</b>steps/s</div>
<div class="meter no-s"><label>speed<b>{_speed()}</b></label></div>
<div class="meter no-s wide-only">{_axes(entry)}</div></div>{_sheet(entry)}</section>"""


def _sheet(entry) -> str:
    """What has no room beside Run on a phone."""
    return f"""<dialog class="sheet rest" aria-label="More"><div class="row">
<button class="ib" data-do="step" data-n="10">×10</button>
<button class="ib" data-do="reseed">{icon("seed")}New seed</button>
<button class="ib" data-do="numbers">Numbers</button></div>
<h2>Run until</h2>{_until(entry)}<h2>Speed</h2>{_speed()}
<h2>Cost axis</h2>{_axes(entry, keys=False)}
<div class="row end"><button class="ib" data-do="close">Close</button></div></dialog>"""


def _speed() -> str:
    options = "".join(
        f'<option value="{name}">{text}</option>' for name, (text, _) in SPEEDS.items()
    )
    return f'<select data-do="speed" aria-label="Speed" title="{TIP}">{options}</select>'


def _axes(entry, keys: bool = True) -> str:
    axes = [("k", "iteration", "i")]
    axes += [(a, _word(entry, a), "e" if n == 0 else "") for n, a in enumerate(entry.axes)]
    axes.append(("seconds", "second", "s"))
    buttons = "".join(
        f'<button data-do="axis" data-name="{esc(name)}" aria-pressed="{str(name == "k").lower()}"'
        f"{f' data-key={key}' if key and keys else ''}>{esc(word)}</button>"
        for name, word, key in axes[:MOST_AXES]
    )
    return f'<div class="seg" role="group" aria-label="Cost axis">{buttons}</div>'


def _until(entry) -> str:
    events = "".join(
        f'<button class="ev" data-do="until" data-event="{esc(name)}" title="{esc(text)}">'
        f"{esc(name)}</button>"
        for name, text in entry.events.items()
    )
    names = [n for n, q in entry.quantities.items() if not q.dim][:8]
    sample = f"{names[0]} < 1e-6" if names else "k > 100"
    return (
        '<div class="until">'
        + (f'<div class="row">{events}</div>' if events else "")
        + '<form data-form="until"><input name="rule" maxlength="200" autocomplete="off" '
        f'spellcheck="false" aria-label="Run until" placeholder="{esc(sample)}">'
        '<button class="ib">Go</button></form>'
        f"<small>{esc(', '.join(['k', *names]))}</small></div>"
    )


def _word(entry, axis: str) -> str:
    if axis in WORDS:
        return WORDS[axis]
    return entry.quantities[axis].text.split()[0] if axis in entry.quantities else axis
