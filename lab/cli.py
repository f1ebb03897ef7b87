"""The command line. Each command imports what it needs, so that `lab list` starts without torch.

Exit code 0: good. 1: something failed, or a verdict is other than announced. 2: wrong usage.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import math
import os
import re
import string
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from lab.classroom.commands import lessons, rooms

# Errors that a person can mend, told in one line: the command was wrong, or something failed.
_USAGE = ("UnknownName", "ControlError", "RuleError", "RecipeError", "BackendError", "UsageError")
_FAILED = (
    "ExperimentError",
    "SourceError",
    "StoreError",
    "SessionError",
    "ServeError",
    "NetworkError",
    "LessonError",
)
_MANY = 32  # runs for which worker processes are worth their start
_SLICE_S = 0.1  # how often the progress is drawn
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A visual laboratory for iterative algorithms.\n\nStart with: lab serve",
)

Name = Annotated[str, typer.Argument(help="A name of `lab list`, or FILE.py[:Class].")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="K=V", help="A control; may be repeated.")
]
Seed = Annotated[int, typer.Option(min=0, help="Of the keyed random numbers.")]
Steps = Annotated[int | None, typer.Option(min=0, help="Stop after that many steps.")]
Until = Annotated[str | None, typer.Option(metavar="RULE", help="Stop when this holds.")]
Device = Annotated[str, typer.Option(help="cpu, cuda or mps.")]
Family = Annotated[str, typer.Option(metavar="F,F", help="Only these families.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable, on standard output.")]
PresetName = Annotated[str | None, typer.Option(metavar="NAME", help="Controls of a preset.")]
ArmName = Annotated[str | None, typer.Option(metavar="NAME", help="Controls of an arm.")]


class UsageError(ValueError):
    """A command that cannot be carried out as written; the message is one line."""


def main(arguments: list[str] | None = None) -> None:
    """Runs a command and exits; known errors are told in one line."""
    try:
        app(args=arguments, prog_name="lab")
    except KeyboardInterrupt:
        _say("interrupted")
        raise SystemExit(130) from None
    except BrokenPipeError:  # the reader of our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise SystemExit(1) from None
    except Exception as error:
        kind, ours = type(error).__name__, type(error).__module__.startswith("lab.")
        if not ours or kind not in _USAGE + _FAILED:
            raise
        _say(str(error))
        raise SystemExit(2 if kind in _USAGE else 1) from None


@app.command("list", epilog="Example: lab list --family fixed-point --json")
def list_(family: Family = "", as_json: Json = False) -> None:
    """What experiments there are."""
    from lab.store.verdicts import card_of, verdicts

    entries, known = _entries(family), verdicts()
    cards = [card_of(entry, known) for entry in entries]
    if as_json:
        _print_json(cards)
        return
    width = max((len(card["name"]) for card in cards), default=0)
    for entry, card in zip(entries, cards):
        told = entry.broken or f"{card['question']} ({card['verdict'] or 'not checked'})"
        print(f"{card['name']:<{width}}  {told}")


@app.command(epilog="Example: lab run infeasibility-detection --set n=2 --steps 3000 --seed 1")
def run(
    name: Name,
    set_: Set = None,
    seed: Seed = 0,
    steps: Steps = None,
    until: Until = None,
    device: Device = "cpu",
    preset: PresetName = None,
    arm: ArmName = None,
    as_json: Json = False,
) -> None:
    """Run an experiment to its end, or as far as --steps or --until say."""
    entry = _entry(name)
    controls = _controls(entry, set_, preset, arm)
    from lab.engine.session import Session

    session = Session(_what(name, entry), controls, seed, device)
    started = time.perf_counter()
    status = _advance(session, steps, until, quiet=as_json)
    seconds = time.perf_counter() - started
    row = _last_row(session)
    if as_json:
        _print_json(
            {
                "recipe": session.recipe.plain(),
                "status": status,
                "steps": session.head,
                "seconds": round(seconds, 3),
                "final": _jsonable(row),
            }
        )
    else:
        _print_run(entry, session, status, row)
    if status == "failed":
        raise typer.Exit(1)


@app.command(epilog="Example: lab verify --tier standard --seed-offset 4242 --json")
def verify(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...")] = None,
    family: Family = "",
    tier: Annotated[str, typer.Option(help="quick, standard or slow, each with the quicker.")] = (
        "standard"
    ),
    seed_offset: Annotated[int, typer.Option(min=0, help="Moves every seed.")] = 0,
    table: Annotated[
        Path | None, typer.Option(help="Write the verdicts into this table as well.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Judge the claims of experiments, of all of them when none is named."""
    from lab.engine.claim import TIERS
    from lab.engine.suggest import unknown

    if tier not in TIERS:
        raise unknown("tier", tier, TIERS)
    if table is not None and seed_offset:
        raise UsageError("a table holds verdicts without --seed-offset")
    tiers = list(TIERS)[: list(TIERS).index(tier) + 1]
    entries = [_entry(name) for name in names] if names else _entries(family)
    whats = dict(zip((entry.name for entry in entries), names or ()))
    broken = [entry for entry in entries if entry.broken]
    for entry in broken:
        _say(entry.broken)
    todo = [(e, c) for e in entries if not e.broken for c in e.claims if c.tier in tiers]
    found = _judge(todo, whats, seed_offset, as_json)
    if not seed_offset:
        _keep(found, table)
    if as_json:
        _print_json([_verdict_row(record) for record in found])
    surprises = [r for r in found if r["verdict"] != r["announced"]]
    if surprises or broken:
        raise typer.Exit(1)


@app.command(epilog="Example: lab check my_experiment.py")
def check(name: Name) -> None:
    """Try every promise of the contract on an experiment, and say what to change."""
    entry = _entry(name, may_be_broken=True)
    if entry.broken:
        _say(entry.broken)
        raise typer.Exit(1)
    from lab.engine.check import check as findings_of

    findings = findings_of(_what(name, entry))
    for finding in findings:
        mark, tail = ("ok  ", "") if finding.ok else ("FAIL", f": {finding.message}")
        print(f"{mark} {finding.test}{tail}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command(epilog="Example: lab sweep infeasibility-detection --x anchor --y weight --steps 200")
def sweep(
    name: Name,
    x: Annotated[str, typer.Option(help="A control.")],
    y: Annotated[str | None, typer.Option(help="Another control.")] = None,
    points: Annotated[int, typer.Option(min=2, max=200, help="Values along each.")] = 12,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each cell.")] = 1,
    steps: Steps = None,
    until: Until = None,
    set_: Set = None,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Map where two controls lead; the first quantity is drawn."""
    entry = _entry(name)
    controls = _controls(entry, set_)
    from lab.engine.sweep import sweep as sweep_of

    if steps is not None and until is not None:
        raise UsageError("write --steps or --until, not both")
    from lab.engine.rules import steps as budget_of_steps

    stop = until if steps is None else budget_of_steps(steps)
    with contextlib.ExitStack() as stack:
        study = sweep_of(
            _what(name, entry), x, y, points=points, seeds=seeds, stop=stop, device=device,
            controls={k: v for k, v in controls.items() if k not in (x, y)},
            run=_keeping(entry, stack),
        )  # fmt: skip
        with _Progress(f"{entry.name}: {len(study)} runs", len(study), as_json) as tick:
            data = study.run(progress=tick)
    mean = data[entry.measure].mean("seed")
    if as_json:
        _print_json(
            {
                "experiment": entry.name,
                "axes": {axis: list(values) for axis, values in study.axes.items()},
                "seeds": list(study.seeds),
                "measure": entry.measure,
                "values": _jsonable(mean.values.tolist()),
                "status": data["status"].values.tolist(),
                "steps": _jsonable(data["steps"].values.tolist()),
            }
        )
        return
    _print_sweep(entry, study, mean)


@app.command(epilog="Example: lab record infeasibility-detection --steps 3000")
def record(
    name: Name,
    set_: Set = None,
    seed: Seed = 0,
    steps: Steps = None,
    until: Until = None,
    preset: PresetName = None,
    arm: ArmName = None,
    out: Annotated[Path | None, typer.Option(help="A folder; LAB_HOME's by default.")] = None,
    small: Annotated[bool, typer.Option(help="Few pictures, rounded: a file to ship.")] = False,
    studies: Annotated[bool, typer.Option("--studies", help="Its studies instead.")] = False,
) -> None:
    """Record a run, one for each arm, so that its page opens on it at once."""
    entry = _entry(name)
    if studies:
        _record_studies(_what(name, entry), entry, out)
        return
    from lab.engine.session import Session
    from lab.store.recordings import FEW, Recording, default_path, save

    failed = False
    for label in [arm] if arm or not entry.arms else list(entry.arms):
        controls = _controls(entry, set_, preset, label)
        session = Session(_what(name, entry), controls, seed)
        started = time.perf_counter()
        failed |= _advance(session, steps, until, title=label or entry.name) == "failed"
        took = time.perf_counter() - started
        recording = Recording.of(session, entry.hash, took, FEW if small else None)
        path = default_path(recording.recipe)
        print(save(recording, path if out is None else out / path.name, small))
    if failed:
        raise typer.Exit(1)


def _record_studies(what, entry, out: Path | None) -> None:
    """Makes the runs of each study that is drawn, and keeps what its pictures show."""
    from lab.engine.study import Study
    from lab.engine.workers.cells import run_cells
    from lab.store import studies
    from lab.store.cells import cached
    from lab.store.home import recordings_folder

    drawn = [study for study in entry.studies if any(view.of == study for view in entry.views)]
    if not drawn:
        raise UsageError(f"{entry.name} draws no study")
    for study in drawn:
        made = Study(what, study, run=cached(run_cells))
        with _Progress(f"{study}: {len(made)} runs", len(made), quiet=False) as tick:
            made.run(tick)
        path = studies.file_of(out or recordings_folder(), entry.name, study)
        print(studies.save(path, made.dataset().to_dict(), entry.hash))


@app.command(epilog="Example: lab thumbnails, or lab thumbnails progress-measures")
def thumbnails(
    names: Annotated[list[str] | None, typer.Argument(help="Else those that lack one.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="Of each run, unless it ends before.")] = 2_000,
    out: Annotated[Path | None, typer.Option(help="A folder; LAB_HOME's by default.")] = None,
) -> None:
    """Draw the gallery's pictures from short runs; without names those missing or out of date."""
    from lab.store.home import write_text
    from lab.ui.gallery import thumbnails as drawn

    chosen = [_entry(name) for name in names or ()]
    if not names:
        chosen = [e for e in _entries("") if not e.broken and drawn.stale(e)]
    folder = drawn.own_folder() if out is None else out
    for entry in chosen:
        pictures = drawn.make(entry, steps)
        if not pictures:
            _say(f"{entry.name}: no view of it can be drawn so small")
        for place, picture in enumerate(pictures):
            path = drawn.file_of(folder, entry.name, second=place == 1)
            write_text(path, picture + "\n")
            print(path)


@app.command(epilog="Example: lab serve --port 5010")
def serve(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Further files of experiments.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 5006,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that run.")] = None,
    dev: Annotated[bool, typer.Option("--dev", help="Load code again when it is saved.")] = False,
    lan: Annotated[bool, typer.Option("--lan", help="Let a class in from the network.")] = False,
    lan_all: Annotated[
        bool, typer.Option("--lan-all", help="Open every page to the network.")
    ] = False,
    cert: Annotated[
        Path | None, typer.Option(help="A PEM file with certificate and key, for https.")
    ] = None,
) -> None:
    """Open the pages on this machine alone; prints one line with the address."""
    for file in files or ():
        if not file.is_file():
            raise UsageError(f"there is no file {file}")
    gc.disable()  # until the pages are there: nothing that is imported is garbage
    from lab.ui import workforce

    workforce.begin(workers, files or ())
    try:
        from lab.ui.serve import serve as serve_pages
    except ModuleNotFoundError as error:
        _say(f"{error.name} is not installed; pages need: pip install 'iterlab[ui]'")
        raise typer.Exit(1) from None

    serve_pages(port=port, dev=dev, lan=lan, lan_all=lan_all, cert=cert)


app.command(epilog="Example: lab lessons grok, or lab lessons grok --notes > notes.html")(lessons)
app.command(epilog="Example: lab rooms, or lab rooms --old")(rooms)


@app.command(epilog="Example: lab bench --group engine --json")
def bench(
    group: Annotated[str | None, typer.Option(help="engine, contract or page.")] = None,
    peers: Annotated[bool, typer.Option("--peers", help="Beside independent libraries.")] = False,
    classroom: Annotated[bool, typer.Option("--classroom", help="Many visitors.")] = False,
    as_json: Json = False,
) -> None:
    """Measure what this machine gives, as ratios or medians; engine and page by default."""
    from lab.bench import measure

    rows = []
    for row in measure(group, peers=peers, classroom=classroom):
        rows.append(row)
        if not as_json:
            met = {True: "met", False: "NOT met", None: ""}[row["met"]]
            goal = f"(goal {row['goal']:g}) " if row["goal"] is not None else ""
            value = "-" if row["value"] is None else f"{row['value']:.3g}"
            print(f"{row['name']}: {value} {row['unit']} {goal}{met} {row['note']}".rstrip())
    if as_json:
        _print_json(rows)


@app.command(epilog="Example: lab new fixed-point/my-iteration, or lab new my-iteration")
def new(
    name: Annotated[
        str, typer.Argument(help="FAMILY/NAME in a checkout, or NAME for a file here.")
    ],
) -> None:
    """Write a template of an experiment: a whole one, to be replaced piece by piece."""
    *families, own = name.split("/")
    if len(families) > 1 or not all(_NAME.fullmatch(part) for part in (*families, own)):
        raise UsageError(f"{name!r}: small letters, digits and dashes, as in fixed-point/my-map")
    path = Path(own.replace("-", "_") + ".py")
    if families:
        folder = Path("lab") / "experiments"
        if not folder.is_dir():
            raise UsageError("there is no lab/experiments here; go to a checkout, or leave FAMILY/")
        path = folder / families[0].replace("-", "_") / path
    if path.exists():
        raise UsageError(f"{path} exists")
    template = string.Template((Path(__file__).parent / "experiment.template").read_text("utf-8"))
    words = own.split("-")
    text = template.substitute(
        title=" ".join(words).capitalize(), cls="".join(word.capitalize() for word in words)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(path)
    _say(f"next: lab check {own if families else path}")


# -- names and controls ----------------------------------------------------------------------------


def _entries(family: str) -> list:
    """The entries of the families in "F,F"; all of them for an empty text."""
    from lab.engine.registry import catalogue
    from lab.engine.suggest import unknown

    entries = catalogue()
    wanted = [part.strip() for part in family.split(",") if part.strip()]
    known = sorted({entry.family for entry in entries})
    for part in wanted:
        if part not in known:
            raise unknown("family", part, known)
    return [entry for entry in entries if not wanted or entry.family in wanted]


def _entry(name: str, may_be_broken: bool = False):
    from lab.engine.registry import ExperimentError, entry

    found = entry(name)
    if found.broken and not may_be_broken:
        raise ExperimentError(found.broken)
    return found


def _what(name: str, entry) -> str:
    """What a session is made of: a file with its class, else the name."""
    return entry.source if ".py" in name else entry.name


def _controls(entry, assignments, preset=None, arm=None) -> dict:
    from lab.engine.recipe import read_value
    from lab.engine.suggest import unknown

    chosen = {}
    for assignment in assignments or ():
        name, equals, text = assignment.partition("=")
        if not equals:
            raise UsageError(f"--set {assignment}: write name=value")
        if name not in entry.controls:
            raise unknown("control", name, entry.controls)
        chosen[name] = read_value(entry.controls[name], text)
    return entry.controls_for(arm=arm, preset=preset, **chosen)


# -- running ---------------------------------------------------------------------------------------


def _advance(session, steps, until, *, quiet: bool = False, title: str = "") -> str:
    """Runs a session to its end, the rule or the number of steps; returns how it ended."""
    if until is not None:
        session.arm(until, finish=True)
    limit = session.experiment.max_steps if steps is None else steps
    with _Progress(title or session.name, limit, quiet) as tick:
        try:
            while session.head < limit and not session.status.ended:
                session.advance(limit - session.head, budget_s=_SLICE_S)
                tick(session.head)
        except KeyboardInterrupt:
            session.pause()
            return "paused"
    if session.status == "failed":
        _say(session.sentence)
        return "failed"
    return session.ended or "budget"


def _last_row(session) -> dict:
    """What was observed at the head; after a failure, what was recorded last."""
    if session.status != "failed":
        return session.look(session.head).values
    return session.trace.row(-1) if len(session.trace) else {}


def _print_run(entry, session, status: str, row: dict) -> None:
    from lab.terminal import curve

    name = entry.measure
    quantity = entry.quantities[name]
    if name in session.trace.names and session.trace[name].ndim == 1:
        title = f"{name}: {quantity.text}" + (", both axes logarithmic" if quantity.log else "")
        drawn = curve(session.trace.k, session.trace[name], title=title, log=quantity.log)
        if drawn:
            print(drawn)
    for label, value in row.items():
        shown = f"{value:.6g}" if not getattr(value, "ndim", 0) else f"{len(value)} numbers"
        print(f"{label} = {shown}")
    print(f"{entry.name}: {session.sentence or f'{status} after {session.head} steps'}")


def _print_sweep(entry, study, mean) -> None:
    from lab.terminal import shade_map

    log = entry.quantities[entry.measure].log
    axes = list(study.axes.items())
    if len(axes) == 1:
        axes.append(("", ("",)))
    (x, columns), (y, rows) = axes
    values = mean.values.reshape(len(columns), -1).T
    title = f"{entry.measure}; {x} to the right" + (f", {y} up" if y else "")
    print(shade_map(values, columns, rows, title=title, log=log))


# -- verdicts --------------------------------------------------------------------------------------


def _judge(todo, whats, seed_offset: int, as_json: bool) -> list[dict]:
    with contextlib.ExitStack() as stack:
        run = None
        if any(claim.tier != "quick" for _, claim in todo):
            run = _spread(stack)
        return _judge_all(todo, whats, seed_offset, as_json, run)


def _spread(stack: contextlib.ExitStack):
    """Makes the runs of a study in worker processes, kept warm until the stack is left."""
    from lab.engine.workers.cells import run_cells
    from lab.engine.workers.crew import Crew

    crew = Crew()
    stack.callback(crew.shutdown)
    return functools.partial(run_cells, executor=crew)


def _keeping(entry, stack: contextlib.ExitStack):
    """Makes the runs of a sweep and keeps them; many long ones in worker processes."""
    from lab.engine.study import run_here
    from lab.store.cells import cached

    def run(jobs):
        apart = len(jobs) >= _MANY and not entry.batchable
        return (_spread(stack) if apart else run_here)(jobs)

    return cached(run)


def _judge_all(todo, whats, seed_offset: int, as_json: bool, run) -> list[dict]:
    from lab.engine.verdict import verify as judge

    found, started = [], time.perf_counter()
    for i, (entry, claim) in enumerate(todo):
        spent = time.perf_counter() - started
        left = f", about {spent / i * (len(todo) - i):.0f} s left" if i else ""
        _say(f"{i + 1} of {len(todo)}{left}: {entry.name} / {claim.id}")
        what = _what(whats.get(entry.name, entry.name), entry)
        runs = claim.runs.runs
        with _Progress(claim.id, 2 * runs, quiet=False) as tick:
            verdict = judge(
                what,
                claim.id,
                seed_offset=seed_offset,
                run=None if claim.tier == "quick" else run,
                progress=tick,
            )
        record = verdict.to_json()
        found.append(record)
        if record.get("problem"):
            _say(f"{entry.name} / {claim.id}: {record['problem']}")
        if not as_json:
            print(verdict)
    return found


def _verdict_row(record: dict) -> dict:
    """Exactly the fields that `--json` promises."""
    names = ("experiment", "claim", "text", "paper", "tier", "verdict", "announced", "why")
    checks = [
        {name: check[name] for name in ("id", "measured", "interval", "expect", "result")}
        for check in record["checks"]
    ]
    return {
        **{name: record[name] for name in names},
        "checks": checks,
        **{name: record[name] for name in ("seeds", "control_failed", "seconds")},
    }


def _keep(found: list[dict], table: Path | None) -> None:
    from lab.store import verdicts
    from lab.store.home import StoreError

    try:
        verdicts.add(found)
    except StoreError as error:
        _say(f"the verdicts are not kept: {error}")
    if table is not None:
        before = verdicts.read_table(table) if table.exists() else []
        verdicts.write_table(table, found, keep=before)


# -- output ----------------------------------------------------------------------------------------


class _Progress:
    """A bar on standard error with the remaining time; silent when quiet or not a terminal."""

    def __init__(self, title: str, total: int, quiet: bool):
        self._bar = None
        if not quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

            columns = ("{task.description}", BarColumn(), MofNCompleteColumn())
            console = Console(stderr=True)
            self._bar = Progress(*columns, TimeRemainingColumn(), console=console, transient=True)
            self._task = self._bar.add_task(title, total=total)

    def __enter__(self):
        if self._bar:
            self._bar.start()
        return self._tick

    def __exit__(self, *error):
        if self._bar:
            self._bar.stop()

    def _tick(self, done: int, total: int | None = None) -> None:
        if self._bar:
            self._bar.update(self._task, completed=done, total=total)


def _say(text: str) -> None:
    print(f"lab: {text}", file=sys.stderr)


def _print_json(value) -> None:
    print(json.dumps(value, allow_nan=False, ensure_ascii=False, indent=1))


def _jsonable(value: Any) -> Any:
    """JSON has no infinite numbers: those become text, and nan becomes null."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {name: _jsonable(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_jsonable(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value


if __name__ == "__main__":
    main()
