"""A run as an ipywidgets widget: its controls, step, status and trace are traits.

>>> w = lab.widget("infeasibility-detection")
>>> w.observe(lambda change: print(change.new), "status")
>>> ipywidgets.link((w, "step"), (slider, "value"))
>>> w.advance(1000)                       # from code; the picture follows
"""

from __future__ import annotations

import threading
from dataclasses import replace

from traitlets import Any, Dict, Int, Unicode, observe, validate

from lab.engine.suggest import unknown
from lab.ui.notebook.cell import Cell, text
from lab.ui.notebook.opening import Subject, opening, subject


class RunWidget(Cell):
    """One run, displayed with its pictures and its transport.

    Parameters
    ----------
    experiment : str, class or Session
    arm : str
        Starts with an arm's values; they can be changed like others.
    **options
        controls, seed, preset, k, axis, device, dtype.

    Attributes
    ----------
    controls : dict
        Every control's value at the head. Assigning a part changes that part: live controls act
        at the next step, the others start again.
    step : int
        The step that is shown. Assigning moves the cursor, within what was computed.
    status : str
        ready, running, paused, finished, failed or cancelled; read only.
    head : int
        The last computed step; read only.
    trace : Trace
        What was recorded, a new one with each change; read only.

    Raises
    ------
    UnknownName, ControlError, ExperimentError

    Notes
    -----
    Traits change on a thread of the widget's own while a run goes on, also while a cell runs;
    what `observe` calls is called there.
    """

    controls = Dict().tag(sync=True)
    step = Int().tag(sync=True)
    head = Int(read_only=True).tag(sync=True)
    status = Unicode("ready", read_only=True).tag(sync=True)
    trace = Any(read_only=True)

    def __init__(self, experiment, *, arm=None, controls=None, **options):
        found = subject(experiment)
        entry = found.entry
        if arm is not None:
            controls = {**entry.controls_for(arm=arm), **(controls or {})}
        # one run: what arms fix can be changed here
        alone = Subject(replace(entry, arms={}), found.made_from)
        self._telling: int | None = None
        self._due = 0  # the head when the run was freed
        start = opening(alone.entry, experiment, controls=controls, **options)
        super().__init__(
            alone, start, text("widget.css"), 470, controls=dict(start.recipe.controls)
        )
        self._open()  # its traits tell of the run from here on

    # -- running -------------------------------------------------------------------------------

    @property
    def session(self):
        """The run as a RemoteSession; another one after a control that starts again."""
        self._caught_up()
        return self.page.lanes.runs[0].session

    def _caught_up(self):
        """The document, with a run that stands where it stood when it was freed."""
        document = self._open()
        due, self._due = self._due, 0
        if due:
            document.call(lambda: self.page.seek(0)).result()  # the page replays nothing itself
            session = self.page.lanes.runs[0].session
            session.pause()
            session.advance(due - session.head)
            self._follow_now()
        return document

    def run(self) -> None:
        """Runs on and on; returns at once."""
        self._ask(do="run")

    def pause(self) -> None:
        """Stops it where it is, and waits until it stands."""
        self._ask(do="pause")
        self.session.pause()
        self._follow_now()

    def advance(self, n: int = 1) -> int:
        """Takes `n` steps from the head. Returns the steps taken."""
        self._ask(do="pause")
        taken = self.session.advance(n)
        self._follow_now()
        return taken

    def run_until(self, rule, max_steps: int | None = None) -> int:
        """Runs until a rule holds. Returns the steps taken."""
        self._ask(do="pause")
        taken = self.session.run_until(rule, max_steps)
        self._follow_now()
        return taken

    def reset(self) -> None:
        """From step 0 once more, with the controls as they are."""
        self._ask(do="pause")
        self._ask(do="again")

    def reseed(self, seed: int) -> None:
        """From step 0 with another seed."""
        self._ask(do="pause")
        self._ask(do="reseed", seed=seed)

    def set(self, **controls) -> None:
        """Changes controls: `w.set(weight=.4)` is `w.controls = {"weight": .4}`."""
        self.controls = controls

    # -- traits and page -----------------------------------------------------------------------

    def _make(self, lanes) -> None:
        super()._make(lanes)
        self._follow(self._page)

    def _close(self) -> None:
        if self._page is not None:
            self._due = self._page.lanes.furthest
        super()._close()

    def _new_page(self, *arguments):
        from lab.ui.notebook.live import FollowedPage

        return FollowedPage(self._follow, *arguments)

    def _ask(self, **message) -> None:
        """What a click on the page would do; back when it is done."""
        document = self._caught_up()

        def act():
            if message["do"] != "seek":
                self.page.seek(self.page.lanes.furthest)
            self.page.requests.hear(message)

        document.call(act).result()
        if not document.own_thread:
            self._follow_now()

    def _follow_now(self) -> None:
        document = self._open()
        document.call(self.page.catch_up).result()

    def _follow(self, page) -> None:
        """Brings the traits up to date; on the document's thread."""
        if page is not self._page:
            return  # it is being made, or it is gone
        session = page.lanes.runs[0].session
        with session.lock:
            head, status, known = session.head, str(session.status), session.trace
            trace = None
            if self.trace is None or len(known) != len(self.trace) or head < self.head:
                trace = known.until(head)
        before, self._telling = self._telling, threading.get_ident()
        try:
            self.set_trait("head", head)
            if trace is not None:
                self.set_trait("trace", trace)
            self.controls = dict(session.controls)
            self.step = page.k
            self.set_trait("status", status)
        finally:
            self._telling = before

    @property
    def _told(self) -> bool:
        """Whether a trait changes because the run did, not because somebody asked."""
        return self._telling == threading.get_ident()

    @validate("step")
    def _within(self, proposal) -> int:
        return max(0, proposal.value if self._told else min(proposal.value, self.head))

    @validate("controls")
    def _checked(self, proposal) -> dict:
        specs = self._subject.entry.controls
        found = dict(self.controls)
        for name, value in proposal.value.items():
            if name not in specs:
                raise unknown("control", name, specs)
            found[name] = specs[name].check(value)
        return found

    @observe("step")
    def _seek(self, change) -> None:
        if not self._told and self.page is not None:
            self._ask(do="seek", k=change.new)

    @observe("controls")
    def _set(self, change) -> None:
        if self._told or self.page is None:
            return
        from lab.ui.requests import to_page

        specs = self._subject.entry.controls
        for name, value in change.new.items():
            if value != change.old.get(name):
                self._ask(do="set", name=name, value=to_page(specs[name], value))
