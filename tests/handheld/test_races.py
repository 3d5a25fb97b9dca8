"""What a handheld sends, however often and in whatever state. Both drivers."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment, DeliveryAsked, Status
from doorstep.catalogue.model import LineOutcome, ServiceKind
from doorstep.handheld.model import Act, Command, LineReport, Outcome, ProofShown
from doorstep.items.rules import check_digit
from doorstep.kit.clock import StoppedClock
from doorstep.kit.ids import new_id
from doorstep.wiring import House
from tests import given
from tests.crowd import at_once, crowd
from tests.dispatch.test_races import accept, active, assign, now, relay, stops
from tests.given import ADA, BO, CAI, EVE, Person

ITEM = "RR473124829GB"
MS = timedelta(milliseconds=1)


def command(house: House, act: Act, promise: Appointment | None = None, **more: Any) -> Command:
    fields: dict[str, Any] = {
        "id": new_id("cmd"),
        "act": act,
        "captured_at": house.clock.now(),
        "appointment_id": promise.id if promise else None,
    }
    made = Command(**{**fields, **more})
    return made.model_copy(update={"body_hash": made.model_dump_json(exclude={"id"}).encode()})


def report(line_id: str = "lin_1", **more: Any) -> LineReport:
    fields: dict[str, Any] = {
        "line_id": line_id,
        "outcome": LineOutcome.COLLECTED,
        "weight_grams": 2100,
        "item_ids": (ITEM,),
        "proof": ProofShown(signed_by="Ada"),
    }
    return LineReport(**{**fields, **more})


async def send(house: House, *commands: Command, who: Person = BO) -> list[Outcome]:
    return await house.handheld.carry_out(who.account_id, commands)


def codes(outcomes: list[Outcome]) -> list[str | None]:
    return [str(o.refused.code) if o.refused else None for o in outcomes]


async def at_the_door(house: House, who: Person = ADA, **changed: Any) -> Appointment:
    """Bo stands before it."""
    promise = await given.booked(house, who, **changed)
    outcome = await assign(house, promise, BO)
    assert isinstance(outcome, Appointment), outcome
    outcomes = await send(
        house,
        command(house, Act.START_DUTY),
        *(command(house, act, promise) for act in (Act.ACCEPT, Act.SET_OUT, Act.ARRIVE)),
    )
    assert codes(outcomes) == [None] * 4
    return await now(house, promise)


# ------------------------------------------------------------------ once, however often


@pytest.mark.row("G3")
async def test_200_commands_sent_three_times_overlapping_take_effect_once(house: House):
    everybody = await crowd(house, 40)
    hours = (8, 10, 12, 14, 16, 18)
    promises = await at_once(
        given.booked(house, who, slot=given.slot(hours[n % 6])) for n, who in enumerate(everybody)
    )
    for promise in promises:
        if isinstance(await assign(house, promise, BO), Appointment) is False:
            assert isinstance(await assign(house, promise, CAI), Appointment)
    batch = [command(house, Act.START_DUTY)]
    for promise in promises:
        batch += [command(house, act, promise) for act in (Act.ACCEPT, Act.SET_OUT, Act.ARRIVE)]
        batch.append(command(house, Act.FINISH, promise, lines=(report(),)))
        batch.append(command(house, Act.ACCEPT, promise))
    batch = batch[:200]

    sendings = await at_once(send(house, *batch) for _ in range(3))

    first = next(s for s in sendings if not any(o.repeated for o in s))
    for sending in sendings:
        assert codes(sending) == codes(first)
        assert [o.command_id for o in sending] == [c.id for c in batch]
    assert sum(all(o.repeated for o in s) for s in sendings) == 2
    assert await house.mongo["commands"].count_documents({}) == 200
    for promise in (await house.appointments.load([p.id for p in promises])).values():
        kinds = Counter(entry.kind for entry in promise.history)
        assert set(kinds.values()) == {1}
        assert [e.sequence for e in promise.history] == list(range(1, len(promise.history) + 1))
        rows = house.mongo["outbox"].find({"aggregate": promise.id})
        told = sorted([row["sequence"] async for row in rows])
        assert told == [entry.sequence for entry in promise.history]


@pytest.mark.row("G3")
async def test_a_link_that_is_cut_in_mid_push_40_times_leaves_no_double(house: House):
    promise = await at_the_door(house)
    finish = command(house, Act.FINISH, promise, lines=(report(),))

    for cut in range(40):
        pushing = asyncio.create_task(send(house, finish))
        await asyncio.sleep(cut * 0.0005)
        pushing.cancel()
        await asyncio.gather(pushing, return_exceptions=True)
    (outcome,) = await send(house, finish)

    assert outcome.accepted
    kinds = [entry.kind for entry in (await now(house, promise)).history]
    assert kinds == ["BOOKED", "ASSIGNED", "ACCEPTED", "SET_OUT", "ARRIVED", "COMPLETED"]


@pytest.mark.row("G3")
async def test_201_commands_are_refused_and_none_of_them_is_carried_out(house: House):
    outcomes = await send(house, *(command(house, Act.START_DUTY) for _ in range(201)))
    assert codes(outcomes) == ["BATCH_TOO_LARGE"] * 201
    assert await house.mongo["commands"].count_documents({}) == 0
    again = await send(house, *(command(house, Act.START_DUTY) for _ in range(200)))
    assert codes(again) == [None] * 200


@pytest.mark.row("G3", "G4")
async def test_a_refused_command_does_not_stop_the_rest(house: House):
    promise = await given.booked(house)
    await assign(house, promise, BO)
    early = command(house, Act.ARRIVE, promise)
    steps = (Act.ACCEPT, Act.SET_OUT, Act.ARRIVE)
    outcomes = await send(
        house,
        early,
        command(house, Act.SET_OUT, promise),
        command(house, Act.START_DUTY),
        *(command(house, act, promise) for act in steps),
    )
    assert codes(outcomes) == ["NOT_ALLOWED_NOW", "NOT_ON_DUTY", None, None, None, None]
    assert (await now(house, promise)).status is Status.ARRIVED
    (again,) = await send(house, early)
    assert (again.repeated, again.accepted) == (True, False)


async def test_an_id_that_comes_with_another_command_is_refused(house: House):
    promise = await given.booked(house)
    await assign(house, promise, BO)
    first = command(house, Act.ACCEPT, promise)
    other = command(house, Act.DECLINE, promise, id=first.id, reason="忙")

    assert codes(await send(house, first, other)) == [None, "COMMAND_ID_REUSED"]
    assert codes(await send(house, other)) == ["COMMAND_ID_REUSED"]
    assert (await now(house, promise)).status is Status.ASSIGNED
    assert codes(await send(house, command(house, Act.START_DUTY, id=first.id), who=CAI)) == [None]


async def test_accepting_again_is_harmless(house: House):
    promise = await given.booked(house)
    await relay(house)
    outcomes = await send(house, *(command(house, Act.ACCEPT, promise) for _ in range(3)))
    assert codes(outcomes) == [None] * 3
    kept = await now(house, promise)
    assert [entry.kind for entry in kept.history] == ["BOOKED", "ACCEPTED"]
    assert kept.version == 2


# ------------------------------------------------------------------ when it was done


@pytest.mark.row("G2")
async def test_what_was_done_hours_ago_keeps_both_times(house: House, clock: StoppedClock):
    promise = await given.booked(house)
    await relay(house)
    done = clock.now() + timedelta(minutes=1)
    clock.advance(timedelta(hours=3))
    assert codes(await send(house, command(house, Act.ACCEPT, promise, captured_at=done))) == [None]
    entry = (await now(house, promise)).history[-1]
    assert (entry.at, entry.recorded_at) == (done, clock.now())


@pytest.mark.row("G2")
async def test_a_handheld_from_the_future_is_told_to_set_its_clock(
    house: House, clock: StoppedClock
):
    ahead = clock.now() + timedelta(minutes=5)
    outcomes = await send(
        house,
        command(house, Act.START_DUTY, captured_at=ahead),
        command(house, Act.END_DUTY, captured_at=ahead + MS),
    )
    assert codes(outcomes) == [None, "CLOCK_SKEW"]
    assert outcomes[1].refused
    assert outcomes[1].refused.path == ("capturedAt",)


# ------------------------------------------------------------------ taking it back


@pytest.mark.row("G5")
async def test_a_mis_tap_is_taken_back_by_a_new_event(house: House, clock: StoppedClock):
    promise = await at_the_door(house)
    finish = command(house, Act.FINISH, promise, lines=(report(),))
    await send(house, finish)
    late = clock.now() + timedelta(minutes=10)
    clock.advance(timedelta(hours=1))

    undo = command(house, Act.UNDO, undoes=finish.id, captured_at=late)
    assert codes(await send(house, undo)) == [None]
    kept = await now(house, promise)
    assert (kept.status, kept.history[-1].kind) == (Status.ARRIVED, "UNDONE")
    assert kept.lines == promise.lines
    assert kept.private.proofs == {}
    assert await stops(house, BO, promise) == ["ARRIVED"]

    again = command(house, Act.FINISH, promise, lines=(report(),))
    assert codes(await send(house, again)) == [None]
    assert (await now(house, promise)).status is Status.COMPLETED


@pytest.mark.row("G5")
async def test_after_the_window_in_which_it_may_be_taken_back_it_stands(
    house: House, clock: StoppedClock
):
    promise = await at_the_door(house)
    finish = command(house, Act.FINISH, promise, lines=(report(),))
    await send(house, finish)
    clock.advance(timedelta(minutes=10) + MS)
    outcomes = await send(house, command(house, Act.UNDO, undoes=finish.id))
    assert codes(outcomes) == ["UNDO_WINDOW_CLOSED"]
    assert (await now(house, promise)).status is Status.COMPLETED


@pytest.mark.row("G5")
async def test_what_was_taken_back_or_overtaken_or_never_done_cannot_be_taken_back(house: House):
    promise = await given.booked(house)
    await assign(house, promise, BO)
    go = [command(house, Act.START_DUTY), command(house, Act.ACCEPT, promise)]
    out, there = command(house, Act.SET_OUT, promise), command(house, Act.ARRIVE, promise)
    undo = command(house, Act.UNDO, undoes=there.id)
    outcomes = await send(
        house,
        *go,
        out,
        there,
        command(house, Act.UNDO, undoes=out.id),
        undo,
        command(house, Act.UNDO, undoes=there.id),
        command(house, Act.UNDO, undoes=undo.id),
        command(house, Act.UNDO, undoes=go[1].id),
        command(house, Act.UNDO, undoes="cmd_never"),
    )
    assert codes(outcomes) == [None] * 4 + ["NOT_ALLOWED_NOW", None] + ["NOT_ALLOWED_NOW"] * 4
    assert (await now(house, promise)).status is Status.EN_ROUTE
    foreign = await send(house, command(house, Act.UNDO, undoes=out.id), who=CAI)
    assert codes(foreign) == ["NOT_ALLOWED_NOW"]


# ------------------------------------------------------------------ whose it is


async def test_not_yours_is_said_of_what_once_was_and_unknown_of_all_else(house: House):
    never = await given.booked(house, EVE)
    promise = await given.booked(house)
    await relay(house)
    assert (await now(house, promise)).offered_to == BO.courier_id
    await assign(house, promise, CAI)

    bo = await send(house, command(house, Act.ACCEPT, promise))
    assert codes(bo) == ["NOT_YOURS"]
    assert bo[0].appointment is None
    for id in (never.id, new_id("apt"), "nonsense"):
        outcomes = await send(house, command(house, Act.ACCEPT, appointment_id=id), who=CAI)
        assert codes(outcomes) == ["UNKNOWN_APPOINTMENT"]
        assert outcomes[0].appointment is None
    assert codes(await send(house, command(house, Act.START_DUTY), who=ADA)) == ["NOT_ALLOWED_NOW"]


async def test_a_cancelled_stop_cannot_be_gone_to(house: House):
    promise = await given.booked(house)
    await assign(house, promise, BO)
    await accept(house, BO, promise)
    kept = await now(house, promise)
    await house.appointments.cancel(
        promise.id,
        ADA.account_id,
        given.attempt(house),
        expected_version=kept.version,
        by_role=Role.CUSTOMER,
        reason="不寄了",
    )
    duty = command(house, Act.START_DUTY)
    before = await send(house, duty, command(house, Act.SET_OUT, promise))
    assert codes(before) == [None, "NOT_ALLOWED_NOW"]
    await relay(house)
    assert codes(await send(house, command(house, Act.SET_OUT, promise))) == ["NOT_YOURS"]
    assert await active(house, promise) is None


# ------------------------------------------------------------------ at the door


@pytest.mark.row("H1")
@pytest.mark.parametrize(
    ("missing", "path"),
    [
        ({"weight_grams": None}, ("weightGrams",)),
        ({"item_ids": ()}, ("itemIds",)),
        ({"proof": ProofShown()}, ("proof", "signedBy")),
        ({"proof": ProofShown(signed_by="Ada", pickup_code="?")}, ("proof", "pickupCode")),
    ],
)
async def test_a_missing_proof_is_named(house: House, missing: Any, path: tuple[str, ...]):
    promise = await at_the_door(house)
    outcomes = await send(house, command(house, Act.FINISH, promise, lines=(report(**missing),)))
    assert codes(outcomes) == ["PROOF_MISSING"]
    assert outcomes[0].refused
    assert outcomes[0].refused.path == ("lines", "0", *path)
    assert (await now(house, promise)).status is Status.ARRIVED


async def test_the_code_that_the_customer_tells_is_taken(house: House):
    promise = await at_the_door(house)
    proof = ProofShown(signed_by="Ada", pickup_code=promise.private.pickup_code)
    finish = command(house, Act.FINISH, promise, lines=(report(proof=proof),))
    assert codes(await send(house, finish)) == [None]


@pytest.mark.row("H8")
async def test_an_item_number_with_one_wrong_digit_is_none(house: House):
    promise = await at_the_door(house)
    right = f"EE47110815{check_digit('47110815')}FR"
    wrong = [right[:n] + str((int(right[n]) + 1) % 10) + right[n + 1 :] for n in range(2, 11)]
    wrong += ["RR４７３１２４８２９GB", "XX", "", "JJ473124829GB", "A" * 400, "AB1234567890"]
    for item in wrong:
        outcomes = await send(
            house, command(house, Act.FINISH, promise, lines=(report(item_ids=(item,)),))
        )
        assert codes(outcomes) == ["INVALID_ITEM_ID"], item
        assert outcomes[0].refused
        assert outcomes[0].refused.path == ("lines", "0", "itemIds")
    ours = report(item_ids=("ab 12345678901", right))
    assert codes(await send(house, command(house, Act.FINISH, promise, lines=(ours,)))) == [None]
    assert (await now(house, promise)).lines[0].item_ids == ("AB12345678901", right)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (report(), report()),
        (report("lin_9"),),
        (report(), report("lin_2")),
        (report(outcome=LineOutcome.DELIVERED),),
    ],
    ids=["missing", "doubled", "unknown", "one too many", "an outcome it cannot have"],
)
async def test_each_line_is_reported_once(house: House, lines: Any):
    promise = await at_the_door(house)
    outcomes = await send(house, command(house, Act.FINISH, promise, lines=lines))
    assert codes(outcomes) == ["INVALID_INPUT"]
    assert (await now(house, promise)).status is Status.ARRIVED


@pytest.mark.row("H3", "A10")
async def test_another_parcel_than_the_promised_one_is_not_handed_over(house: House):
    kind = ServiceKind.PARCEL_DELIVERY
    promise = await at_the_door(
        house,
        slot=given.slot(services=frozenset({kind, ServiceKind.PARCEL_PICKUP})),
        lines=(DeliveryAsked(kind=kind, item_id=ITEM), given.parcel()),
    )
    other = report("lin_1", outcome=LineOutcome.DELIVERED, item_ids=("AB12345678901",))
    mine = report("lin_2", item_ids=("AB12345678902",))
    finish = command(house, Act.FINISH, promise, lines=(other, mine))
    assert codes(await send(house, finish)) == ["ITEM_MISMATCH"]
    twice = report("lin_1", outcome=LineOutcome.DELIVERED, item_ids=(ITEM,))
    finish = command(house, Act.FINISH, promise, lines=(twice, report("lin_2")))
    assert codes(await send(house, finish)) == ["ITEM_MISMATCH"]

    home = report("lin_1", outcome=LineOutcome.NOT_HOME, item_ids=(), proof=ProofShown())
    assert codes(await send(house, command(house, Act.FINISH, promise, lines=(home, mine)))) == [
        None
    ]
    kept = await now(house, promise)
    assert kept.status is Status.PARTLY_COMPLETED
    assert [line.outcome for line in kept.lines] == ["NOT_HOME", "COLLECTED"]


async def test_a_courier_s_answers_that_race_leave_one(house: House):
    promise = await given.booked(house)
    await relay(house)
    outcomes = await at_once(
        send(house, command(house, act, promise, reason="忙"))
        for act in (Act.ACCEPT, Act.DECLINE) * 5
    )
    assert codes([one for (one,) in outcomes]).count(None) >= 1
    await relay(house)
    kept, one = await now(house, promise), await active(house, promise)
    assert one
    assert one.courier_id == (kept.courier_id or kept.offered_to)
