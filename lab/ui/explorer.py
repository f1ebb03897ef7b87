"""The explorer: one experiment, live. It connects the page's frame, the runs and the pictures.

Everything that touches Bokeh happens under the document's lock, in one callback of which one is
pending at most: frames that come meanwhile wait and are taken together.
"""

from __future__ import annotations

import csv
import io
import math
from threading import Lock

import panel as pn

from lab.engine.controls import ControlError
from lab.engine.recipe import Edit, Recipe, RecipeError
from lab.engine.rules import RuleError, rule
from lab.engine.suggest import UnknownName
from lab.ui import address, chrome
from lab.ui.lanes import MOST, Run, lane_choice, members
from lab.ui.markup import esc, table
from lab.ui.shell import Shell
from lab.ui.words import Wording, together
from lab.views.base import Lane, Shared, make
from lab.views.numerals import count, number

REST_MS = 150  # so long at rest, and the cursor asks for the exact picture
REPLAY_S = 2.0  # a link computes no longer than this before a click
STILL_HZ, LIVE_HZ = 2, 20
FIRST_TRACK = 100  # steps that the track shows before anything has run


class Explorer:
    """One experiment's page.

    Parameters
    ----------
    entry : registry Entry
    opening : Opening
        What the link asked for.
    new_session : callable
        `new_session(entry, controls, seed, device, dtype, edits) -> RemoteSession`.
    verdicts : dict
        Claim id -> verdict for this version of the code.
    bars : str
        HTML of lines to show above the page.
    whole : bool
        Whether the page is ours alone; False in a notebook.
    dark : bool
    """

    def __init__(
        self, entry, opening, new_session, *, verdicts=None, bars="", whole=True, dark=False
    ):
        self.entry, self._new_session = entry, new_session
        self.seed = opening.recipe.seed
        self.device, self.dtype = opening.recipe.device, opening.recipe.dtype
        self.values = dict(opening.recipe.controls)
        self.arm = lane_choice(entry, opening.arm)
        self.axis, self.preset = opening.axis, opening.preset
        self.k, self._follow = 0, True
        self.runs: list[Run] = []
        self._document = pn.state.curdoc
        self._pending, self._lock = False, Lock()
        self._shown: dict = {}
        self._rest = 0
        self._looks: list = []
        self._end = FIRST_TRACK
        self._speed, self._pump = 0, None
        self._numbers = False
        self._closed = self._visible = False
        self._wanted_k = opening.k
        self._replaying = False
        self._frames_hz = LIVE_HZ
        self.shared = Shared(entry, dark=dark)
        self.renderers = [make(view, entry, self.shared) for view in entry.views]
        self.shell = Shell(
            self._heard,
            html=chrome.explorer(
                entry,
                self.renderers,
                values=self._shown_values(),
                seed=self.seed,
                arm=self.arm,
                preset=self.preset,
                verdicts=verdicts or {},
                bars=bars,
            ),
            pictures=[renderer.element for renderer in self.renderers],
            cursor=self.shared.cursor.id,
            whole=whole,
            sizing_mode="stretch_width",
            margin=0,
        )
        self._start_runs(edits=opening.recipe.edits)
        if self.axis != "k":
            for renderer in self.renderers:
                renderer.axis(self.axis)

    def __panel__(self):
        return self.shell

    # -- runs ----------------------------------------------------------------------------------

    def _start_runs(self, edits=()) -> None:
        """New runs from step 0, with the controls as they stand."""
        for run in self.runs:
            run.close()
        self.runs = [
            self._run(label, arm, style, edits)
            for label, arm, style in members(self.entry, self.arm)
        ]
        self.k, self._follow, self._end = 0, True, FIRST_TRACK
        self._relane()

    def _run(self, label, arm, style, edits=()) -> Run:
        fixed = self.entry.arms.get(arm, {})
        session = self._new_session(
            self.entry, {**self.values, **fixed}, self.seed, self.device, self.dtype,
            [e for e in edits if Edit(*e).control not in fixed],
        )  # fmt: skip
        session.frames(self._frames_hz)
        return Run(session, label, arm, style, False, self._wake)

    def _relane(self) -> None:
        """Tells every picture which runs there are; they draw what is there already."""
        lanes = [
            Lane(
                label=run.label, style=run.style, dotted=run.dotted, trace=run.trace,
                pictures=run.pictures, head=run.head, status=str(run.status),
            )
            for run in self.runs
        ]  # fmt: skip
        for renderer in self.renderers:
            renderer.set_lanes(lanes)
            renderer.cursor(self.k, None)
        self._wake()

    def close(self) -> None:
        """Frees the runs; the page is gone."""
        self._closed = True
        self._stop_pump()
        for look in self._looks:
            look.cancel()
        for run in self.runs:
            run.close()
        self.runs = []

    @property
    def head(self) -> int:
        """The step that every run that goes on has reached; the furthest when none does."""
        going = [run.head for run in self.runs if run.running]
        return min(going) if going else self.furthest

    @property
    def furthest(self) -> int:
        return max((run.head for run in self.runs), default=0)

    @property
    def running(self) -> bool:
        return any(run.running for run in self.runs)

    # -- frames: reader thread -> document -----------------------------------------------------

    def _wake(self) -> None:
        """Asks for one update under the document's lock; from any thread."""
        with self._lock:
            if self._pending or self._closed:
                return
            self._pending = True
        if self._document is None or self._document.session_context is None:
            self._update()  # no server: a notebook or a test
        else:
            self._document.add_next_tick_callback(self._update)

    def _update(self) -> None:
        with self._lock:
            self._pending = False
        if self._closed:
            return
        for i, run in enumerate(self.runs):
            for frame in run.take():
                for renderer in self.renderers:
                    renderer.feed(i, frame)
                if frame.notice:
                    self.shell.tell(say={"text": frame.notice, "name": f"notice{i}"})
        if self._wanted_k:
            self._go_to_wanted()
        if self._follow and self.k != self.head:
            self.k = self.head
            for renderer in self.renderers:
                renderer.cursor(self.k, None)
        self._tell()

    def _go_to_wanted(self) -> None:
        """A link names a step: it is computed at once when that is quick, else behind a click."""
        k, reached = self._wanted_k, all(r.head >= self._wanted_k or not r.alive for r in self.runs)
        if reached:
            self._wanted_k, self._replaying = 0, False
            self._seek(k)
        elif not self._replaying and all(r.session.trace.k.size for r in self.runs):
            self._replaying = True
            self._until_step(k)
            self._document.add_timeout_callback(self._replay_timeout, int(REPLAY_S * 1000))

    def _replay_timeout(self) -> None:
        if not self._wanted_k:
            return
        k, self._wanted_k = self._wanted_k, 0
        self._replaying = False
        for run in self.runs:
            run.session.stop()
        self._late = k
        self.shell.tell(
            say={
                "text": f"The link stands at step {count(k)}; getting there takes longer.",
                "button": f"Replay to {count(k)}",
                "do": "replay",
                "name": "replay",
            }
        )

    def _tell(self, **more) -> None:
        """Sends the page what has changed since it was last told."""
        word = self._word()
        rates = [run.session.rate for run in self.runs if run.running and not run.slow]
        state = {
            "k": self.k,
            "head": self.furthest,
            "end": self._track_end(),
            "marks": self._marks(),
            "ended": self._ending(),
            "status": vars(word),
            "rate": _three(min(rates)) if rates else 0,
            "follow": self._follow,
        }
        if not self.running:
            state["query"] = self._query()
            more.setdefault("summaries", self._summaries())
        elif self._visible and self.furthest:
            more.setdefault("summaries", self._summaries())
        changed = {key: value for key, value in state.items() if self._shown.get(key) != value}
        self._shown.update(changed)
        if more.get("summaries") == self._shown.get("summaries"):
            more.pop("summaries", None)
        else:
            self._shown["summaries"] = more.get("summaries")
        if changed:
            more["state"] = changed
        if more:
            self.shell.tell(**more)

    def _word(self) -> Wording:
        if self._replaying and self._wanted_k:
            return Wording(
                "play", f"replaying to {count(self._wanted_k)}", "Pause", "pause", "pause"
            )
        return together(self.runs)

    def _track_end(self) -> int:
        """The track's last step: 1, 2 or 5 times a power of ten; it grows and never shrinks."""
        need = max(self.furthest * 1.02, self._wanted_k, FIRST_TRACK)
        if need > self._end:
            scale = 10 ** math.floor(math.log10(need))
            self._end = next(m * scale for m in (1, 2, 3, 6, 10) if m * scale >= need)
        return min(self._end, max(self.entry.max_steps, 1))

    def _ending(self) -> str:
        if not self.runs or self.running:
            return ""
        ended = {run.ended for run in self.runs}
        if ended & {"diverged", "error"}:
            return "diverged"
        return "end" if all(ended) else ""

    def _marks(self) -> list:
        """Ticks on the track: edits as flags, changes of stage, events."""
        marks = []
        for run in self.runs:
            marks += [(e.step, "edit", f"{e.control} {_value(e.new)}") for e in run.session.edits]
            marks += [(k, "stage", self._stage_word(name)) for k, name in run.trace.stages if k]
            marks += [(k, "event", name) for name, k in run.trace.events.items() if k]
        return [list(mark) for mark in dict.fromkeys(marks)][:200]

    def _stage_word(self, name: str) -> str:
        return self.entry.stages.get(name) or name

    def _summaries(self) -> list:
        return [renderer.summary() for renderer in self.renderers]

    # -- messages from the page ----------------------------------------------------------------

    def _heard(self, message) -> None:
        """One message of the page; under the document's lock."""
        if not isinstance(message, dict) or self._closed:
            return
        act = getattr(self, f"_on_{str(message.get('do')).replace('-', '_')}", None)
        if act is None:
            return
        try:
            act(message)
        except (UnknownName, ControlError, RuleError, RecipeError) as error:
            self.shell.tell(say={"text": str(error), "name": "refused"})

    def _on_hello(self, message) -> None:
        """The page is there (again): it hears everything."""
        self._shown = {}
        self._visible = bool(message.get("on", True))
        if message.get("still"):
            self._frames_hz = STILL_HZ
        self._set_rate()
        self._on_theme(message)
        self._tell(pong=True, pressed=self._pressed(), controls=self._plain_values())

    def _on_visible(self, message) -> None:
        self._visible = bool(message.get("on"))
        self._set_rate()

    def _set_rate(self) -> None:
        for run in self.runs:
            run.session.frames(self._frames_hz if self._visible else 0)

    def _on_theme(self, message) -> None:
        dark = bool(message.get("dark"))
        if dark != self.shared.dark:
            self.shared.dark = dark
            for renderer in self.renderers:
                renderer.theme(dark)

    def _on_run(self, message=None) -> None:
        self._follow, self._wanted_k = True, 0
        if self._speed:
            self._start_pump()
        else:
            for run in self.runs:
                if run.alive:
                    run.session.start()
        self._wake()

    def _on_pause(self, message=None) -> None:
        self._stop_pump()
        self._wanted_k, self._replaying = 0, False
        for run in self.runs:
            run.session.stop()
        self._wake()

    def _on_step(self, message) -> None:
        n = min(max(int(message.get("n", 1)), 1), 1_000)
        self._on_pause()
        self._follow = True
        for run in self.runs:
            if run.alive:
                run.session.start(steps=n)

    def _until_step(self, k: int) -> None:
        for run in self.runs:
            if run.alive and run.head < k:
                run.session.start(steps=k - run.head)

    def _on_until(self, message) -> None:
        """Runs until an event of the experiment, or a rule that a person typed."""
        event = message.get("event")
        text = self.entry.events.get(event, "") if event else str(message.get("rule", ""))
        try:
            found = rule(text)
            unknown_names = set(found.names) - set(self.entry.quantities) - {"k"}
            if unknown_names:
                from lab.engine.suggest import unknown

                raise unknown("quantity", sorted(unknown_names)[0], [*self.entry.quantities, "k"])
        except (RuleError, UnknownName, ValueError) as error:
            self.shell.tell(until=str(error))
            return
        self._follow = True
        for run in self.runs:
            if run.alive:
                run.session.start(until=found.text)
        self.shell.tell(until="")

    def _on_again(self, message=None) -> None:
        was_running, ended = self.running, not any(run.alive for run in self.runs)
        self._stop_pump()
        self._wanted_k = 0
        branches = [run for run in self.runs if run.dotted]
        for run in branches:
            run.close()
        self.runs = [run for run in self.runs if not run.dotted]
        for run in self.runs:
            run.session.reset()
            run.take()
        self.k, self._follow, self._end = 0, True, FIRST_TRACK
        self._relane()
        if was_running or ended:
            self._on_run()

    def _on_reseed(self, message) -> None:
        seed = message.get("seed", self.seed + 1)
        if not isinstance(seed, int) or not 0 <= seed < 2**63:
            raise ControlError("seed is a whole number from 0 up")
        self.seed = seed
        self._restart()

    def _restart(self, run: bool | None = None) -> None:
        """New runs because a control that starts again has changed."""
        going = self.running if run is None else run
        self._stop_pump()
        self._wanted_k = 0
        self._start_runs()
        self.shell.tell(controls=self._plain_values(), pressed=self._pressed())
        if going:
            self._on_run()

    def _on_preset(self, message) -> None:
        name = message.get("name")
        self.values = self.entry.controls_for(preset=name)
        self.preset = name
        self._restart(run=True)

    def _on_arm(self, message) -> None:
        name = message.get("name")
        if name != "all" and name not in self.entry.arms:
            return
        self.arm = name
        self._restart()

    def _on_axis(self, message) -> None:
        name = message.get("name")
        if name not in ("k", "seconds", *self.entry.axes):
            return
        self.axis = name
        for renderer in self.renderers:
            renderer.axis(name)
        self.shell.tell(pressed=self._pressed())
        self._tell()

    def _on_speed(self, message) -> None:
        speed = message.get("hz")
        self._speed = min(max(int(speed), 0), 1_000) if isinstance(speed, (int, float)) else 0
        if self.running:
            self._on_pause()
            self._on_run()

    def _on_branch(self, message=None) -> None:
        """A branch of every run at the cursor; it keeps its method's colour, dotted."""
        if not self._room(1):
            return
        k = self.k
        for run in [run for run in self.runs if not run.dotted][: MOST - len(self.runs)]:
            self._add_branch(run, run.session.fork(min(k, run.head)))
        self._relane()
        self._seek(k)

    def _room(self, n: int) -> bool:
        if len(self.runs) + n <= MOST:
            return True
        self.shell.tell(
            say={
                "text": f"A page holds {MOST} runs at most. Start again frees them.",
                "name": "room",
            }
        )
        return False

    def _add_branch(self, run: Run, session) -> None:
        session.frames(self._frames_hz if self._visible else 0)
        number = sum(other.style == run.style and other.dotted for other in self.runs) + 1
        label = f"{run.label} branch" + (f" {number}" if number > 1 else "")
        self.runs.append(Run(session, label, run.arm, run.style, True, self._wake))

    def _on_replay(self, message=None) -> None:
        self.shell.tell(say={"name": "replay", "text": ""})
        self._follow = True
        self._until_step(getattr(self, "_late", 0))

    def _on_back(self, message=None) -> None:
        """After a fault: the cursor goes to the last step whose picture is kept."""
        faulty = [run for run in self.runs if not run.alive] or self.runs
        self._seek(min(run.good for run in faulty))

    def _on_seek(self, message) -> None:
        k = message.get("k")
        if isinstance(k, int):
            self._wanted_k = 0
            self._seek(k, tell=False)
        self.shell.tell(sought=True)

    def _seek(self, k: int, tell: bool = True) -> None:
        """Moves the cursor; nothing that was computed changes."""
        self.k = max(0, min(int(k), self.furthest))
        self._follow = self.k >= self.head
        for run in self.runs:
            run.session.seek(self.k)
        for renderer in self.renderers:
            renderer.cursor(self.k, None)
        self._rest += 1
        if self._document is not None and self._document.session_context is not None:
            rest = self._rest
            self._document.add_timeout_callback(lambda: self._rested(rest), REST_MS)
        if tell:
            self._shown.pop("k", None)
            self._tell()

    def _rested(self, rest: int) -> None:
        """The cursor has rested: the exact picture is replayed, unless it has moved again."""
        if rest != self._rest or self._closed:
            return
        for look in self._looks:
            look.cancel()
        self._looks = []
        if not self.running:
            self._tell(controls=self._plain_values())
            if self._numbers:
                self._send_numbers()
        if not any(run.pictures.ks for run in self.runs):
            return
        k = self.k
        exact: dict = {}

        def done(i, future):
            if future.cancelled() or future.exception() is not None:
                return
            exact[i] = future.result().picture

            def show():
                if rest == self._rest and not self._closed and not self._follow:
                    for renderer in self.renderers:
                        renderer.cursor(k, dict(exact))

            self._document.add_next_tick_callback(show)

        for i, run in enumerate(self.runs):
            if k < run.head:
                look = run.session.look(k)
                self._looks.append(look)
                look.add_done_callback(lambda future, i=i: done(i, future))

    def _on_set(self, message) -> None:
        """A control moved: a live one acts at the next step, another starts new runs."""
        name, value = message.get("name"), message.get("value")
        spec = self.entry.controls.get(name)
        if spec is None:
            self.shell.tell(set_done=True)
            return
        try:
            value = spec.check(_from_page(spec, value))
        except (ControlError, TypeError, IndexError, ValueError) as error:
            self.shell.tell(
                set_done=True,
                controls={name: _to_page(spec, self._shown_values()[name])},
                refused={"name": name, "text": str(error)},
            )
            return
        if not spec.live:
            if value != self.values[name]:
                self.values[name] = value
                self.preset = None
                self._restart()
        else:
            self._set_live(name, value)
        self.shell.tell(set_done=True, pressed=self._pressed())

    def _set_live(self, name: str, value) -> None:
        if not self.furthest:
            self.values[name] = value  # nothing has run: it is how the run starts
        branches = []
        for run in list(self.runs):
            if run.dotted and not self._follow:
                continue
            if name in self.entry.arms.get(run.arm, {}) or not run.alive and self._follow:
                continue
            if self._follow:
                run.session.seek(run.head)
            elif len(self.runs) + len(branches) >= MOST:
                self._room(1)
                break
            after = run.session.set(**{name: value})
            if after is not run.session:
                branches.append((run, after))
        for run, session in branches:
            self._add_branch(run, session)
        if branches:
            self._relane()
        self.preset = None
        self.shell.tell(controls={name: _to_page(self.entry.controls[name], value)})
        self._wake()

    # -- running at a speed that a person chose ------------------------------------------------

    def _start_pump(self) -> None:
        self._stop_pump()
        for run in self.runs:
            run.slow = run.alive
        hz = min(self._speed, 10)
        steps = max(self._speed // 10, 1)

        def pump():
            alive = [run for run in self.runs if run.alive]
            for run in alive:
                run.session.start(steps=steps)
            if not alive:
                self._stop_pump()
                self._wake()

        self._pump = self._document.add_periodic_callback(pump, int(1000 / hz))
        pump()

    def _stop_pump(self) -> None:
        for run in self.runs:
            run.slow = False
        if self._pump is not None:
            pump, self._pump = self._pump, None
            self._document.remove_periodic_callback(pump)

    # -- what the page can take away -----------------------------------------------------------

    def _recipe(self) -> Recipe:
        first = self.runs[0].session if self.runs else None
        return Recipe(
            self.entry.name, self.values, self.seed, self.device, self.dtype,
            tuple(first.edits) if first else (),
        )  # fmt: skip

    def _query(self) -> str:
        shown = self.arm if self.arm != lane_choice(self.entry, None) else None
        try:
            return address.query(self._recipe(), self.entry, k=self.k, arm=shown, axis=self.axis)
        except RecipeError:
            return f"name={self.entry.name}"

    def _on_copy_python(self, message=None) -> None:
        self.shell.tell(copy=self.python(), what="Python")

    def python(self) -> str:
        """The lines that reproduce the run that stands first."""
        run = self.runs[0].session
        fixed = self.entry.arms.get(self.runs[0].arm, {})
        full = {**self.values, **fixed}
        differs = {n: v for n, v in full.items() if v != self.entry.controls[n].default}
        lines = [
            "import lab",
            f"session = lab.Session({self.entry.name!r}, controls={differs!r}, seed={self.seed})",
        ]
        at = 0
        for edit in run.edits:
            if edit.step > at:
                lines.append(f"session.advance({edit.step - at})")
                at = edit.step
            lines.append(f"session.set({edit.control}={edit.new!r})")
        if run.head > at:
            lines.append(f"session.advance({run.head - at})")
        return "\n".join(lines) + "\n"

    def _on_csv(self, message=None) -> None:
        name = f"{self.entry.name}-seed-{self.seed}.csv"
        self.shell.tell(save={"name": name, "text": self.csv(), "type": "text/csv"})

    def csv(self) -> str:
        """Every recorded scalar of every run, one row for each recorded step."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        scalars = [n for n in self.entry.quantities if not self.entry.quantities[n].dim]
        writer.writerow(["run", "k", *scalars])
        for run in self.runs:
            trace = run.trace
            names = [n for n in scalars if n in trace]
            for i, k in enumerate(trace.k):
                row = [repr(float(trace[n][i])) if n in names else "" for n in scalars]
                writer.writerow([run.label, int(k), *row])
        return out.getvalue()

    def _on_numbers(self, message) -> None:
        self._numbers = bool(message.get("on"))
        self._send_numbers()

    def _send_numbers(self) -> None:
        if not self._numbers:
            self.shell.tell(numbers="")
            return
        parts = []
        for renderer in self.renderers:
            columns, rows = renderer.numbers()
            right = range(1, len(columns))
            shown = [[_cell(v) for v in row] for row in rows[:200]]
            parts.append(
                f'<section tabindex="0"><h4>{esc(renderer.title)}</h4>{table(columns, shown, right)}</section>'
            )
        self.shell.tell(numbers="".join(parts))

    # -- controls as the page knows them -------------------------------------------------------

    def _shown_values(self) -> dict:
        """Each control's value at the cursor, of the first run."""
        if not self.runs:
            return dict(self.values)
        run = self.runs[0]
        found = {**self.values, **self.entry.arms.get(run.arm, {})}
        for edit in run.session.edits:
            if edit.step < self.k or (edit.step == self.k and self._follow):
                found[edit.control] = edit.new
        return found

    def _plain_values(self) -> dict:
        values = self._shown_values()
        sent = {n: _to_page(spec, values[n]) for n, spec in self.entry.controls.items()}
        sent[""] = self.seed
        return sent

    def _pressed(self) -> dict:
        return {"preset": self.preset, "arm": self.arm, "axis": self.axis}


def _to_page(spec, value):
    """A value as the page's script takes it; one of a few is sent by its place."""
    if spec.kind == "selector":
        return {"at": list(spec.objects).index(value)}
    return value


def _from_page(spec, value):
    if spec.kind == "selector":
        at = value["at"]
        if not isinstance(at, int) or at < 0:
            raise IndexError("a choice is a place in the list")
        return spec.objects[at]
    if spec.kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _value(value) -> str:
    return number(value) if isinstance(value, float) else str(value)


def _cell(value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        return number(value)
    return str(value)


def _three(value: float) -> float:
    """Three digits are shown, so that a steady rate is not sent again and again."""
    return float(f"{value:.2g}")
