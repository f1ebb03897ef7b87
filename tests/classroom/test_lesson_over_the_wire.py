"""One class from joining to exporting, over the wire."""

import asyncio
import json
import threading

import nbformat
from schoolroom import ASK, CELLS, EXPLORE, PREDICT, REVEAL, run

from lab.classroom import connection, hub
from lab.classroom.lesson import read
from lab.classroom.names import is_friendly


def test_a_whole_lesson(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            ada, ben = await room.student(teacher, "Ada"), await room.student(teacher)
            assert ada.place["name"] == "Ada"
            assert len(ben.place["name"].split()) == 2
            await teacher.until("state", step=ASK, students=2)

            await ada.asked("ack", type="answer", id=1, step=ASK, value=1)
            await teacher.until("tiles", tally=[0, 1])

            await teacher.say(type="go", step=PREDICT)
            state = await ada.until("state", step=PREDICT)
            points = state["runs"]["points"]
            since = len(teacher.heard)
            await ada.asked("ack", type="answer", id=2, step=PREDICT, value=[0.1] * points)
            await teacher.until("state", since, sent=1)

            await teacher.say(type="pause", on=True)
            await ada.until("state", paused=True)
            error = await ben.asked("error", type="answer", id=5, step=PREDICT, value=[1] * points)
            assert error["id"] == 5
            assert "eyes up" in error["text"]
            since = len(ada.heard)
            await teacher.say(type="pause", on=False)
            await ada.until("state", since, paused=False)

            since = len(ada.heard)
            await teacher.say(type="go", step=REVEAL)
            frame = await ada.until("frame", over=True)
            assert frame["k"] == 60
            assert len(frame["curves"][""]) == points
            mine = await ada.until("you", where=lambda m: "points" in m)
            assert 0 <= mine["points"] <= 100
            told = (await ada.until("state", where=lambda m: "result" in m))["result"]
            assert told["middle"] == mine["points"]
            assert told["truth"] == frame["curves"][""]
            states = [m for m in ada.heard[since:] if m["type"] == "state"]
            assert ["result" in m for m in states] == [False, True]  # told once each
            assert [(m["sent"], m["awaited"]) for m in states] == [(1, 2), (1, 2)]

            await teacher.say(type="go", step=EXPLORE)
            await ben.until("state", step=EXPLORE)
            await ben.asked("queued", type="try", step=EXPLORE, controls={"weight": 7.0})
            own = (await ben.until("you", where=lambda m: m["own"]))["own"]
            assert own["controls"] == {"weight": 1.0}  # held within its bounds

            await teacher.say(type="go", step=CELLS)
            await ada.until("state", step=CELLS)
            await ada.asked("queued", type="try", step=CELLS)
            own = (await ada.until("you", where=lambda m: m["own"]))["own"]
            assert own["controls"] == {"weight": 0.5, "fastest": 0.1}
            await teacher.say(type="complete")
            await teacher.until(
                "state", where=lambda m: len(m.get("cells", {}).get("values", ())) == 4
            )

            files = {}
            for form in ("csv", "json", "notebook", "html"):
                files[form] = (await teacher.asked("file", type="export", format=form))["text"]
            assert "Ada" not in "".join(files.values())
            assert "student 1" in files["csv"]
            assert len(json.loads(files["json"])["cells"][str(CELLS + 1)]) == 4
            nbformat.validate(nbformat.reads(files["notebook"], as_version=4))
            named = await teacher.asked("file", type="export", format="csv", names=True)
            assert "Ada" in named["text"]

            await teacher.say(type="end", delete=True)
            await ada.until("over")
            assert room.hub.journal.rooms() == []

    run(lesson())


def test_a_lesson_that_is_slow_to_read_does_not_cost_the_connection(classroom, monkeypatch):
    answered = threading.Event()
    monkeypatch.setattr(connection.Socket, "ping_interval", 2.0)
    monkeypatch.setattr(connection.Socket, "on_pong", lambda socket, data: answered.set())

    def slowly(name):
        assert answered.wait(60)  # a ping was answered meanwhile
        return read(name)

    monkeypatch.setattr(hub, "read_lesson", slowly)

    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            assert not teacher.gone

    run(lesson())


def test_a_lost_connection_comes_back_to_its_place(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            ada = await room.student(teacher, "Ada")
            await ada.asked("ack", type="answer", id=1, step=ASK, value=0)
            await ada.close()
            await teacher.until("state", students=0, sent=1, awaited=1)
            again = await room.connect({"type": "rejoin", "token": ada.place["token"]})
            assert (await again.until("joined"))["name"] == "Ada"
            assert (await again.until("you"))["answer"] == 0
            back = await room.connect({"type": "rejoin", "token": teacher.place["token"]})
            assert (await back.until("opened"))["code"] == teacher.place["code"]

    run(lesson())


def test_the_projector_shows_no_answer_and_no_name_before_the_reveal(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            wall = await room.connect({"type": "watch", "token": teacher.place["token"]})
            ada = await room.student(teacher, "Ada")
            await teacher.say(type="go", step=PREDICT)
            state = await ada.until("state", step=PREDICT)
            since = len(wall.heard)
            value = [0.5] * state["runs"]["points"]
            await ada.asked("ack", type="answer", id=1, step=PREDICT, value=value)
            told = await wall.until("tiles", since, where=lambda m: m["tiles"][0]["sent"])
            (tile,) = told["tiles"]
            assert tile["name"] == ""
            assert "answer" not in tile
            assert "notes" not in (await wall.until("board"))["steps"][PREDICT]
            await teacher.say(type="names", on=True)
            await wall.until("board", names=True)
            await teacher.say(type="go", step=REVEAL)
            board = await wall.until("board", where=lambda m: "answer" in str(m["tiles"]))
            assert board["tiles"][0]["answer"] == value
            assert board["tiles"][0]["name"] == "Ada"
            refused = await wall.asked("error", type="go", step=0)
            assert "only shows" in refused["text"]

    run(lesson())


def test_a_second_teacher_comes_in_by_the_second_code(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            first = teacher.place
            second = await room.connect(
                {"type": "teach", "code": first["code"], "teacher_code": first["teacher_code"]}
            )
            await second.until("opened")
            await second.say(type="go", step=PREDICT)
            await teacher.until("state", step=PREDICT)

    run(lesson())


def test_spotlight_pin_rename_and_door(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            ada = await room.student(teacher, "Ada")
            await ada.say(type="hand", up=True)
            await teacher.until("tiles", where=lambda m: m["tiles"][0]["hand"])
            await teacher.say(type="spotlight", members=["1"])
            lit = await ada.until("state", where=lambda m: "spotlight" in m)
            assert lit["spotlight"][0]["member"] == "1"
            assert lit["spotlight"][0]["name"] == ""
            since = len(ada.heard)
            await teacher.say(type="rename", member="1", name="")
            assert (await ada.until("you", since))["name"] != "Ada"
            await teacher.say(type="door", open=False)
            await teacher.until("board", door=False)
            late = await room.connect({"type": "join", "code": teacher.place["code"]})
            assert "door" in (await late.until("error"))["text"]
            await teacher.say(type="remove", member="1")
            assert "sent you out" in (await ada.until("over"))["text"]
            out = await room.connect({"type": "rejoin", "token": ada.place["token"]})
            assert "sent you out" in (await out.until("error"))["text"]

    run(lesson())


def test_a_friendly_name_is_given_once_and_any_other_as_often_as_it_is_typed(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            names = []
            for name in ("Quiet Heron", "Quiet Heron", "Ada", "Ada"):
                names.append((await room.student(teacher, name)).place["name"])
            assert names[0] == "Quiet Heron"
            assert names[1] != "Quiet Heron"
            assert is_friendly(names[1])
            assert names[2:] == ["Ada", "Ada"]

    run(lesson())


def test_who_leaves_while_joining_is_not_kept_as_present(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            (live,) = room.hub.lives.values()
            hasty = await room.connect({"type": "join", "code": teacher.place["code"]})
            await hasty.close()
            await teacher.until("state", students=0)
            async with asyncio.timeout(10):
                while len(live.connections) > 1 or any(one.here for one in live.room.students):
                    await teacher.asked("board", type="names", on=False)

    run(lesson())
