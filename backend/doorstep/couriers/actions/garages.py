"""Who drives what: booking vehicles, and taking them out of service."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from doorstep.couriers.actions.people import People
from doorstep.couriers.actions.tools import Within
from doorstep.couriers.model import (
    Courier,
    Outage,
    Vehicle,
    VehicleBooking,
    VehicleRefusal,
    VehicleRefused,
)
from doorstep.couriers.rules import Garage, judge_booking
from doorstep.kit.mongo.transactions import Attempt, Tx
from doorstep.kit.windows import TimeWindow, day_span

_NO: Final = (
    VehicleRefused(code=VehicleRefusal.NOT_FOUND, path=("id",)),
    VehicleRefused(code=VehicleRefusal.IDEMPOTENCY_KEY_REUSED, path=("idempotencyKey",)),
)
_MOMENT: Final = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Garages(People):
    """That two bookings of one vehicle do not overlap is settled in the store's filter."""

    async def garage(
        self, couriers: Iterable[Courier], span: TimeWindow, *, tx: Tx | None = None
    ) -> Garage:
        """What these couriers could drive over the span, and what is said of it."""
        couriers = list(couriers)
        branches = {courier.branch_id for courier in couriers}
        bookings = await self.garages.bookings(branches, span, tx=tx)
        ids = {courier.vehicle_id for courier in couriers if courier.vehicle_id}
        return Garage(
            vehicles=await self.store.vehicles(ids | {each.vehicle_id for each in bookings}),
            bookings=tuple(bookings),
            outages=tuple(await self.garages.outages(branches, span, tx=tx)),
        )

    async def vehicle_at(self, courier: Courier, at: datetime) -> Vehicle | None:
        """What the courier drives at that instant. None: they walk."""
        moment = TimeWindow(start=at, end=at + _MOMENT)
        return (await self.garage([courier], moment)).driven_by(courier, moment)

    async def vehicle_bookings(self, branch_id: str, day: date) -> list[VehicleBooking]:
        return await self.garages.bookings([branch_id], day_span(day))

    async def outages(self, branch_id: str, day: date) -> list[Outage]:
        return await self.garages.outages([branch_id], day_span(day))

    async def fleet(self, branch_id: str) -> Collection[Vehicle]:
        return (await self.store.fleet(branch_id)).values()

    async def vehicle_booking(self, id: str) -> VehicleBooking | None:
        return await self.garages.booking(id)

    async def outage(self, id: str) -> Outage | None:
        return await self.garages.outage(id)

    async def book_vehicle(
        self, wanted: VehicleBooking, attempt: Attempt, *, within: Within
    ) -> VehicleBooking | VehicleRefused:
        """The courier drives this one in that span. What has passed of it is not booked."""
        courier = (await self.store.get_many([wanted.courier_id])).get(wanted.courier_id)
        vehicle = (await self.store.vehicles([wanted.vehicle_id])).get(wanted.vehicle_id)

        async def body(tx: Tx) -> VehicleBooking | VehicleRefused:
            if vehicle is None or not within(vehicle.branch_id):
                return _refuse(VehicleRefusal.NOT_FOUND, "vehicleId")
            if courier is None or not within(courier.branch_id):
                return _refuse(VehicleRefusal.NOT_FOUND, "courierId")
            if courier.branch_id != vehicle.branch_id:
                return _refuse(VehicleRefusal.OTHER_BRANCH, "courierId")
            if wanted.end <= attempt.at:
                return _refuse(VehicleRefusal.IN_THE_PAST, "end")
            start = max(wanted.start, attempt.at)
            booking = wanted.model_copy(update={"branch_id": courier.branch_id, "start": start})
            return await self._book(booking, vehicle, tx)

        return await self._done(attempt, body, self.vehicle_booking, _NO, wanted.vehicle_id)

    async def _book(
        self, booking: VehicleBooking, vehicle: Vehicle, tx: Tx
    ) -> VehicleBooking | VehicleRefused:
        # Of two vehicles for one courier at once: both write the courier, and one runs again.
        await self.absences.lock(booking.courier_id, tx=tx)
        couriers = await self.store.of_branch(booking.branch_id)
        garage = await self.garage(couriers, booking.window, tx=tx)
        shifts = await self.shifts_of(booking.branch_id, booking.window)
        if refused := judge_booking(booking, vehicle, garage, couriers, shifts):
            return refused
        if not await self.garages.book(booking, tx=tx):
            return _refuse(VehicleRefusal.VEHICLE_TAKEN, "vehicleId")
        return booking

    async def release_vehicle(
        self, id: str, attempt: Attempt, *, within: Within
    ) -> VehicleBooking | VehicleRefused:
        """The courier does not drive it after all, or not any longer."""

        async def body(tx: Tx) -> VehicleBooking | VehicleRefused:
            booking = await self.garages.booking(id, tx=tx)
            if booking is None or not within(booking.branch_id):
                return _refuse(VehicleRefusal.NOT_FOUND, "id")
            if booking.released_at:
                return _refuse(VehicleRefusal.ALREADY_RELEASED, "id")
            await self.garages.release(booking, at=attempt.at, tx=tx)
            return booking.model_copy(update={"released_at": attempt.at})

        return await self._done(attempt, body, self.vehicle_booking, _NO, id)

    async def put_out_of_service(
        self, wanted: Outage, attempt: Attempt, *, within: Within
    ) -> Outage | VehicleRefused:
        """Nobody drives it in that span; whoever had booked it walks, until they book another."""
        vehicle = (await self.store.vehicles([wanted.vehicle_id])).get(wanted.vehicle_id)

        async def body(tx: Tx) -> Outage | VehicleRefused:
            if vehicle is None or not within(vehicle.branch_id):
                return _refuse(VehicleRefusal.NOT_FOUND, "vehicleId")
            if wanted.end <= attempt.at:
                return _refuse(VehicleRefusal.IN_THE_PAST, "to")
            outage = wanted.model_copy(update={"branch_id": vehicle.branch_id})
            await self.garages.add_outage(outage, tx=tx)
            return outage

        return await self._done(attempt, body, self.outage, _NO, wanted.vehicle_id)

    async def put_back_in_service(
        self, id: str, attempt: Attempt, *, within: Within
    ) -> Outage | VehicleRefused:
        """It can be driven again, before its time."""

        async def body(tx: Tx) -> Outage | VehicleRefused:
            outage = await self.garages.outage(id, tx=tx)
            if outage is None or not within(outage.branch_id):
                return _refuse(VehicleRefusal.NOT_FOUND, "id")
            if outage.ended_at:
                return _refuse(VehicleRefusal.ALREADY_RELEASED, "id")
            await self.garages.end_outage(id, at=attempt.at, tx=tx)
            return outage.model_copy(update={"ended_at": attempt.at})

        return await self._done(attempt, body, self.outage, _NO, id)


def _refuse(code: VehicleRefusal, path: str) -> VehicleRefused:
    return VehicleRefused(code=code, path=(path,))
