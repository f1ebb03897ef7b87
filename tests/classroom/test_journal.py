"""The journal: nothing acknowledged is lost, whatever ends the program."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from schoolroom import ASK, PREDICT, REVEAL, Classroom, run

from lab.classroom.journal import Journal
from lab.store.home import StoreError

SERVER = """
import asyncio, sys
sys.path[:0] = {paths!r}
from schoolroom import opened
from lab.classroom.journal import Journal

async def main():
    async with opened(Journal({database!r})) as room:
        print(room.port, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def opened_event(at=1.0):
    return {"did": "opened", "at": at}


def test_events_come_back_in_order(database):
    journal = Journal(database)
    journal.begin("a", "A", [opened_event()]).result(10)
    waits = [journal.append("a", [{"did": "x", "i": i}]) for i in range(1, 50)]
    for done in waits:
        done.result(10)
    assert [e.get("i") for e in journal.events("a")] == [None, *range(1, 50)]
    assert journal.open_rooms() == ["a"]
    journal.append("a", [{"did": "ended", "at": 2.0}]).result(10)
    assert journal.open_rooms() == []
    journal.close()


def test_what_cannot_be_written_is_told_to_who_waits(database):
    journal = Journal(database)
    journal.begin("a", "A", [opened_event()]).result(10)
    with pytest.raises(StoreError, match="nothing was written"):
        journal.append("a", [{"did": object()}]).result(10)
    journal.append("a", [{"did": "x"}]).result(10)
    assert len(journal.events("a")) == 2
    journal.close()


def test_a_wrong_address_is_told_without_its_password():
    with pytest.raises(StoreError) as told:
        Journal("postgresql+psycopg://me:secret@127.0.0.1:1/none")
    assert "secret" not in str(told.value)


def test_old_rooms_are_marked(database):
    journal = Journal(database)
    journal.begin("old", "A", [opened_event(time.time() - 40 * 86_400)]).result(10)
    journal.begin("new", "B", [opened_event(time.time())]).result(10)
    assert [(room["id"], room["old"]) for room in journal.rooms()] == [
        ("new", False), ("old", True),
    ]  # fmt: skip
    journal.delete("old")
    assert [room["id"] for room in journal.rooms()] == ["new"]
    journal.close()


def serve(database):
    """The classroom in a process of its own; it says its port."""
    code = SERVER.format(paths=[str(Path(__file__).parent)], database=database)
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    return server, int(server.stdout.readline())


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_a_killed_server_comes_back_with_every_acknowledged_answer(classroom, database):
    first, port = serve(database)
    try:

        async def before():
            room = Classroom(None, port)
            teacher = await room.teacher()
            students = [await room.student(teacher) for _ in range(5)]
            for i, student in enumerate(students):
                await student.asked("ack", type="answer", id=i, step=ASK, value=i % 2)
            await teacher.say(type="go", step=PREDICT)
            state = await students[0].until("state", step=PREDICT)
            value = [0.5] * state["runs"]["points"]
            await students[0].asked("ack", type="answer", id=9, step=PREDICT, value=value)
            os.kill(first.pid, signal.SIGKILL)
            await teacher.until("closed")
            for client in room.clients:
                await client.close()
            return teacher.place, [student.place for student in students], value

        room_before, places, value = run(before())
    finally:
        first.kill()
        first.communicate()
    second, port = serve(database)
    try:

        async def after():
            room = Classroom(None, port)
            teacher = await room.connect({"type": "rejoin", "token": room_before["token"]})
            assert (await teacher.until("opened"))["code"] == room_before["code"]
            assert (await teacher.until("state"))["step"] == PREDICT
            tiles = (await teacher.until("board"))["tiles"]
            assert [tile["answer"] for tile in tiles] == [value, None, None, None, None]
            ada = await room.connect({"type": "rejoin", "token": places[0]["token"]})
            assert (await ada.until("you"))["answer"] == value
            file = await teacher.asked("file", type="export", format="json")
            answers = [a for a in json.loads(file["text"])["answers"] if a["step"] == ASK + 1]
            assert [a["value"] for a in answers] == [0, 1, 0, 1, 0]
            await teacher.say(type="go", step=REVEAL)
            await ada.until("state", step=REVEAL)
            for client in room.clients:
                await client.close()

        run(after())
    finally:
        second.kill()
        second.communicate()


POSTGRES = shutil.which("initdb") or next(
    iter(sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")))), ""
)


@pytest.mark.skipif(not POSTGRES, reason="no PostgreSQL is installed (apt install postgresql)")
def test_rooms_on_a_real_postgresql(tmp_path):
    folder = tmp_path / "pg"
    folder.mkdir()
    owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if owner:
        for parent in [folder, *folder.parents]:
            if parent.owner() == "root" and parent != Path("/") and parent != Path("/tmp"):
                parent.chmod(parent.stat().st_mode | 0o055)
        shutil.chown(folder, "postgres")
    data = folder / "data"
    programs = Path(POSTGRES).parent
    quiet = dict(check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run([*owner, POSTGRES, "-D", data, "-A", "trust", "-U", "lab"], **quiet)
    options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
    start = [*owner, programs / "pg_ctl", "-D", data, "-w", "-o", options]
    subprocess.run([*start, "-l", folder / "log", "start"], **quiet)
    try:
        url = f"postgresql+psycopg://lab@/postgres?host={folder}"
        journal = Journal(url)
        assert journal.kind == "postgresql"
        journal.begin("a", "A", [opened_event()]).result(30)
        for i in range(1, 20):
            journal.append("a", [{"did": "x", "i": i}]).result(30)
        journal.close()
        again = Journal(url)
        assert [e.get("i") for e in again.events("a")] == [None, *range(1, 20)]
        again.delete("a")
        assert again.rooms() == []
        again.close()
    finally:
        subprocess.run([*start, "-m", "immediate", "stop"], **quiet)
