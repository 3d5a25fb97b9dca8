"""What a dispatcher sees move, over WebSocket."""

from tests.given import ADA, DAN, OTTO
from tests.journeys.apps import App
from tests.journeys.conftest import Sign


async def book(ada: App) -> str:
    slots = await ada.run("Slots", addressId=ADA.address_id, services=["PARCEL_PICKUP"])
    slot = next(slot for slot in slots if slot["open"])
    booked = await ada.ask(
        "BookAppointment",
        addressId=ADA.address_id,
        slotId=slot["id"],
        lines=[{"pickup": {"description": "书", "weightGrams": 2000}}],
    )
    id: str = booked["appointment"]["id"]
    return id


async def test_a_booking_moves_the_branch_s_screen_and_a_later_screen_catches_up(app: Sign):
    ada, dan = app(ADA), app(DAN)
    async with dan.follow("BranchFeed", branchId="org_branch", after=0) as feed:
        id = await book(ada)
        seen = await feed.next()
        assert (seen["event"]["kind"], seen["appointment"]["id"]) == ("BOOKED", id)

    async with dan.follow("BranchFeed", branchId="org_branch", after=0) as later:
        assert await later.next() == seen

    assert await dan.run("Alarms", branchId="org_branch", day="2026-11-25") == []


async def test_a_branch_that_is_not_yours_is_like_none(app: Sign):
    otto = app(OTTO)
    async with otto.follow("BranchFeed", branchId="org_branch", after=0) as feed:
        theirs = await feed.hear()
    async with otto.follow("BranchFeed", branchId="org_nowhere", after=0) as feed:
        none = await feed.hear()

    assert theirs == none
    assert theirs["payload"]["errors"][0]["extensions"]["code"] == "NOT_FOUND"
