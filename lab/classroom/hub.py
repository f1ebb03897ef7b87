"""The rooms of this server: who is connected, what they are told, what runs for them.

Everything here happens on the server's one thread; the workers' and the journal's threads call
back through the event loop.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.classroom import export, notes, views
from lab.classroom import messages as m
from lab.classroom.journal import Journal
from lab.classroom.lesson import LessonError, for_experiment
from lab.classroom.lesson import read as read_lesson
from lab.classroom.limits import WrongCodes
from lab.classroom.names import code, hashed, tidy_code, token
from lab.classroom.room import TEACHER, Refused, Room
from lab.classroom.runs import ClassRun, OwnRuns
from lab.classroom.scores import short, truth
from lab.engine import registry
from lab.store.home import StoreError

TICK_S = 0.1  # at most ten pictures a second
WALL = "wall"
log = logging.getLogger(__name__)


@dataclass(eq=False)
class Live:
    """A room with what is not in its journal.

    Attributes
    ----------
    right : dict
        Step to what its run showed, as far as it is over.
    stale : set of str
        Members whose tile has changed since the boards were told.
    """

    room: Room
    connections: set = field(default_factory=set)
    run: ClassRun | None = None
    run_step: int = -1
    turn: int = 0  # counts the runs that were wanted
    own: OwnRuns | None = None
    right: dict = field(default_factory=dict)
    fresh: bool = False  # somebody has not seen where the run is
    stale: set = field(default_factory=set)
    changed: bool = False  # the step's public part is to be told again

    def of(self, who: str) -> list:
        """The connections of a student, of the teachers, or of the projectors."""
        return [c for c in self.connections if c.who == who]


class Hub:
    """Opens rooms, lets people in, and tells everybody what they may see.

    Parameters
    ----------
    journal : Journal or None
        By default the one that LAB_DATABASE or LAB_HOME names, opened with the first room.
    where : callable
        Gives the address that students type.
    """

    def __init__(self, journal: Journal | None = None, where: Callable[[], str] = lambda: ""):
        self._journal, self._where = journal, where
        self.lives: dict[str, Live] = {}
        self.wrong = WrongCodes()
        self._restoring: asyncio.Future | None = None
        self._tasks: set[asyncio.Task] = set()  # kept, or they might be collected half way

    @property
    def journal(self) -> Journal:
        if self._journal is None:
            self._journal = Journal()
        return self._journal

    async def restore(self) -> None:
        """Takes up the rooms of the journal, as they were when the program ended."""
        if self._restoring is None:
            self._restoring = asyncio.ensure_future(self._take_up())
        await self._restoring

    async def _take_up(self) -> None:
        for room in await asyncio.to_thread(self._read_rooms):
            live = self.lives[room.id] = Live(room)
            if self._begin(live):
                await self._make(live)

    def _read_rooms(self) -> list[Room]:
        found = []
        for id in self.journal.open_rooms():
            room = Room(id)
            try:
                for event in self.journal.events(id):
                    room.apply(event)
            except (KeyError, LessonError) as error:
                log.warning("a room was not restored: %s", error)
                continue
            found.append(room)
        return found

    @staticmethod
    def read(text: str | bytes) -> m.Message:
        """What a browser sent.

        Raises
        ------
        MessageError
        """
        return m.read(text)

    # -- people come and go ------------------------------------------------------------------------

    async def enter(self, connection, message: m.Message) -> None:
        """The first message of a connection: it says who that is.

        Raises
        ------
        Refused, LessonError, StoreError
        """
        await self.restore()
        if isinstance(message, m.Open):
            await self._open(connection, message)
        elif isinstance(message, m.Join):
            await self._join(connection, message)
        elif isinstance(message, m.Teach):
            await self._teach(connection, message)
        elif isinstance(message, (m.Rejoin, m.Watch)):
            self._rejoin(connection, message)
        else:
            raise Refused("Join a room first.")

    async def _open(self, connection, message: m.Open) -> None:
        if not connection.is_local:
            raise Refused("Rooms are opened on the computer that runs the lab.")
        if message.experiment:
            lesson = await asyncio.to_thread(for_experiment, message.experiment)
        else:
            lesson = await asyncio.to_thread(read_lesson, message.lesson)
        room = Room(secrets.token_hex(8))
        mine, second = token(), code(8)
        opened = {
            "did": "opened", "at": time.time(), "code": self._free_code(), "token": hashed(mine),
            "teacher_code": hashed(second), "lesson": lesson.model_dump(exclude_defaults=True),
        }  # fmt: skip
        room.apply(opened)
        await self._written(self.journal.begin(room.id, lesson.title, [opened]))
        live = self.lives[room.id] = Live(room)
        self._admit(connection, live, TEACHER)
        self._welcome(connection, room, mine, second)
        self._show_all(connection)

    def _free_code(self) -> str:
        taken = {live.room.code for live in self.lives.values()}
        while True:
            found = code()
            if found not in taken:
                return found

    def _welcome(self, connection, room: Room, mine: str = "", second: str = "") -> None:
        """What a teacher's page or a projector begins with: codes, the address, its picture."""
        where = self._where()
        picture = export.qr(where) if where else ""
        connection.send({"type": "opened", "token": mine, "code": room.code, "address": where,
                         "teacher_code": second, "qr": picture})  # fmt: skip

    def _by_code(self, connection, typed: str) -> Live:
        wait = self.wrong.wait(connection.address)
        if wait:
            raise Refused(f"Too many wrong codes from here. Try again in {wait} s.")
        wanted = tidy_code(typed)
        for live in self.lives.values():
            there = live.room.code.encode()
            if not live.room.ended and secrets.compare_digest(there, wanted.encode()):
                return live
        self.wrong.note(connection.address)
        raise Refused("There is no room with this code. Look at the wall again.")

    async def _join(self, connection, message: m.Join) -> None:
        live = self._by_code(connection, message.code)
        mine = token()
        (event,) = live.room.joins(message.name, mine)
        await self._keep(live, [event])
        self._admit(connection, live, event["member"])
        connection.send({"type": "joined", "token": mine, "name": event["name"],
                         "member": event["member"]})  # fmt: skip
        self._show_all(connection)

    async def _teach(self, connection, message: m.Teach) -> None:
        live = self._by_code(connection, message.code)
        wait = self.wrong.wait(live.room.id)
        if wait:
            raise Refused(f"Too many wrong teacher's codes. Try again in {wait} s.")
        if not secrets.compare_digest(
            live.room.teacher_code, hashed(tidy_code(message.teacher_code))
        ):
            self.wrong.note(live.room.id)
            self.wrong.note(connection.address)
            raise Refused("That is not this room's code for teachers.")
        mine = token()
        await self._keep(live, [{"did": "taught", "token": hashed(mine)}])
        self._admit(connection, live, TEACHER)
        self._welcome(connection, live.room, mine)
        self._show_all(connection)

    def _rejoin(self, connection, message) -> None:
        kept = hashed(message.token)
        for live in self.lives.values():
            who = live.room.tokens.get(kept)
            if who is not None and not live.room.ended:
                break
        else:
            raise Refused("That lesson is over, or this browser was never in it.")
        if isinstance(message, m.Watch):
            if who != TEACHER:
                raise Refused("Only the teacher opens the projector's view.")
            who = WALL
        elif who != TEACHER and live.room.members[who].removed:
            raise Refused("The teacher has sent you out of this room.")
        self._admit(connection, live, who)
        room = live.room
        if who in (TEACHER, WALL):
            self._welcome(connection, room)
        else:
            one = room.members[who]
            connection.send({"type": "joined", "token": "", "name": one.name, "member": one.id})
        self._show_all(connection)

    def _admit(self, connection, live: Live, who: str) -> None:
        if connection.gone:  # it was closed while its place was written down
            return
        connection.who, connection.live = who, live
        live.connections.add(connection)
        if who in live.room.members:
            live.room.members[who].here = True
            live.stale.add(who)
            live.changed = True

    def leave(self, connection) -> None:
        """A connection is closed; its place is kept."""
        live = connection.live
        if live is None:
            return
        live.connections.discard(connection)
        who = connection.who
        if who in live.room.members and not live.of(who):
            live.room.members[who].here = False
            live.stale.add(who)
            live.changed = True

    # -- what they say -----------------------------------------------------------------------------

    async def hear(self, connection, message: m.Message) -> None:
        """A later message of a connection that is in a room.

        Raises
        ------
        Refused, StoreError
        """
        live, who = connection.live, connection.who
        if who == WALL:
            raise Refused("The projector's view only shows.")
        room = live.room
        events = room.decide(who, message)
        if isinstance(message, m.Try):
            self._try(live, who, message, connection)
        elif isinstance(message, m.Complete):
            self._complete(live)
        elif isinstance(message, m.Export):
            name, text = export.file(room, live.right, message.format, message.names)
            connection.send({"type": "file", "name": name, "text": text})
            return
        elif isinstance(message, m.Notes):
            connection.send({"type": "notes", "text": notes.page(room.lesson)})
            return
        if events:
            await self._keep(live, events)
        if isinstance(message, m.Answer):
            connection.send({"type": "ack", "id": message.id, "step": message.step})
        if isinstance(message, m.STUDENT):
            live.stale.add(who)
            live.changed = True
            self._tell_you(live, who)
            return
        if isinstance(message, m.Remove):
            for other in live.of(message.member):
                other.bye("The teacher has sent you out of this room.")
        if isinstance(message, m.Rename):
            self._tell_you(live, message.member)
        if isinstance(message, m.End):
            await self._end(live, message.delete)
            return
        wanted = self._follow(live, message)
        self.show(live)  # the step is told before its run is made
        if wanted:
            await self._make(live)

    def _follow(self, live: Live, message) -> bool:
        """The run goes where the room is; says whether one is to be made."""
        room = live.room
        if isinstance(message, m.Go):
            if live.own is not None:
                live.own.clear()
            return self._begin(live)
        if isinstance(message, m.Pause):
            self._rest_or_go(live)
        elif isinstance(message, m.Run):
            if message.do in ("slower", "faster", "end"):
                self._hurry(live, message.do)
            elif message.do == "again" or (room.running and live.run is None):
                return self._begin(live)
            else:
                self._rest_or_go(live)
        return False

    @staticmethod
    def _hurry(live: Live, do: str) -> None:
        if live.run is None:
            return
        if do == "end":
            live.run.to_end()
            live.fresh = True
        else:
            live.run.faster(1 if do == "faster" else -1)

    async def _end(self, live: Live, delete: bool) -> None:
        self._drop(live)
        del self.lives[live.room.id]
        try:
            if delete:  # before it is said, so that who hears it can rely on it
                self.journal.delete(live.room.id)
        finally:
            for connection in list(live.connections):
                connection.bye("This lesson is over. Thank you.")

    def _drop(self, live: Live) -> None:
        if live.run is not None:
            live.run.close()
        if live.own is not None:
            live.own.clear()

    async def _keep(self, live: Live, events: list[dict]) -> None:
        """Applies events and waits until they are on disk.

        Raises
        ------
        StoreError
            Nothing was written; the room is again as the journal has it.
        """
        for event in events:
            live.room.apply(event)
        try:
            await self._written(self.journal.append(live.room.id, events))
        except StoreError:
            self._read_again(live)
            raise

    def _read_again(self, live: Live) -> None:
        room, here = Room(live.room.id), {one.id for one in live.room.students if one.here}
        for event in self.journal.events(room.id):
            room.apply(event)
        for one in room.students:
            one.here = one.id in here
        live.room = room
        self.show(live)

    @staticmethod
    async def _written(done) -> None:
        await asyncio.wrap_future(done)

    # -- runs --------------------------------------------------------------------------------------

    @staticmethod
    def _begin(live: Live) -> bool:
        """Ends the run that there is; says whether the step that the class is at wants one."""
        live.turn += 1
        if live.run is not None:
            live.run.close()
            live.run = None
        if not live.room.running:
            return False
        live.run_step = live.room.lesson.about_run(live.room.step)
        live.right.pop(live.run_step, None)
        return True

    async def _make(self, live: Live) -> None:
        """The run of the step that the class is at, from its start."""
        turn = live.turn
        runs = live.room.lesson.steps[live.run_step].runs
        made = await asyncio.to_thread(ClassRun, runs)
        if live.turn != turn or live.room.ended:  # the class went on meanwhile
            made.close()
            return
        live.run = made
        self._rest_or_go(live)

    @staticmethod
    def _rest_or_go(live: Live) -> None:
        if live.run is None:
            return
        if live.room.running and not live.room.paused:
            live.run.start()
        else:
            live.run.stop()

    def _try(self, live: Live, who: str, message: m.Try, connection) -> None:
        room, now = live.room, live.room.now
        free = {f.name: f for f in now.free}
        chosen = {n: free[n].inside(v) for n, v in message.controls.items() if n in free}
        cell = room.cell(who, room.step)
        if cell is not None:
            chosen.update(now.cells.controls(cell, now.runs))
        if not chosen:
            raise Refused("None of these controls is free.")
        ahead = self._own(live).ask((who, room.step, cell), now.runs, self._typed(now, chosen))
        connection.send({"type": "queued", "ahead": ahead})

    def _complete(self, live: Live) -> None:
        room, now = live.room, live.room.now
        made = room.cells.get(room.step, {})
        for cell in range(now.cells.size):
            if cell not in made:
                controls = self._typed(now, now.cells.controls(cell, now.runs))
                self._own(live).ask((None, room.step, cell), now.runs, controls)

    @staticmethod
    def _typed(now, controls: dict) -> dict:
        """Whole numbers where the experiment takes them."""
        specs = registry.entry(now.runs.experiment).controls
        return {n: round(v) if specs[n].kind == "integer" else v for n, v in controls.items()}

    def _own(self, live: Live) -> OwnRuns:
        if live.own is None:
            live.own = OwnRuns(lambda *made: self._made(live, *made))
        return live.own

    def _made(self, live: Live, wish, controls: dict, values, sentence: str) -> None:
        who, step, cell = wish
        if values is None:
            for connection in live.of(who) if who else ():
                connection.send({"type": "error", "text": f"Your run failed. {sentence}"[:200]})
            return
        curve = short(values)
        value = next((v for v in reversed(curve) if v is not None), None)
        if who is None:
            event = {"did": "filled", "step": step, "cell": cell, "value": value}
        else:
            run = {"controls": controls, "curve": curve, "value": value}
            event = {"did": "tried", "member": who, "step": step, "cell": cell, "run": run}
        task = asyncio.ensure_future(self._settle(live, event, who))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self, live: Live, event: dict, who: str | None) -> None:
        if live.room.ended:
            return  # nothing is kept of what comes after the end
        try:
            await self._keep(live, [event])
        except StoreError as error:
            log.warning("%s", error)
            return
        live.changed = True
        if who:
            live.stale.add(who)
            self._tell_you(live, who)

    # -- telling -----------------------------------------------------------------------------------

    def tick(self) -> None:
        """Ten times a second: frames of runs that have moved, and what has changed meanwhile."""
        for live in self.lives.values():
            if live.own is not None:
                live.own.go_on()
            if live.run is not None and (live.run.tick(TICK_S) or live.fresh):
                live.fresh = False
                self._frame(live)
            if live.changed:
                self.show(live, boards=False)
            if live.stale:
                self._tell_tiles(live)

    def _frame(self, live: Live) -> None:
        curves = live.run.curves()
        over = live.run.over
        frame = {
            "type": "frame", "step": live.run_step, "k": round(live.run.shown), "over": over,
            "curves": {label: short(values) for label, values in curves.items()},
        }  # fmt: skip
        text = json.dumps(frame, separators=(",", ":"))
        for connection in live.connections:
            connection.send_latest("frame", text)
        if over and live.run_step not in live.right:
            question = live.room.lesson.steps[live.run_step]
            if question.shape:
                live.right[live.run_step] = truth(question, curves)
            self.show(live)

    def show(self, live: Live, boards: bool = True) -> None:
        """Tells everybody in a room where the class is."""
        live.changed = False
        text = self._state(live)
        for connection in live.connections:
            connection.send_latest("state", text)
            if connection.who not in (TEACHER, WALL) and boards:
                self._tell_you(live, connection.who)
        if boards:
            live.stale.clear()
            for connection in live.of(TEACHER) + live.of(WALL):
                self._tell_board(live, connection)

    def _state(self, live: Live) -> str:
        found = views.step(live.room)
        result = views.result(live.room, live.right)
        if result is not None:
            found["result"] = result
        return json.dumps(found, separators=(",", ":"))

    def _show_all(self, connection) -> None:
        """All that one connection has to know."""
        live = connection.live
        if live is None:
            return
        connection.send_latest("state", self._state(live))
        if connection.who in (TEACHER, WALL):
            self._tell_board(live, connection)
        else:
            self._tell_you(live, connection.who)
        if live.run is not None:
            live.fresh = True

    def _tell_you(self, live: Live, who: str) -> None:
        one = live.room.members.get(who)
        if one is None:
            return
        text = json.dumps(views.you(live.room, one, live.right), separators=(",", ":"))
        for connection in live.of(who):
            connection.send_latest("you", text)

    def _tell_board(self, live: Live, connection) -> None:
        found = views.board(live.room, live.right, wall=connection.who == WALL)
        connection.send_latest("board", json.dumps(found, separators=(",", ":")))

    def _tell_tiles(self, live: Live) -> None:
        members = [live.room.members[w] for w in live.stale if not live.room.members[w].removed]
        live.stale.clear()
        for who in (TEACHER, WALL):
            connections = live.of(who)
            if not connections:
                continue
            tiles = [views.tile(live.room, one, live.right, who == WALL) for one in members]
            found = {"type": "tiles", "step": live.room.step, "tiles": tiles}
            if live.room.now.kind == "ask" and who == TEACHER:
                found["tally"] = views.tally(live.room, live.room.step)
            for connection in connections:
                connection.send(found)

    def close(self) -> None:
        """Ends the runs and writes what waits; rooms go on when the program starts again."""
        for live in self.lives.values():
            self._drop(live)
        if self._journal is not None:
            self._journal.close()
