"""Who drives what, and why a vehicle cannot be booked. Pure.

Nobody writes down that a courier drives their own vehicle: it is theirs in their shifts, unless
somebody has booked it, or it is not to be driven. So no two can have one vehicle.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from doorstep.couriers.model import (
    Courier,
    Outage,
    Shift,
    Vehicle,
    VehicleBooking,
    VehicleRefusal,
    VehicleRefused,
)
from doorstep.couriers.rules.rosters import beside
from doorstep.kit.windows import TimeWindow


@dataclass(frozen=True)
class Garage:
    """A branch's vehicles, and what is said of them over some span."""

    vehicles: Mapping[str, Vehicle]
    bookings: tuple[VehicleBooking, ...] = ()
    outages: tuple[Outage, ...] = ()

    def driven_by(self, courier: Courier, window: TimeWindow) -> Vehicle | None:
        """What the courier drives in the window, all of it. None: they walk."""
        booked = next(
            (
                each.vehicle_id
                for each in self.bookings
                if each.courier_id == courier.id and each.window.touches(window)
            ),
            courier.vehicle_id,
        )
        vehicle = self.vehicles.get(booked or "")
        if vehicle is None or self.holder(vehicle.id, window, besides=courier.id):
            return None
        return vehicle if self.fit(vehicle, window) is None else None

    def fit(self, vehicle: Vehicle, window: TimeWindow) -> VehicleRefusal | None:
        """Why nobody is to drive it in the window."""
        if any(o.vehicle_id == vehicle.id and o.window.touches(window) for o in self.outages):
            return VehicleRefusal.OUT_OF_SERVICE
        return None if vehicle.insured(window) else VehicleRefusal.NOT_INSURED

    def holder(self, vehicle_id: str, window: TimeWindow, *, besides: str = "") -> str | None:
        """Which other courier has booked it for some part of the window."""
        return next(
            (
                each.courier_id
                for each in self.bookings
                if each.vehicle_id == vehicle_id
                and each.courier_id != besides
                and each.window.touches(window)
            ),
            None,
        )

    def owner_at_work(
        self,
        vehicle_id: str,
        window: TimeWindow,
        couriers: Iterable[Courier],
        shifts: Iterable[Shift],
        *,
        besides: str,
    ) -> str | None:
        """Whose own vehicle it is, and who works with it in some part of the window."""
        owners = {c.id for c in couriers if c.vehicle_id == vehicle_id and c.id != besides}
        for shift in shifts:
            others = [b.window for b in self.bookings if b.courier_id == shift.courier_id]
            driving = beside(shift.window, others) if shift.courier_id in owners else []
            if any(each.touches(window) for each in driving):
                return shift.courier_id
        return None


def judge_booking(
    wanted: VehicleBooking,
    vehicle: Vehicle,
    garage: Garage,
    couriers: Iterable[Courier],
    shifts: Iterable[Shift],
) -> VehicleRefused | None:
    """Why the courier cannot have the vehicle then, and who has it."""
    if code := garage.fit(vehicle, wanted.window):
        return VehicleRefused(code=code, path=("vehicleId",))
    holder = garage.holder(vehicle.id, wanted.window, besides=wanted.courier_id)
    holder = holder or garage.owner_at_work(
        vehicle.id, wanted.window, couriers, shifts, besides=wanted.courier_id
    )
    if holder:
        return VehicleRefused(
            code=VehicleRefusal.VEHICLE_TAKEN, path=("vehicleId",), held_by=holder
        )
    mine = (b for b in garage.bookings if b.courier_id == wanted.courier_id)
    if any(each.window.touches(wanted.window) for each in mine):
        return VehicleRefused(
            code=VehicleRefusal.COURIER_HAS_ANOTHER, path=("courierId",), held_by=wanted.courier_id
        )
    return None
