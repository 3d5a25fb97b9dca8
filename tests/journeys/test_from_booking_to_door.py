"""The main job, end to end: over HTTP and WebSocket, on both drivers."""

import pytest

from doorstep.kit.clock import StoppedClock
from tests import given
from tests.given import ADA, BO
from tests.journeys.apps import command
from tests.journeys.conftest import Sign

AT = "2026-11-24T01:00:00.000Z"


@pytest.mark.row("A3", "A5", "H8", "J4")
async def test_a_parcel_goes_from_booking_to_the_courier_s_hands(app: Sign, clock: StoppedClock):
    ada, bo = app(ADA), app(BO)
    async with bo.follow("RoundFeed", after=0) as feed:
        (address,) = await ada.run("MyAddresses")
        slots = await ada.run("Slots", addressId=address["id"], services=["PARCEL_PICKUP"])
        first = next(slot for slot in slots if slot["open"])
        held = await ada.ask(
            "HoldSlot",
            addressId=address["id"],
            slotId=first["id"],
            services=["PARCEL_PICKUP"],
            idempotencyKey=given.unique(),
        )
        booked = await ada.ask(
            "BookAppointment",
            addressId=address["id"],
            slotId=first["id"],
            holdId=held["hold"]["id"],
            lines=[{"pickup": {"description": "书", "weightGrams": 2000}}],
            idempotencyKey=given.unique(),
        )
        assert booked["__typename"] == "AppointmentBooked", booked
        id = booked["appointment"]["id"]
        (line,) = booked["appointment"]["lines"]

        change = await feed.next(within_seconds=3)
        (stop,) = change["round"]["stops"]
        assert (stop["state"], stop["appointment"]["id"]) == ("OFFERED", id)

        async with ada.follow("AppointmentChanged", id=id, after=0) as changes:
            assert (await changes.next())["event"]["kind"] == "BOOKED"
            outcomes = await bo.carry_out(
                command("startDuty", AT),
                command("acceptStop", AT, appointmentId=id),
                command("setOut", AT, appointmentId=id),
                command("arrive", AT, appointmentId=id),
                command(
                    "finishStop",
                    AT,
                    appointmentId=id,
                    lines=[
                        {
                            "lineId": line["id"],
                            "outcome": "COLLECTED",
                            "weightGrams": 2100,
                            "itemIds": ["RR473124829GB"],
                            "proof": {"signedBy": "Ada"},
                        }
                    ],
                ),
            )
            assert [outcome["refusal"] for outcome in outcomes] == [None] * 5
            kinds = [(await changes.next())["event"]["kind"] for _ in range(4)]
            assert kinds == ["ACCEPTED", "SET_OUT", "ARRIVED", "COMPLETED"]

    done = await ada.run("Appointment", id=id)
    assert done["status"] == "COMPLETED"
    assert done["lines"][0]["itemIds"] == ["RR473124829GB"]
    assert done["courier"] is None
