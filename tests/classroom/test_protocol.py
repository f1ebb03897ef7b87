"""A client that was written from the protocol's page alone takes part in a lesson."""

import asyncio

from independent_client import Student
from schoolroom import ASK, PREDICT


def test_an_independent_client_takes_part(classroom):
    async def lesson():
        async with classroom() as room:
            teacher = await room.teacher()
            ida = Student("127.0.0.1", room.port)
            await asyncio.to_thread(ida.join, teacher.room["code"], "Ida")
            ack, value = await asyncio.to_thread(ida.answer)
            assert ack["step"] == ASK
            await teacher.say(type="go", step=PREDICT)
            while ida.state["step"] != PREDICT:
                await asyncio.to_thread(ida.until, "state")
            _, curve = await asyncio.to_thread(ida.answer)
            await asyncio.to_thread(ida.rejoin)
            assert ida.answers[PREDICT] == curve
            (live,) = room.hub.lives.values()
            assert live.room.members["1"].answers == {ASK: value, PREDICT: curve}
            ida.wire.close()

    asyncio.run(lesson())


def test_the_client_is_short():
    import independent_client

    with open(independent_client.__file__, encoding="utf-8") as file:
        text = file.read()
    assert "lab." not in text.split('"""', 2)[2]
