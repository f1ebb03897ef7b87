"""A page with live runs: it connects the page's frame, the runs and the pictures.

Everything that touches Bokeh happens under the document's lock, in one callback of which one is
pending at most: frames that come meanwhile wait and are taken together.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from functools import partial
from threading import Lock

import panel as pn

from lab.engine.workers.messages import FRAMES_HZ
from lab.ui import takeaway
from lab.ui.lanes import GATHER_S, HOLD_S, Lanes
from lab.ui.requests import Requests
from lab.ui.shell import Shell, picture
from lab.ui.state import FIRST_TRACK, state, track_end
from lab.ui.ticks import next_tick
from lab.ui.wire import one_message, undelayed
from lab.ui.words import Wording
from lab.views import Lane, Shared, make
from lab.views.numerals import count

REST_MS = 150  # so long at rest, and the cursor asks for the exact picture
REPLAY_MS = 2_000  # a link computes no longer than this before a click
LIVE_HZ = FRAMES_HZ
SUMMARY_S = 1.0  # pictures that move are put into words this often: they are read out every five
UNSEEN_S = 1.0  # an update that was not read in that time is not waited for


class Board:
    """What every page with live runs does; a page adds what it shows and how.

    A page says what its frame is (`html`), which pictures it has (`make_pictures`) and what its
    link is (`query`); it may show other runs in each picture (`show_lanes`, `feed`).

    Parameters
    ----------
    entry : registry Entry
    opening : lab.ui.address.Opening
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
    seats : callable or None
        Asked before anything runs on and on (see lab.ui.seats).
    """

    def __init__(
        self,
        entry,
        opening,
        new_session,
        *,
        verdicts=None,
        bars="",
        whole=True,
        dark=False,
        seats=None,
    ):
        self.entry, self.axis, self.preset = entry, opening.axis, opening.preset
        self.k, self.follow, self.end = 0, True, FIRST_TRACK
        self.wanted = opening.k  # the step that a link names, until it is reached
        self.replaying, self._replayed_from = False, 0
        self.hz, self.visible, self.numbers_on = LIVE_HZ, True, False
        self._document = pn.state.curdoc
        self._next_tick = next_tick(self._document)
        self._pending, self._lock, self._closed = False, Lock(), False
        self._inbox: deque = deque()
        self._told: dict = {}
        self._unheard: dict | None = {}  # lines to read, until a browser has said hello
        self._linked: list = []
        self._rest, self._looks, self._sought = 0, [], False
        self._summed = 0.0  # when the pictures were last put into words
        self._lanes: list[Lane] = []
        self._unseen = 0.0  # when the update was sent that the browser has not read yet
        self.shared = Shared(entry, dark=dark)
        self.shared.soon = self.soon
        self.renderers = self.make_pictures()
        self.lanes = self.make_lanes(opening, new_session)
        self.lanes.seats = seats
        self.requests = self.make_requests()
        self.shell = Shell(
            self._hear,
            html=self.html(verdicts or {}, bars),
            pictures=[picture(renderer.element) for renderer in self.renderers],
            cursor=self.shared.cursor.id,
            board=self.shared.ident,
            whole=whole,
            sizing_mode="stretch_width",
            margin=0,
        )
        with self.lanes.held():
            self.relane()
        if self.axis != "k":
            self.set_axis(self.axis)

    # -- what a page decides -------------------------------------------------------------------

    def html(self, verdicts: dict, bars: str) -> str:
        """The page's frame: everything but the pictures."""
        raise NotImplementedError

    def query(self) -> str:
        """The query of the link to exactly this page."""
        raise NotImplementedError

    def make_pictures(self) -> list:
        """The pictures, in the order of their places in the frame."""
        return [make(view, self.entry, self.shared) for view in self.entry.views]

    def make_lanes(self, opening, new_session) -> Lanes:
        return Lanes(
            self.entry, opening.recipe, opening.arm, new_session, self.wake, opening.recorded
        )

    def make_requests(self) -> Requests:
        return Requests(self)

    def show_lanes(self) -> None:
        """Every picture draws the runs that there are now."""
        for renderer in self.renderers:
            renderer.set_lanes(self._lanes)

    def feed(self, i: int, frame) -> None:
        """Run number `i` has a new frame; `fed` follows when all of them are read."""
        self._lanes[i].take(frame)

    def fed(self, i: int) -> None:
        """The pictures draw what run number `i` has recorded."""
        for renderer in self.renderers:
            renderer.feed(i)

    def take_more(self) -> None:
        """What else may have come; called with each update, under the document's lock."""

    def connected(self) -> None:
        """A browser says hello, for the first time or again."""
        undelayed(self._document)
        unheard, self._unheard = self._unheard or {}, None
        for line in unheard.values():
            self.tell(say=line)

    def refill(self) -> None:
        """A browser has drawn the page anew: what has changed since it was made is told."""

    def free(self) -> None:
        """The page closes: whatever it holds beside its runs ends."""

    # -- opening and closing -------------------------------------------------------------------

    def __panel__(self):
        return self.shell

    def close(self) -> None:
        """Frees the runs; the page is gone."""
        self._closed = True
        self.free()
        for look in self._looks:
            look.cancel()
        self.lanes.close()

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def values(self) -> dict:
        """Each control's value at the cursor."""
        return self.lanes.shown(self.k, self.follow)

    def tell(self, **message) -> None:
        """Sends the page a message; a line to read waits until there is somebody to read it."""
        if self._unheard is not None and "say" in message:
            self._unheard[message["say"].get("name")] = message["say"]
        else:
            self.shell.tell(**message)

    # -- frames and messages -> document -------------------------------------------------------

    def _hear(self, message) -> None:
        """A message of the browser. Panel hands it over without the document's lock."""
        self._inbox.append(message)
        self.wake()

    def soon(self, act: Callable[[], None]) -> None:
        """Calls `act` in the next update; from any thread."""
        self._hear(act)

    def wake(self) -> None:
        """Asks for one update under the document's lock; from any thread."""
        with self._lock:
            if self._pending or self._closed:
                return
            self._pending = True
        self._next_tick(self._update)

    def _update(self) -> None:
        with self._lock:
            self._pending = False
        with one_message(self._document), self.lanes.held():
            while self._inbox and not self._closed:
                message = self._inbox.popleft()
                if callable(message):
                    message()
                else:
                    self.requests.hear(message)
            if not self._closed:
                self.lanes.settle()  # what a person has asked for waits for no browser
            if self._closed or self._waits_for_browser():
                return
            if self.lanes.holding:
                # whether frames wait then or not: what was held back may be words alone
                self._document.add_timeout_callback(self.wake, int(1000 * HOLD_S))
            elif self.lanes.gathering:
                self._look_again(GATHER_S)
            else:
                self._take_frames()

    def _look_again(self, seconds: float) -> None:
        """Takes the frames that wait then, if they still do."""

        def look():
            if any(run.since for run in self.lanes):
                self.wake()

        self._document.add_timeout_callback(look, int(1000 * seconds) + 1)

    def _waits_for_browser(self) -> bool:
        """Whether the last update is still on its way to the browser.

        What comes meanwhile waits here: a browser that draws slower than the runs go would pile
        up updates and show them late.
        """
        if not self._unseen or time.monotonic() - self._unseen > UNSEEN_S:
            return False
        return self.visible

    def seen(self) -> None:
        """The browser has read the last update; what waits is taken in the one that says so."""
        self._unseen = 0.0

    def _take_frames(self) -> None:
        news = drawn = False
        for i, run in enumerate(self.lanes):
            frames = run.take()
            for frame in frames:
                self.feed(i, frame)
                drawn = drawn or to_draw(frame)
                if frame.notice:
                    self.tell(say={"text": frame.notice, "name": f"notice{i}"})
            if frames:
                news = True
                self.fed(i)
        self.take_more()
        if self.wanted:
            self._go_to_wanted()
        first = news and not self.lanes.head  # the start is drawn before anything runs
        if self.follow and (first or self.k != self.lanes.head):
            self.k = self.lanes.head
            self.draw()
        if drawn and self.visible:
            self._unseen = time.monotonic()
            self._look_again(UNSEEN_S)
            self.report(seen=True)
        else:
            self.report()

    def draw(self, exact=None) -> None:
        """Draws the step under the cursor; `exact` holds exact pictures by lane."""
        for renderer in self.renderers:
            renderer.cursor(self.k, exact)

    def relane(self) -> None:
        """Tells every picture which runs there are; they draw what is there already."""
        self._lanes = [run.lane for run in self.lanes]
        self.show_lanes()
        self.draw()
        self.wake()

    def report(self, **more) -> None:
        """Sends the page what has changed since it was last told."""
        self.end = track_end(self.lanes, self.end, self.wanted)
        now = state(self.lanes, self.k, self.follow, self.end, self._word())
        linked = self._linked_to()
        if not self.lanes.running or linked != self._linked:
            # a lost page is opened again from its address: what was set stands in it at once
            self._linked, now["query"] = linked, self.query()
        changed = {key: value for key, value in now.items() if self._told.get(key) != value}
        self._told.update(changed)
        if self.visible and self._summaries_due():
            self._summed = time.monotonic()
            summaries = [renderer.summary() for renderer in self.renderers]
            if summaries != self._told.get("summaries"):
                more["summaries"] = self._told["summaries"] = summaries
            if self.numbers_on and not self.lanes.running:  # the last rows may just have come
                table = takeaway.numbers(self.renderers)
                if table != self._told.get("numbers"):
                    more["numbers"] = self._told["numbers"] = table
        if changed:
            more["state"] = changed
        if more:
            self.tell(**more)

    def _summaries_due(self) -> bool:
        if self._sought:
            return False  # the cursor has not come to rest
        return not self.lanes.running or time.monotonic() - self._summed >= SUMMARY_S

    def _linked_to(self) -> list:
        """What the link depends on beside the cursor."""
        lanes = self.lanes
        edits = [tuple(run.session.edits) for run in lanes]
        return [dict(lanes.values), lanes.seed, lanes.arm, self.axis, edits]

    def report_all(self, **more) -> None:
        """Sends everything: the page is new, or there again."""
        self._told = {}
        self.report(**more)

    def _word(self) -> Wording | None:
        if not self.replaying:
            return None
        text = f"replaying {count(self._replayed_from)} to {count(self.wanted)}"
        return Wording("play", text, "Pause", "pause", "pause")

    # -- the cursor ----------------------------------------------------------------------------

    def seek(self, k: int) -> None:
        """Moves the cursor; nothing that was computed changes."""
        self.wanted, self.replaying = 0, False
        self.k = max(0, min(int(k), self.lanes.furthest))
        self.follow = self.k >= self.lanes.head
        self.lanes.seek(self.k)
        self.draw()
        self._rest, self._sought = self._rest + 1, True
        rest = self._rest
        rested = partial(self._rested, rest)
        self._document.add_timeout_callback(lambda: self.soon(rested), REST_MS)

    def _rested(self, rest: int) -> None:
        """The cursor has rested: the exact picture is replayed, unless it has moved again."""
        if rest != self._rest or self._closed:
            return
        self._sought = False
        for look in self._looks:
            look.cancel()
        self.report(controls=self.requests.plain_values())
        if self.numbers_on and self.lanes.running:  # at rest the report has it
            self.show_numbers()
        steps = [(i, run, run.lane.at(self.k)) for i, run in enumerate(self.lanes)]
        behind = [(i, run, k) for i, run, k in steps if k < run.head and run.pictures.ks]
        self._looks = [run.session.look(k) for _, run, k in behind]
        found: dict = {}
        for (i, *_), look in zip(behind, self._looks):
            look.add_done_callback(lambda done, i=i: self._looked(rest, found, i, done))

    def _looked(self, rest: int, found: dict, i: int, done) -> None:
        """An exact picture has come; on the reader's thread."""
        if done.cancelled() or done.exception() is not None or self._closed:
            return
        found[i] = done.result().picture

        def show():
            if rest == self._rest and not self.follow:
                self.draw(dict(found))

        self.soon(show)

    def _go_to_wanted(self) -> None:
        """A link names a step: it is computed at once when that is quick, else behind a click."""
        if all(run.head >= self.wanted or not run.alive for run in self.lanes):
            self.seek(self.wanted)
        elif not self.replaying and all(len(run.trace) for run in self.lanes):
            self.replay(self.wanted)
            self._document.add_timeout_callback(lambda: self.soon(self._replay_is_long), REPLAY_MS)

    def replay(self, k: int) -> None:
        """Computes what is missing up to step `k`, and stands there."""
        self.wanted, self.replaying, self._replayed_from = k, True, self.lanes.head
        self.lanes.go_to(k)

    def _replay_is_long(self) -> None:
        if not self.wanted or self._closed:
            return
        k, self.wanted, self.replaying = self.wanted, 0, False
        self.lanes.stop()
        self.requests.offer_replay(k)
        self.wake()

    # -- the rest ------------------------------------------------------------------------------

    def restart(self, run: bool | None = None) -> None:
        """New runs because something that starts again has changed; goes on if it was running."""
        going = self.lanes.running if run is None else run
        self.lanes.start()
        self.from_start()
        self.tell(controls=self.requests.plain_values(), pressed=self.requests.pressed())
        if going:
            self.requests.on_run()

    def from_start(self) -> None:
        """The runs stand at step 0, and so does the page."""
        self.requests.forget()
        self.wanted, self.replaying = 0, False
        self.k, self.follow, self.end = 0, True, FIRST_TRACK
        self.shared.clear()
        self.relane()

    def set_axis(self, name: str) -> None:
        self.axis = name
        self.shared.measure(name)
        for renderer in self.renderers:
            renderer.axis(name)

    def set_theme(self, dark: bool) -> None:
        if dark != self.shared.dark:
            self.shared.dark = dark
            for renderer in self.renderers:
                renderer.theme(dark)

    def show_numbers(self) -> None:
        table = takeaway.numbers(self.renderers) if self.numbers_on else ""
        self._told["numbers"] = table
        self.tell(numbers=table)


def to_draw(frame) -> bool:
    """Whether a frame changes a picture, and not words alone."""
    return frame.live is not None or frame.rows is not None or bool(frame.edits)
