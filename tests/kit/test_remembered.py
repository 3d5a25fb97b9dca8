"""What is read often and changed seldom."""

import asyncio

from doorstep.kit.remembered import Remembered


async def test_what_was_forgotten_while_it_was_being_read_is_read_again():
    told, reading, go_on = ["old"], asyncio.Event(), asyncio.Event()

    async def read() -> str:
        value = told[-1]
        reading.set()
        await go_on.wait()
        return value

    remembered = Remembered(read)
    asking = asyncio.create_task(remembered.get())
    await reading.wait()
    told.append("new")
    remembered.forget()
    go_on.set()

    assert await asking == "old"
    assert await remembered.get() == "new"
