"""The main job, walked through as three real clients would: customer, courier, dispatcher.

A walk works at any hour, may be run again and again and several at once, and leaves nothing open.

Units    milliseconds in what is told, seconds otherwise; grams
Failure  what was expected and did not come fails its step, and every step that needs it is left out
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import httpx
from websockets.exceptions import WebSocketException

from doorstep.simulate.client import PATIENCE_SECONDS, NotAnswered, Unexpected, http_client
from doorstep.simulate.people import WalkCast
from doorstep.simulate.scenes import Play

__all__ = ["Step", "WalkCast", "walk"]

PROMPT_SECONDS: Final = 1.0

Act = Callable[[Play], Awaitable[str]]

_FAILURES: Final = (
    Unexpected,
    NotAnswered,
    httpx.HTTPError,
    httpx.InvalidURL,
    WebSocketException,
    OSError,
)


@dataclass(frozen=True)
class Step:
    """One step of a walk, as it went. `detail` says what came, or what was expected instead."""

    number: int
    title: str
    detail: str
    milliseconds: int
    ok: bool


@dataclass(frozen=True)
class _Scene:
    """What is played as one step, and which steps must have gone well before."""

    title: str
    act: Act
    needs: tuple[int, ...] = ()


SCENES: Final[tuple[_Scene, ...]] = (
    _Scene("Everybody signs in with a code", Play.sign_in),
    _Scene("The customer asks about an address far at sea", Play.ask_about_the_sea, (1,)),
    _Scene("The customer saves a new address", Play.save_address, (1,)),
    _Scene("The customer looks at the slots of a week", Play.look_at_slots, (3,)),
    _Scene("The customer holds a slot and books a pickup", Play.book, (4,)),
    _Scene("The courier's handheld gets the stop", Play.reach_courier, (5,)),
    _Scene("The courier accepts and sets out, the customer watches", Play.set_out, (6,)),
    _Scene("The customer's connection breaks and resumes", Play.break_and_resume, (7,)),
    _Scene("The courier collects the parcel, and sends it twice", Play.collect, (8,)),
    _Scene("The dispatcher sees it done, the customer its history", Play.look_back, (9,)),
    _Scene("A second appointment is booked, moved and cancelled", Play.change_mind, (4,)),
    _Scene("Another customer asks for the appointment", Play.ask_for_anothers, (5,)),
)
_TIDY: Final = _Scene("Nothing is left open", Play.tidy)


async def walk(
    url: str,
    cast: WalkCast,
    say: Callable[[Step], None],
    *,
    prompt_seconds: float = PROMPT_SECONDS,
) -> bool:
    """Play the main job against the server at `url`, and tell each step. False: one failed.

    `prompt_seconds` is how soon after the booking the courier's handheld is to have the stop.
    """
    went_well: dict[int, bool] = {}
    async with http_client(url) as http:
        play = Play(cast, http, prompt_seconds)
        try:
            for number, scene in enumerate(SCENES, start=1):
                if all(went_well.get(needed) for needed in scene.needs):
                    went_well[number] = await _told(number, scene, play, say)
        finally:
            tidied = await _told(len(SCENES) + 1, _TIDY, play, say)
    return tidied and all(went_well.values())


async def _told(number: int, scene: _Scene, play: Play, say: Callable[[Step], None]) -> bool:
    began = time.monotonic()
    detail, ok = await _played(scene, play)
    took = round(1000 * (time.monotonic() - began))
    say(Step(number, scene.title, detail, took, ok))
    return ok


async def _played(scene: _Scene, play: Play) -> tuple[str, bool]:
    """What came of the scene, and whether it was what was expected."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await scene.act(play), True
    except TimeoutError:
        return f"expected within {PATIENCE_SECONDS:.0f} s", False
    except _FAILURES as error:
        return str(error) or type(error).__name__, False
