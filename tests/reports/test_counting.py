"""What is kept is what the histories tell, however the events arrive."""

import asyncio
import base64
import json
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pymongo.errors import DuplicateKeyError
from typer.testing import CliRunner

from doorstep.appointments.events import AppointmentMoved
from doorstep.appointments.model import Appointment
from doorstep.catalogue.model import LineOutcome
from doorstep.cli.commands import cli
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.pii import Keyring
from doorstep.reports.model import Grouping
from doorstep.wiring import House
from tests import given
from tests.crowd import at_once
from tests.given import CAI, TODAY
from tests.reports.lives import lives_on, promise, somebody_s, undone, visited

pytestmark = pytest.mark.row("O1")
LAST = TODAY + timedelta(days=2)
COLLECTED = LineOutcome.COLLECTED


async def add(house: House, *appointments: Appointment) -> None:
    async def body(tx: Tx) -> None:
        for each in appointments:
            await house.appointments.store.add(each, tx=tx)

    await house.mongo.transact(body)


async def save(house: House, before: list[Appointment], after: list[Appointment]) -> None:
    steps = [(b, a) for b, a in zip(before, after, strict=True) if b != a]

    async def body(tx: Tx) -> None:
        await house.appointments.save(steps, AppointmentMoved, tx=tx)

    await house.mongo.transact(body)


async def events(house: House) -> list[AppointmentMoved]:
    rows = house.mongo["outbox"].find({"kind": "AppointmentMoved"})
    return [AppointmentMoved.model_validate(row["body"]) async for row in rows]


async def rows(house: House) -> list[dict[str, Any]]:
    return [row async for row in house.mongo["courier_days"].find().sort("_id")]


async def agrees(house: House) -> bool:
    """What is kept, against what the histories tell, in rows and in every report."""
    recount = await house.reports.recount("org_branch", TODAY, LAST)
    for by in Grouping:
        kept = await house.reports.report("org_branch", TODAY, LAST, by)
        assert kept == await house.reports.report_again("org_branch", TODAY, LAST, by, recount)
    return recount.differences == ()


@pytest.mark.parametrize("seed", range(3))
async def test_events_told_twice_late_and_in_any_order_count_what_the_histories_tell(
    house: House, clock: StoppedClock, seed: int
):
    random = Random(seed)
    lives = [somebody_s(random, number) for number in range(12)]
    await add(house, *lives)
    for _ in range(3):
        then = [lives_on(random, each, random.randrange(6)) for each in lives]
        await save(house, lives, then)
        lives = then
        some = [event for event in await events(house) if random.random() < 0.4]
        for event in random.sample(some, len(some)):
            await house.reports.count(event)
    clock.set(given.window(16, day=TODAY + timedelta(days=1)).end)

    for event in random.sample(told := await events(house), len(told)):
        await house.reports.count(event)

    assert await agrees(house)
    report = await house.reports.report("org_branch", TODAY, LAST, Grouping.DAY)
    assert report.whole.tally.visits
    assert report.whole.tally.missed
    before = await rows(house)
    await at_once(house.reports.count(event) for event in told[:20])
    assert await rows(house) == before, "told again it changes nothing"


async def test_of_events_told_at_once_none_is_lost(house: House):
    before = [promise(f"apt_{number}") for number in range(12)]
    await add(house, *before)
    after = [visited(each, 5 * n, COLLECTED) for n, each in enumerate(before)]
    await save(house, before, after)

    await at_once(house.reports.count(event) for event in await events(house))

    (row,) = await rows(house)
    assert (len(row["appointment_ids"]), row["whole"]["visits"]) == (12, 12)
    assert await agrees(house)


async def test_a_visit_that_was_a_mis_tap_and_another_s_then_is_counted_once(house: House):
    """Bo's arrival is undone, then it is Cai's: told only when all of it is over."""
    before = promise("apt_1")
    await add(house, before)
    bo = visited(before, 5)
    await save(house, [before], [bo])
    for event in await events(house):
        await house.reports.count(event)
    assert [row["courier_id"] for row in await rows(house)] == ["cou_bo"]

    waiting = undone(bo, before.model_copy(update={"status": "BOOKED"}), bo.window.start)
    cai = visited(waiting, 30, COLLECTED, courier=CAI.courier_id)
    await save(house, [bo], [cai])
    for event in (await events(house))[::-1]:
        await house.reports.count(event)

    assert [row["courier_id"] for row in await rows(house)] == ["cou_cai"]
    assert await agrees(house)


async def test_no_visit_is_counted_in_two_days_whoever_writes_them(house: House):
    before = promise("apt_1")
    await add(house, before)
    await save(house, [before], [visited(before, 5, COLLECTED)])
    await house.reports.settle("apt_1")
    (row,) = await rows(house)

    with pytest.raises(DuplicateKeyError):
        await house.mongo["courier_days"].insert_one({**row, "_id": "cou_cai|2026-11-24|x"})


async def test_a_count_that_was_tampered_with_is_found_and_mended(house: House):
    before = [promise("apt_1"), promise("apt_2")]
    await add(house, *before)
    await save(house, before, [visited(each, 5, COLLECTED) for each in before])
    for each in before:
        await house.reports.settle(each.id)
    right = await rows(house)
    await house.mongo["courier_days"].update_one({}, {"$inc": {"whole.late": 1}})

    recount = await house.reports.recount("org_branch", TODAY, LAST)

    (found,) = recount.differences
    assert found.kept
    assert found.told
    assert (found.kept.whole.late, found.told.whole.late) == (1, 0)
    assert await house.reports.mend(recount.differences) == 2
    assert await rows(house) == right


async def test_of_a_branch_s_promises_only_those_are_read_that_nobody_kept(house: House):
    kept = [visited(promise(f"apt_{number}"), number, COLLECTED) for number in range(9)]
    await add(house, *kept, promise("apt_9"), promise("apt_a", hour=18))
    end = kept[0].window.end
    days = {"$gte": TODAY.isoformat(), "$lte": LAST.isoformat()}
    never = {"$in": ["ASSIGNED", "BOOKED", "EN_ROUTE"]}
    wanted = {"branch_id": "org_branch", "day": days, "status": never, "window.end": {"$lte": end}}
    asked = {"find": "appointments", "filter": wanted, "hint": "branch_id_day_window_end"}

    found = await house.mongo.db.command({"explain": asked, "verbosity": "executionStats"})

    assert found["executionStats"]["totalDocsExamined"] == 1
    assert len(await house.appointments.unkept("org_branch", TODAY, LAST, end)) == 1


async def test_the_command_says_whether_what_is_kept_agrees_and_mends_it(
    house: House, mongo_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    before = promise("apt_1")
    await add(house, before)
    await save(house, [before], [visited(before, 125, COLLECTED)])
    monkeypatch.setenv("DOORSTEP_MONGODB_URL", mongo_url)
    monkeypatch.setenv("DOORSTEP_MONGO_DATABASE", house.mongo.db.name)
    _with_keys(tmp_path, house.keyring)
    call = [
        "kpis",
        "org_branch",
        str(TODAY),
        str(TODAY),
        "--by",
        "courier",
        "--data",
        str(tmp_path),
    ]

    async def run(*more: str) -> Any:
        return await asyncio.to_thread(CliRunner().invoke, cli, [*call, *more])

    missing = await run("--recompute")
    assert missing.exit_code == 1
    assert f"cou_bo|{TODAY}|org_branch: not counted" in missing.stderr
    assert (await run("--recompute", "--mend")).exit_code == 0
    agreeing = await run("--recompute")
    kept = await run()

    assert agreeing.exit_code == kept.exit_code == 0
    assert "agree: 1 couriers' days" in agreeing.stderr
    assert agreeing.stdout == kept.stdout
    head, bo, *_ = kept.stdout.splitlines()
    told = dict(zip(head.split(","), bo.split(","), strict=True))
    assert (told["group"], told["late"], told["on_time"], told["on_time_of"]) == (
        *("cou_bo", "1", "0.0", "1"),
    )
    assert told["repeat_attempts"] == "0.0"


def _with_keys(folder: Path, keyring: Keyring) -> None:
    """The data folder of a machine that serves this house."""

    def text(key: bytes) -> str:
        return base64.b64encode(key).decode()

    kept = {
        "token": text(keyring.token),
        "index": text(keyring.index),
        "wrapping": {name: text(key) for name, key in keyring.wrapping.items()},
        "current": keyring.current,
    }
    file = folder / "keys.json"
    file.write_text(json.dumps(kept))
    file.chmod(0o600)
