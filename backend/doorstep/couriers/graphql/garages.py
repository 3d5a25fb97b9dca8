"""Vehicles as dispatchers hand them out."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Final

import strawberry

from doorstep.accounts.model import DISPATCH
from doorstep.accounts.permissions import mutation, query
from doorstep.couriers import model
from doorstep.couriers.graphql.people import Courier, Vehicle, cards, couriers_of, reach
from doorstep.couriers.graphql.rosters import days_of, span_of
from doorstep.kit.gql import (
    Info,
    InvalidInput,
    Node,
    Refused,
    TimeWindow,
    argument,
    asking,
    explain,
    given,
    invalid,
    public,
    shown,
    worded,
)
from doorstep.kit.ids import new_id
from doorstep.kit.once import Keyed, attempt_of, said_no

explain(model.VehicleRefusal, "Why a vehicle cannot be had.", model.VEHICLE_WORDS)
_LONGEST: Final = timedelta(days=31)
_LONGEST_OUT: Final = timedelta(days=366)
_MOST_WORDS: Final = 200


@public("That a courier drives a vehicle in a span, instead of their own.")
class VehicleBooking(Node):
    vehicle: Vehicle = shown("Which vehicle.")
    courier: Courier = shown("Who drives it.")
    window: TimeWindow = shown("From when to when.")
    released_at: datetime | None = shown("When it was released; null: it holds.")


@public("A span in which nobody drives a vehicle.")
class VehicleOutage(Node):
    vehicle: Vehicle = shown("Which vehicle.")
    window: TimeWindow = shown("From when to when.")
    reason: str = shown("Why.")
    ended_at: datetime | None = shown("When it came back before its time; null: it did not.")


@public("What is said of a branch's vehicles on a day.")
class Fleet:
    vehicles: list[Vehicle] = shown("All that stand in its yard.")
    bookings: list[VehicleBooking] = shown("Who drives another than their own, and when.")
    outages: list[VehicleOutage] = shown("Which are not to be driven, and when.")


@public("A vehicle is not had, or was not given back.")
class VehicleRefused(Refused):
    code: model.VehicleRefusal = shown("Why.")
    held_by: Courier | None = shown("Who has the vehicle then.")


@public("The courier drives this vehicle.")
class VehicleBooked:
    booking: VehicleBooking = shown("Which, and when.")


@public("The courier does not drive it after all.")
class VehicleReleased:
    booking: VehicleBooking = shown("What was released.")


@public("Nobody drives the vehicle for a while.")
class VehicleOutOfService:
    outage: VehicleOutage = shown("Which, and when.")


@public("The vehicle can be driven again.")
class VehicleBackInService:
    outage: VehicleOutage = shown("What has ended.")


BookVehicleResult = Annotated[
    VehicleBooked | VehicleRefused | InvalidInput,
    strawberry.union("BookVehicleResult", description="What came of booking a vehicle."),
]
ReleaseVehicleResult = Annotated[
    VehicleReleased | VehicleRefused | InvalidInput,
    strawberry.union("ReleaseVehicleResult", description="What came of releasing a vehicle."),
]
PutVehicleOutOfServiceResult = Annotated[
    VehicleOutOfService | VehicleRefused | InvalidInput,
    strawberry.union(
        "PutVehicleOutOfServiceResult", description="What came of taking a vehicle out of service."
    ),
]
PutVehicleBackInServiceResult = Annotated[
    VehicleBackInService | VehicleRefused | InvalidInput,
    strawberry.union(
        "PutVehicleBackInServiceResult", description="What came of bringing a vehicle back."
    ),
]


@asking("Let a courier drive another vehicle: in one of their shifts, or in a span.")
class BookVehicleInput(Keyed):
    vehicle_id: strawberry.ID = given("Which vehicle.")
    courier_id: strawberry.ID = given("Who drives it.")
    shift_id: strawberry.ID | None = given("In which shift; or `start` and `end`.", default=None)
    start: datetime | None = given("From when.", default=None)
    end: datetime | None = given("Until when.", default=None)

    async def parsed(self, info: Info) -> model.VehicleBooking:
        start, end = self.start, self.end
        if (self.shift_id is None) is (start is None or end is None):
            raise invalid(
                "shiftId", zh="请填写班次，或起止时间。", en="Name a shift, or a start and an end."
            )
        if self.shift_id:
            shift = await couriers_of(info).shift(self.shift_id)
            if shift is None or shift.courier_id != self.courier_id or shift.cancelled_at:
                raise invalid("shiftId", zh="没有这个班次。", en="They have no such shift.")
            start, end = shift.start, shift.end
        assert start is not None
        assert end is not None
        span = span_of(start, end, "end", most=_LONGEST)
        return model.VehicleBooking(
            id=new_id("vbk"),
            vehicle_id=self.vehicle_id,
            courier_id=self.courier_id,
            branch_id="",
            start=span.start,
            end=span.end,
            by=info.context.caller.id,
            at=info.context.house.clock.now(),
        )


@asking("Give a vehicle back.")
class ReleaseVehicleInput(Keyed):
    id: strawberry.ID = given("Which booking.")


@asking("Take a vehicle out of service for a span.")
class PutVehicleOutOfServiceInput(Keyed):
    vehicle_id: strawberry.ID = given("Which vehicle.")
    start: datetime = given("From when.", name="from")
    end: datetime = given("Until when.", name="to")
    reason: str = given("Why.")

    def parsed(self, info: Info) -> model.Outage:
        span = span_of(self.start, self.end, "to", most=_LONGEST_OUT)
        return model.Outage(
            id=new_id("vou"),
            vehicle_id=self.vehicle_id,
            branch_id="",
            start=span.start,
            end=span.end,
            reason=worded(self.reason, _MOST_WORDS, "reason"),
            by=info.context.caller.id,
            at=info.context.house.clock.now(),
        )


@asking("Bring a vehicle back into service before its time.")
class PutVehicleBackInServiceInput(Keyed):
    id: strawberry.ID = given("Which outage.")


async def bookings_shown(
    bookings: Sequence[model.VehicleBooking], info: Info
) -> list[VehicleBooking]:
    people = await cards((each.courier_id for each in bookings), info)
    vehicles = await couriers_of(info).vehicles({each.vehicle_id for each in bookings})
    return [
        VehicleBooking(
            id=strawberry.ID(each.id),
            vehicle=Vehicle.of(vehicles[each.vehicle_id]),
            courier=people[each.courier_id],
            window=TimeWindow.of(each.window),
            released_at=each.released_at,
        )
        for each in bookings
    ]


async def outages_shown(outages: Sequence[model.Outage], info: Info) -> list[VehicleOutage]:
    vehicles = await couriers_of(info).vehicles({each.vehicle_id for each in outages})
    return [
        VehicleOutage(
            id=strawberry.ID(each.id),
            vehicle=Vehicle.of(vehicles[each.vehicle_id]),
            window=TimeWindow.of(each.window),
            reason=each.reason,
            ended_at=each.ended_at,
        )
        for each in outages
    ]


async def _refused(refused: model.VehicleRefused, info: Info) -> VehicleRefused:
    holder = refused.held_by
    return VehicleRefused(
        **said_no(refused, model.VEHICLE_WORDS, info),
        held_by=(await cards([holder], info)).get(holder) if holder else None,
    )


@strawberry.type
class GarageQuery:
    @query(
        "Who of a branch drives what on a day, when it is not their own. Null: no branch of yours.",
        to=DISPATCH,
    )
    async def vehicle_bookings(
        self,
        info: Info,
        branch_id: Annotated[strawberry.ID, argument("Which branch.")],
        day: Annotated[date, argument("Which local day.")],
    ) -> Fleet | None:
        days_of(day, 1)
        if not (await reach(info))(branch_id):
            return None
        rooms = couriers_of(info)
        return Fleet(
            vehicles=[Vehicle.of(each) for each in await rooms.fleet(branch_id)],
            bookings=await bookings_shown(await rooms.vehicle_bookings(branch_id, day), info),
            outages=await outages_shown(await rooms.outages(branch_id, day), info),
        )


@strawberry.type
class GarageMutation:
    @mutation(
        "A courier drives another vehicle than their own. No vehicle is had twice, whatever races.",
        to=DISPATCH,
    )
    async def book_vehicle(
        self, info: Info, input: Annotated[BookVehicleInput, argument("Which, who, and when.")]
    ) -> BookVehicleResult:
        attempt = attempt_of(info, input, "bookVehicle", info.context.house.clock.now())
        wanted, within = await input.parsed(info), await reach(info)
        outcome = await couriers_of(info).book_vehicle(wanted, attempt, within=within)
        if isinstance(outcome, model.VehicleRefused):
            return await _refused(outcome, info)
        return VehicleBooked(booking=(await bookings_shown([outcome], info))[0])

    @mutation("A courier does not drive it after all, or not any longer.", to=DISPATCH)
    async def release_vehicle(
        self, info: Info, input: Annotated[ReleaseVehicleInput, argument("Which booking.")]
    ) -> ReleaseVehicleResult:
        attempt = attempt_of(info, input, "releaseVehicle", info.context.house.clock.now())
        within = await reach(info)
        outcome = await couriers_of(info).release_vehicle(input.id, attempt, within=within)
        if isinstance(outcome, model.VehicleRefused):
            return await _refused(outcome, info)
        return VehicleReleased(booking=(await bookings_shown([outcome], info))[0])

    @mutation(
        "Nobody drives a vehicle for a while. Whoever had it walks until they book another.",
        to=DISPATCH,
    )
    async def put_vehicle_out_of_service(
        self,
        info: Info,
        input: Annotated[PutVehicleOutOfServiceInput, argument("Which, when and why.")],
    ) -> PutVehicleOutOfServiceResult:
        attempt = attempt_of(info, input, "putVehicleOutOfService", info.context.house.clock.now())
        wanted, within = input.parsed(info), await reach(info)
        outcome = await couriers_of(info).put_out_of_service(wanted, attempt, within=within)
        if isinstance(outcome, model.VehicleRefused):
            return await _refused(outcome, info)
        return VehicleOutOfService(outage=(await outages_shown([outcome], info))[0])

    @mutation("A vehicle can be driven again, before its time.", to=DISPATCH)
    async def put_vehicle_back_in_service(
        self, info: Info, input: Annotated[PutVehicleBackInServiceInput, argument("Which outage.")]
    ) -> PutVehicleBackInServiceResult:
        attempt = attempt_of(info, input, "putVehicleBackInService", info.context.house.clock.now())
        within = await reach(info)
        outcome = await couriers_of(info).put_back_in_service(input.id, attempt, within=within)
        if isinstance(outcome, model.VehicleRefused):
            return await _refused(outcome, info)
        return VehicleBackInService(outage=(await outages_shown([outcome], info))[0])
