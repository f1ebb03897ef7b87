"""The rows of docs/classroom-threats.md."""

import json
import re
import sqlite3
from pathlib import Path
from weakref import WeakSet

import pytest
from schoolroom import ASK, PREDICT, run
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

import lab
from lab.classroom import connection, limits, plugin
from lab.classroom.export import as_csv, as_html, as_notebook, harmless
from lab.classroom.journal import Journal
from lab.classroom.names import hashed, tidy
from lab.classroom.room import SEATS

ROWS = Path(lab.__file__).parents[1] / "docs" / "classroom-threats.md"


def test_every_row_has_its_test():
    named = re.findall(r"\| `(\w+)` \|", ROWS.read_text(encoding="utf-8"))
    assert len(named) > 15
    missing = [name for name in named if f"test_{name}" not in globals()]
    assert not missing


def test_student_cannot_teach(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            ada = await room.student(teacher)
            for message in (
                {"type": "go", "step": 1}, {"type": "remove", "member": "1"},
                {"type": "end", "delete": True}, {"type": "export", "format": "json"},
                {"type": "lock", "on": True}, {"type": "names", "on": True},
            ):  # fmt: skip
                assert "Only the teacher" in (await ada.asked("error", **message))["text"]
            wall = await room.connect({"type": "watch", "token": ada.place["token"]})
            assert "Only the teacher" in (await wall.until("error"))["text"]
            assert room.hub.lives

    run(lesson())


def test_rooms_are_opened_here(classroom, monkeypatch):
    async def lesson():
        async with classroom() as room:
            monkeypatch.setattr(connection.Socket, "address", "192.168.1.7")
            far = await room.connect({"type": "open", "lesson": "two-ways"})
            assert "on the computer" in (await far.until("error"))["text"]

    run(lesson())


def test_nothing_of_others_before_the_reveal(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            ada, ben = await room.student(teacher, "Ada"), await room.student(teacher, "Ben")
            await ada.asked("ack", type="answer", id=1, step=ASK, value=1)
            await ben.until("state", sent=1)
            said = json.dumps(ben.heard)
            assert "Ada" not in said
            assert '"tally"' not in said
            assert all(m["answer"] is None for m in ben.heard if m["type"] == "you")

    run(lesson())


def test_notes_are_the_teachers(classroom, monkeypatch):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            ada = await room.student(teacher)
            assert "for the teacher alone" in (await teacher.asked("notes", type="notes"))["text"]
            assert "Only the teacher" in (await ada.asked("error", type="notes"))["text"]
            await teacher.say(type="go", step=PREDICT)
            await ada.until("you", step=PREDICT)
            assert "for the teacher alone" not in json.dumps(ada.heard)
            monkeypatch.setattr(plugin, "is_loopback", lambda address: False)
            for path in ("notes/two-ways", "lessons.json"):
                with pytest.raises(HTTPClientError, match="403"):
                    await AsyncHTTPClient().fetch(f"http://127.0.0.1:{room.port}/class/{path}")

    run(lesson())


def test_nobody_answers_for_another(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            await room.student(teacher)
            ben = await room.student(teacher)
            refused = await ben.asked("error", type="answer", id=1, step=ASK, value=1, member="1")
            assert "member" in refused["text"]
            (live,) = room.hub.lives.values()
            assert not live.room.members["1"].answers

    run(lesson())


def test_no_answer_after_closing(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            ada = await room.student(teacher)
            await ada.asked("ack", type="answer", id=1, step=ASK, value=0)
            await teacher.say(type="lock", on=True)
            await ada.until("state", locked=True)
            refused = await ada.asked("error", type="answer", id=2, step=ASK, value=1)
            assert "closed" in refused["text"]
            await teacher.say(type="go", step=PREDICT)
            await ada.until("state", step=PREDICT)
            refused = await ada.asked("error", type="answer", id=3, step=ASK, value=1)
            assert "another question" in refused["text"]
            (live,) = room.hub.lives.values()
            assert live.room.members["1"].answers == {ASK: 0}

    run(lesson())


def test_closed_and_ended_rooms(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            await teacher.say(type="door", open=False)
            await teacher.until("board", door=False)
            late = await room.connect({"type": "join", "code": teacher.place["code"]})
            assert "door" in (await late.until("error"))["text"]
            await teacher.say(type="end")
            await teacher.until("over")
            refused = await late.asked("error", type="join", code=teacher.place["code"])
            assert "no room with this code" in refused["text"]
            back = await room.connect({"type": "rejoin", "token": teacher.place["token"]})
            assert "over" in (await back.until("error"))["text"]

    run(lesson())


def test_codes_are_not_guessed(classroom, monkeypatch):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            room.hub.wrong = limits.WrongCodes(most=3)
            for _ in range(5):  # a class that joins is no guessing
                await room.student(teacher)
            guess = await room.connect()
            for _ in range(3):
                refused = await guess.asked("error", type="join", code="ÄÖ\u202eßAB")
                assert "no room" in refused["text"]
            refused = await guess.asked("error", type="join", code=teacher.place["code"])
            assert "Too many wrong codes" in refused["text"]
            room.hub.wrong = limits.WrongCodes(most=2)
            for _ in range(2):
                await guess.asked(
                    "error", type="teach", code=teacher.place["code"], teacher_code="22222222"
                )
            monkeypatch.setattr(connection.Socket, "address", "127.0.0.9")  # another address
            refused = await guess.asked(
                "error", type="teach", code=teacher.place["code"],
                teacher_code=teacher.place["teacher_code"],
            )  # fmt: skip
            assert "Too many wrong teacher's codes" in refused["text"]

    run(lesson())


def test_wrong_codes_are_forgotten_after_a_while():
    now = [0.0]
    wrong = limits.WrongCodes(most=2, span=60, clock=lambda: now[0])
    wrong.note("a")
    wrong.note("a")
    assert wrong.wait("a") == 60
    assert wrong.wait("b") == 0
    now[0] = 61
    assert wrong.wait("a") == 0


def test_sent_out_stays_out(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            ada = await room.student(teacher)
            await teacher.say(type="remove", member="1")
            await ada.until("over")
            back = await room.connect({"type": "rejoin", "token": ada.place["token"]})
            assert "sent you out" in (await back.until("error"))["text"]

    run(lesson())


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "null", "{", '{"type": "shout"}', '{"type": ["answer"]}',
        '{"type": "answer", "id": 1, "step": 0, "value": NaN}',
        '{"type": "answer", "id": 1, "step": 0, "value": 1e999}',
        '{"type": "answer", "id": 1, "step": 0, "value": "1"}',
        '{"type": "answer", "id": "1", "step": 0, "value": 1}',
        '{"type": "answer", "id": 1, "step": 0, "value": 7}',
        '{"type": "answer", "id": 1, "step": 0, "value": 0.5}',
        '{"type": "answer", "id": 1, "step": 0, "value": [1]}',
        '{"type": "try", "step": 0, "controls": {"a": 1}}',
        '{"type": "join", "code": "222222"}',
    ],
)  # fmt: skip
def test_garbage_is_refused(classroom, text):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            ada = await room.student(teacher)
            await ada.raw(text)
            assert (await ada.until("error"))["text"]
            await ada.asked("ack", type="answer", id=9, step=ASK, value=1)  # it goes on

    run(lesson())


def test_floods_end(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            loud, ada = await room.student(teacher), await room.student(teacher)
            for _ in range(limits.BURST + limits.STRAY + 50):
                try:
                    await loud.raw("{}")
                except Exception:  # closed meanwhile
                    break
            await loud.until("closed")
            await ada.asked("ack", type="answer", id=1, step=ASK, value=1)

    run(lesson())


def test_a_bucket_lets_a_rate_pass():
    now = [0.0]
    bucket = limits.Bucket(rate=10, burst=3, clock=lambda: now[0])
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    now[0] = 0.1
    assert bucket.take()
    assert not bucket.take()


def test_large_messages_end_the_connection(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            ada, ben = await room.student(teacher), await room.student(teacher)
            await ada.raw(" " * 1_000_000)
            assert (await ada.until("closed"))["code"] == 1009
            await ben.asked("ack", type="answer", id=1, step=ASK, value=1)

    run(lesson())


def test_silent_connections_end(classroom, monkeypatch):
    monkeypatch.setattr(connection, "FIRST_S", 0.05)

    async def lesson():
        async with classroom() as room:
            silent = await room.connect()
            assert (await silent.until("closed"))["code"] == 1008
            monkeypatch.setattr(connection.Socket, "_new", WeakSet())
            monkeypatch.setattr(connection, "FIRST_S", 60)
            monkeypatch.setattr(connection, "MOST_NEW", 2)
            for _ in range(2):
                await room.connect()
            third = await room.connect()
            assert (await third.until("closed"))["code"] == 1013

    run(lesson())


def test_a_full_room_is_full(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            ada = await room.student(teacher)
            (live,) = room.hub.lives.values()
            for i in range(SEATS - 1):
                event = {"did": "joined", "member": str(i + 2), "name": "x", "token": str(i)}
                live.room.apply(event)
            late = await room.connect({"type": "join", "code": teacher.place["code"]})
            assert "250 seats" in (await late.until("error"))["text"]
            await ada.asked("ack", type="answer", id=1, step=ASK, value=1)

    run(lesson())


def test_names_are_texts():
    assert tidy(" <b>Ada\n</b>\u202e\x00 ") == "<b>Ada </b>"
    assert tidy("x" * 100) == "x" * 40
    for page in (Path(connection.__file__).parent / "static").glob("*.js"):
        text = page.read_text(encoding="utf-8")
        for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert sink not in text, f"{page.name} uses {sink}"


def test_tokens_are_hashed(classroom, database):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            ada = await room.student(teacher)
            await ada.asked("ack", type="answer", id=1, step=ASK, value=1)
            (live,) = room.hub.lives.values()
            kept = json.dumps(room.hub.journal.events(live.room.id))
            secrets = (ada.place["token"], teacher.place["token"], teacher.place["teacher_code"])
            for secret in secrets:
                assert len(secret) >= 8
                assert secret not in kept
                assert hashed(secret) in kept

    run(lesson())


def test_other_origins_are_refused(classroom):
    async def lesson():
        async with classroom() as room:
            with pytest.raises(HTTPClientError) as refused:
                await room.connect(Origin="http://elsewhere.example")
            assert refused.value.code == 403
            same = await room.connect(Origin=f"http://127.0.0.1:{room.port}")
            await same.asked("error", type="join", code="222222")

    run(lesson())


def test_exports_are_harmless(classroom):
    for cell in ("=1+1", "+1", "-1", "@x", "\t=1", " =1"):
        assert harmless(cell).startswith("'")
    assert harmless(-1.5) == "-1.5"

    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            evil = '=cmd()<script>alert("1")</script>'
            ada = await room.student(teacher, evil)
            await ada.asked("ack", type="answer", id=1, step=ASK, value=1)
            (live,) = room.hub.lives.values()
            assert evil not in as_csv(live.room, {}, False)
            assert f"'{evil[:6]}" in as_csv(live.room, {}, True)
            assert "<script>" not in as_html(live.room, {}, True)
            cells = json.loads(as_notebook(live.room, {}, True))["cells"]
            code = next(c["source"] for c in cells if c["cell_type"] == "code")
            compile(code, "cell", "exec")
            scope = {}
            exec("\n".join(code.splitlines()[3:5]), {"json": json}, scope)
            assert scope["answers"][0]["student"] == ada.place["name"]

    run(lesson())


def test_deleted_is_gone(classroom, database):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            await room.student(teacher, "Xanthippe")
            assert "Xanthippe" in _bytes(database)
            await teacher.say(type="end", delete=True)
            await teacher.until("over")
            assert not room.hub.lives
            assert "Xanthippe" not in _bytes(database)

    run(lesson())
    journal = Journal(database)
    assert journal.rooms() == []
    journal.close()


def _bytes(database) -> str:
    file = Path(database.removeprefix("sqlite:///"))
    parts = [file, file.with_name(file.name + "-wal")]
    return "".join(p.read_bytes().decode("latin-1") for p in parts if p.exists())


def test_the_journal_is_durable(database):
    journal = Journal(database)
    with journal._engine.connect() as open_connection:
        cursor = open_connection.connection.dbapi_connection.cursor()
        found = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "secure_delete")
        }
    journal.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}
    assert sqlite3.threadsafety >= 1
