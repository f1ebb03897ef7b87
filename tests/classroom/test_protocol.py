"""A client that was written from the protocol's page alone takes part in a lesson."""

import asyncio

from independent_client import Student
from schoolroom import ASK, PREDICT, run


def test_an_independent_client_takes_part(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            ida = Student("127.0.0.1", room.port)
            first = dict(type="join", code=teacher.place["code"], name="Ida")
            await asyncio.to_thread(ida.connect, **first)
            value = await asyncio.to_thread(ida.answer)
            await teacher.say(type="go", step=PREDICT)
            while ida.state["step"] != PREDICT:
                await asyncio.to_thread(ida.until, "state")
            curve = await asyncio.to_thread(ida.answer)
            ida.wire.close()
            await asyncio.to_thread(ida.connect, type="rejoin", token=ida.token)
            assert ida.answers[PREDICT] == curve
            (live,) = room.hub.lives.values()
            assert live.room.members["1"].answers == {ASK: value, PREDICT: curve}
            ida.wire.close()

    run(lesson())
