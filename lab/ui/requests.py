"""What a person asks of the page: each message of the browser ends in one method here.

Messages are plain data from outside: every field is checked, and what is refused is said in one
line; nothing in them is evaluated.
"""

from __future__ import annotations

from types import NoneType

from lab.engine.controls import ControlError
from lab.engine.recipe import MAX_INTEGER, RecipeError
from lab.engine.rules import RuleError, rule
from lab.engine.status import SessionError, Status
from lab.engine.suggest import UnknownName, unknown
from lab.ui import takeaway
from lab.ui.lanes import Full
from lab.ui.speeds import SPEEDS, USUAL
from lab.ui.values import from_page, to_page, whole
from lab.views.numerals import count

MOST_STEPS = 1_000
NAMES = ("do", "name", "event")  # entries of a message that are texts
STILL_HZ = 2  # pictures a second where a person wants little motion
REFUSALS = (UnknownName, ControlError, RuleError, RecipeError, SessionError, Full)


class Requests:
    """The verbs of one page.

    Parameters
    ----------
    page : lab.ui.board.Board
    """

    def __init__(self, page):
        self.page = page
        _, self._speed = SPEEDS[USUAL]
        self._late = 0  # the step of the link, where the rest of the way waits for a click
        self.due: dict = {}  # live controls that wait until the runs stand at one step

    @property
    def lanes(self):
        return self.page.lanes

    def forget(self) -> None:
        """There are new runs: what was wanted of the old ones counts no more."""
        self.due.clear()
        self._late = 0

    def hear(self, message) -> None:
        """One message of the browser; under the document's lock."""
        if self.page.closed or not isinstance(message, dict):
            return
        if not all(isinstance(message.get(key), (str, NoneType)) for key in NAMES):
            return
        verb = str(message.get("do")).replace("-", "_")
        act = getattr(self, f"on_{verb}", None) if verb.isidentifier() else None
        if act is None:
            return
        try:
            act(message)
        except REFUSALS as error:
            self.page.tell(say={"text": str(error), "name": "refused"})

    # -- the page itself -----------------------------------------------------------------------

    def on_hello(self, message) -> None:
        """The page is there, or there again: it hears everything."""
        page = self.page
        page.connected()
        if message.get("still"):
            page.hz = STILL_HZ
        self.on_visible(message)
        page.set_theme(bool(message.get("dark")))
        page.seen()  # whatever was under way to a browser that is gone
        page.report_all(pressed=self.pressed(), controls=self.plain_values())
        page.refill()

    def on_visible(self, message) -> None:
        """A hidden tab gets no frames; it catches up when it is seen."""
        self.page.visible = bool(message.get("on", True))
        self.lanes.frames(self.page.hz if self.page.visible else 0)

    def on_gone(self, message=None) -> None:
        """The tab closes or goes elsewhere: nothing is sent to it, and its runs stop."""
        self.on_visible({"on": False})
        self.on_pause()

    def on_seen(self, message=None) -> None:
        self.page.seen()

    def on_theme(self, message) -> None:
        self.page.set_theme(bool(message.get("dark")))

    def on_numbers(self, message) -> None:
        self.page.numbers_on = bool(message.get("on"))
        self.page.show_numbers()

    def on_axis(self, message) -> None:
        name = message.get("name")
        if name in ("k", "seconds", *self.page.entry.axes):
            self.page.set_axis(name)
            self.page.report(pressed=self.pressed())

    # -- running -------------------------------------------------------------------------------

    def _anew(self) -> None:
        """Nothing runs behind a recording: what is asked for needs new runs."""
        if self.lanes.recorded:
            self.page.restart(run=False)

    def on_run(self, message=None) -> None:
        self._anew()
        self._leave_past()
        self.lanes.go(speed=self._speed)
        self.page.wake()

    def on_pause(self, message=None) -> None:
        page = self.page
        page.wanted, page.replaying = 0, False
        self.lanes.stop()
        if self.due:  # set a moment before: it still happens, and nothing goes on afterwards
            self._act_on_due(going=False)
        page.wake()

    def on_step(self, message) -> None:
        n = whole(message.get("n", 1), 1, MOST_STEPS)
        self._anew()
        self._leave_past()
        self.lanes.go(steps=n)

    def on_until(self, message) -> None:
        """Runs until an event of the experiment, or a rule that a person typed."""
        entry, event = self.page.entry, message.get("event")
        text = entry.events.get(event, "") if event else str(message.get("rule", ""))
        try:
            wanted = rule(text)
            for name in wanted.names:
                if name not in entry.quantities and name != "k":
                    raise unknown("quantity", name, [*entry.quantities, "k"])
        except (RuleError, UnknownName) as error:
            self.page.tell(until=str(error))
            return
        self._anew()
        self._leave_past()
        self.lanes.go(until=wanted.text)
        self.page.tell(until="")

    def on_leave(self, message=None) -> None:
        """Out of the queue: it stands where it stood."""
        self.lanes.leave()
        self.page.wake()

    def on_speed(self, message) -> None:
        """Another speed, from now on."""
        name = message.get("name")
        if name in SPEEDS:
            _, self._speed = SPEEDS[name]
            self._act_late()
            self.lanes.paced(self._speed)

    def on_again(self, message=None) -> None:
        """From step 0 once more; goes on at once if it was running or had ended."""
        going = self.lanes.running or not self.lanes.alive
        self._act_late()
        self._anew()
        self.lanes.again()
        self.page.from_start()
        if going:
            self.on_run()

    def on_back(self, message=None) -> None:
        """After a fault: to the last step whose picture is kept."""
        faulty = [run for run in self.lanes if not run.alive] or self.lanes.runs
        self.page.seek(min(run.good for run in faulty))

    def on_seek(self, message) -> None:
        try:
            self.page.seek(whole(message.get("k"), 0, MAX_INTEGER))
        finally:
            self.page.tell(sought=self.page.k)

    def on_branch(self, message=None) -> None:
        self._anew()
        k = self.page.k
        self.lanes.branch(k)
        self.page.relane()
        self.page.seek(k)

    def offer_replay(self, k: int) -> None:
        """A link's step is far: the rest of the way waits for a click."""
        self._late = k
        text = f"The link stands at step {count(k)}; getting there takes longer."
        button = f"Replay to {count(k)}"
        self.page.tell(say={"text": text, "button": button, "do": "replay", "name": "replay"})

    def on_replay(self, message=None) -> None:
        self.page.tell(say={"name": "replay", "text": ""})
        k, self._late = self._late, 0
        self._anew()
        self._leave_past()
        self.page.replay(k)

    def _leave_past(self) -> None:
        """What was set a moment before acts, and the cursor goes with the head again."""
        self._act_late()
        self.page.follow, self.page.wanted, self.page.replaying = True, 0, False
        self.lanes.seek(self.lanes.furthest)

    # -- controls ------------------------------------------------------------------------------

    def on_set(self, message) -> None:
        """A control moved: a live one acts at the next step, another starts new runs."""
        name = message.get("name")
        spec = self.page.entry.controls.get(name)
        answer = {}
        try:
            if spec is not None:
                value = spec.check(from_page(spec, message.get("value")))
                self._set(spec, value)
                now = value if spec.live else self.page.values[name]  # a method may bring its own
                answer = {"controls": {name: to_page(spec, now)}}
        except (*REFUSALS, TypeError, LookupError) as error:
            text = str(error) if isinstance(error, REFUSALS) else f"{name} does not take that"
            answer = self._refused([name], text)
        finally:
            self.page.tell(**answer, set_done=True)

    def _refused(self, names: list[str], text: str) -> dict:
        """What the page is told of controls that stay as they are."""
        specs, values = self.page.entry.controls, self.page.values
        known = {name: to_page(specs[name], values[name]) for name in names}
        return {"controls": known, "refused": {"name": names[-1], "text": text}}

    def _set(self, spec, value) -> None:
        page, lanes = self.page, self.lanes
        if spec.live:
            self._set_live(spec.name, value)
        elif value != lanes.values[spec.name]:
            lanes.values[spec.name] = value
            page.restart()
        else:
            return
        page.preset = None
        page.tell(pressed=self.pressed())

    def _set_live(self, name: str, value) -> None:
        """At one step in all runs: they are levelled first and go on afterwards."""
        self._anew()
        page, lanes = self.page, self.lanes
        going = lanes.running and page.follow
        self.due[name] = value
        self._act_on_due(going)

    def _act_on_due(self, going: bool) -> None:
        if len(self.lanes) > 1 and (going or self.lanes.levelling):
            shown = Status.RUNNING if going else Status.PAUSED
            self.lanes.level(lambda: self._act_late(going), shown)
        else:
            self._act(going)

    def _act(self, going: bool) -> None:
        """What was set acts where each run stands."""
        page, due, self.due = self.page, self.due, {}
        try:
            new = [self.lanes.set(n, v, behind=not page.follow) for n, v in due.items()]
            if any(new):
                page.relane()
        finally:
            if going:
                self.on_run()
            page.wake()

    def _act_late(self, going: bool = False) -> None:
        """The same when the page has had its answer already."""
        names = [*self.due]
        try:
            self._act(going)
        except REFUSALS as error:
            self.page.tell(**self._refused(names, str(error)))

    def on_reseed(self, message) -> None:
        self.lanes.seed = whole(message.get("seed", self.lanes.seed + 1), 0, MAX_INTEGER)
        self.page.restart()

    def on_preset(self, message) -> None:
        name = message.get("name")
        self.lanes.values = self.page.entry.controls_for(preset=name)
        self.page.preset = name
        self.page.restart(run=True)

    def on_arm(self, message) -> None:
        name = message.get("name")
        if name == "all" or name in self.page.entry.arms:
            self.lanes.arm = name
            self.page.restart()

    def plain_values(self) -> dict:
        """Controls as the page's script takes them; "" is the seed."""
        values = self.page.values
        known = {n: to_page(spec, values[n]) for n, spec in self.page.entry.controls.items()}
        return {**known, "": self.lanes.seed}

    def pressed(self) -> dict:
        """Which buttons of the page's groups are down."""
        return {"preset": self.page.preset, "arm": self.lanes.arm, "axis": self.page.axis}

    # -- taking away ---------------------------------------------------------------------------

    def on_copy_python(self, message=None) -> None:
        self.page.tell(copy=takeaway.python(self.lanes), what="Python")

    def on_copy_step(self, message=None) -> None:
        self.page.tell(copy=takeaway.lesson_step(self.lanes), what="Step of a lesson")

    def on_csv(self, message=None) -> None:
        name = f"{self.page.entry.name}-seed-{self.lanes.seed}.csv"
        text = takeaway.rows_of(self.lanes)
        self.page.tell(save={"name": name, "text": text, "type": "text/csv"})
