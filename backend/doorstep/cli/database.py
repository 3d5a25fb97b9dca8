"""What `doorstep doctor` asks of MongoDB. It writes one row for a moment."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any, Final

from doorstep.cli.findings import Finding, fail, ok, warn
from doorstep.kit.clock import Clock
from doorstep.kit.mongo.collections import differing, missing, unfit
from doorstep.kit.mongo.driver import DriverError
from doorstep.kit.mongo.leases import LEASES
from doorstep.kit.mongo.migrations import CannotMigrate, pending
from doorstep.kit.mongo.outbox import LEASE, SWEEP_SECONDS
from doorstep.kit.mongo.restoring import HalfRestored, refuse_half_restored
from doorstep.kit.mongo.transactions import OUTBOX, Mongo
from doorstep.kit.pii import Keyring
from doorstep.kit.windows import local_day
from doorstep.migrations import STEPS
from doorstep.wiring import KEPT, KEYS_KEPT

_ENDS: Final = {
    "6.0": date(2025, 7, 31),
    "7.0": date(2027, 8, 31),
    "8.0": date(2029, 10, 31),
}
"""When a series gets its last fixes (mongodb.com/legal/support-policy/lifecycles)."""
_LONGEST_TRANSACTION_SECONDS: Final = 10
_LAN_ELECTION_MILLISECONDS: Final = 2000
_CLOCK_WARNS: Final = timedelta(seconds=1)
_CLOCK_FAILS: Final = timedelta(seconds=60)
_LAG_WARNS: Final = timedelta(seconds=2 * SWEEP_SECONDS)
_LAG_FAILS: Final = timedelta(minutes=15)
_HORIZON_DAYS: Final = 13
_UNAUTHORIZED: Final = 13
_PREPARE: Final = "doorstep indexes"
_SLOTS: Final = "slots"  # no room has a verb for what only an operator asks


@dataclass(frozen=True)
class Patient:
    """A database, and what we know of it without asking."""

    mongo: Mongo
    clock: Clock
    keyring: Keyring | None
    embedded: bool


async def of_database(patient: Patient) -> list[Finding]:
    """What was found, in order. What a database without our data cannot have is not asked."""
    found = [await _checked(name, check, patient) for name, check in _SERVER.items()]
    if not await patient.mongo.db.list_collection_names():
        empty = f"database {patient.mongo.db.name} is empty"
        return [*found, warn("contents", empty, "doorstep demo, or doorstep import FOLDER")]
    return found + [await _checked(name, check, patient) for name, check in _CONTENTS.items()]


async def _checked(name: str, check: "Check", patient: Patient) -> Finding:
    try:
        return await check(patient)
    except DriverError as error:
        if getattr(error, "code", None) == _UNAUTHORIZED:
            return warn(name, "our user may not ask this", "grant it clusterMonitor")
        return fail(name, str(error).splitlines()[0][:200], "see that MongoDB answers")


# ------------------------------------------------------------ the server


async def _version(patient: Patient) -> Finding:
    version = str((await patient.mongo.client.server_info())["version"])
    series = ".".join(version.split(".")[:2])
    if patient.embedded:
        return ok("MongoDB", f"{version}, our own, on a socket of ours")
    ends = _ENDS.get(series)
    if ends is None:
        told = f"{version} is no series we know"
        return warn("MongoDB", told, "run 8.0 or 7.0, which the tests know")
    if ends < local_day(patient.clock.now()):
        told = f"{version} got its last fixes on {ends}"
        return warn("MongoDB", told, "run a current 8.0 or 7.0")
    return ok("MongoDB", f"{version}, fixed until {ends}")


async def _topology(patient: Patient) -> Finding:
    hello = await patient.mongo.client["admin"].command("hello")
    if hello.get("msg") == "isdbgrid":
        return ok("topology", "a sharded cluster")
    if not hello.get("setName"):
        mend = "start mongod with --replSet rs0 and run rs.initiate() once"
        return fail("topology", "a standalone mongod: no transactions, no change streams", mend)
    if not hello.get("primary"):
        return fail("topology", "no primary", "start a majority of the members")
    members = await _members(patient, hello)
    down = [str(each["name"]) for each in members if each["state"] not in (1, 2, 7)]
    if down:
        told = f"down: {', '.join(down)}"
        return warn("topology", told, "start them before you stop another")
    told = f"replica set {hello['setName']} of {len(members)}"
    if len(members) == 1 and not patient.embedded:
        return warn("topology", told, "with three members it outlives the loss of one")
    return ok("topology", told)


async def _members(patient: Patient, hello: dict[str, Any]) -> list[dict[str, Any]]:
    """As the set sees them; without the right to ask, those who are named."""
    try:
        status = await patient.mongo.client["admin"].command("replSetGetStatus")
    except DriverError:
        return [{"name": name, "state": 2} for name in hello.get("hosts", [])]
    return list(status["members"])


async def _is_cluster(patient: Patient) -> bool:
    """Behind a mongos, what a shard is told has to be asked of the shard."""
    return (await patient.mongo.client["admin"].command("hello")).get("msg") == "isdbgrid"


async def _transactions(patient: Patient) -> Finding:
    if await _is_cluster(patient):
        return ok("transactions", "see each shard")
    name = "transactionLifetimeLimitSeconds"
    answer = await patient.mongo.client["admin"].command({"getParameter": 1, name: 1})
    seconds = int(answer[name])
    if seconds > _LONGEST_TRANSACTION_SECONDS:
        told = f"a dead client's transaction blocks what it touched for {seconds} s"
        return warn("transactions", told, f"setParameter {name}: 5")
    return ok("transactions", f"at most {seconds} s")


async def _elections(patient: Patient) -> Finding:
    if await _is_cluster(patient):
        return ok("elections", "see each shard")
    config = (await patient.mongo.client["admin"].command("replSetGetConfig"))["config"]
    wait = int(config["settings"]["electionTimeoutMillis"])
    if len(config["members"]) > 1 and wait > _LAN_ELECTION_MILLISECONDS:
        told = f"a dead primary is missed for {wait} ms"
        return warn("elections", told, "in one city: settings.electionTimeoutMillis 2000")
    return ok("elections", f"after {wait} ms")


async def _clock(patient: Patient) -> Finding:
    asked, began = patient.clock.now(), time.perf_counter()
    hello = await patient.mongo.client["admin"].command("hello")
    halfway = asked + timedelta(seconds=(time.perf_counter() - began) / 2)
    apart = abs(hello["localTime"].replace(tzinfo=UTC) - halfway)
    told = f"{apart.total_seconds():.3f} s between MongoDB and us"
    mend = "let both keep time by NTP (timedatectl set-ntp true)"
    if apart > _CLOCK_FAILS:
        return fail("clock", told, mend)
    return warn("clock", told, mend) if apart > _CLOCK_WARNS else ok("clock", told)


# ------------------------------------------------------------ what is kept


async def _restored(patient: Patient) -> Finding:
    try:
        await refuse_half_restored(patient.mongo)
    except HalfRestored as error:
        return fail("restore", str(error), "drop both databases, then doorstep restore FOLDER")
    return ok("restore", "none was left midway")


async def _writes(patient: Patient) -> Finding:
    began, row = time.perf_counter(), {"_id": "doctor"}
    await patient.mongo["meta"].update_one(row, {"$set": {"at": patient.clock.now()}}, upsert=True)
    took = (time.perf_counter() - began) * 1000
    await patient.mongo["meta"].delete_one(row)
    return ok("writes", f"a majority kept one after {took:.0f} ms")


async def _keyring(patient: Patient) -> Finding:
    row = await patient.mongo["meta"].find_one({"_id": "keyring"})
    if row is None:
        return ok("keyring", "no keyring has written here yet")
    here = patient.keyring.fingerprint if patient.keyring else "none"
    if here != row["fingerprint"]:
        told = f"the database was written with keyring {row['fingerprint']}, and here is {here}"
        return fail("keyring", told, "copy keys.json from the machine that first served it")
    return ok("keyring", f"{here}, the one that wrote the database")


async def _indexes(patient: Patient) -> Finding:
    absent = await missing(patient.mongo.db, KEPT)
    absent += await missing(patient.mongo.keys_db, KEYS_KEPT)
    if absent:
        return fail("indexes", f"missing: {', '.join(absent)}", _PREPARE)
    return ok("indexes", f"all of {sum(len(kept.indexes) for kept in KEPT)}")


async def _validators(patient: Patient) -> Finding:
    other = await differing(patient.mongo.db, KEPT)
    other += await differing(patient.mongo.keys_db, KEYS_KEPT)
    if other:
        return fail("validators", f"not ours: {', '.join(other)}", _PREPARE)
    return ok("validators", f"all of {sum(kept.schema is not None for kept in KEPT)}")


async def _documents(patient: Patient) -> Finding:
    """Every one is read: a document may be older than its validator."""
    found = await unfit(patient.mongo.db, KEPT) | await unfit(patient.mongo.keys_db, KEYS_KEPT)
    if found:
        told = ", ".join(f"{count} of {name}" for name, count in found.items())
        mend = "find them with {$nor: [{$jsonSchema: …}]}; mend them in a migration"
        return fail("documents", f"their validator would refuse {told}", mend)
    return ok("documents", "all as their models say")


async def _migrations(patient: Patient) -> Finding:
    try:
        left = await pending(patient.mongo, STEPS)
    except CannotMigrate as error:
        return fail("migrations", str(error), "run the version that fits this database")
    if left:
        names = ", ".join(step.id for step in left)
        return warn("migrations", f"to be run: {names}", "the next start runs them")
    return ok("migrations", f"all of {len(STEPS)}")


async def _outbox(patient: Patient) -> Finding:
    oldest = await patient.mongo[OUTBOX].find_one({"sent": False}, sort=[("at", 1)])
    if oldest is None:
        return ok("outbox", "every event was told")
    lag = patient.clock.now() - oldest["at"]
    told = f"{oldest['kind']} has waited for {_rounded(lag)}"
    if lag > _LAG_FAILS:
        return fail("outbox", told, "run doorstep work; its log says which reaction fails")
    return warn("outbox", told, "run doorstep work") if lag > _LAG_WARNS else ok("outbox", told)


async def _relay(patient: Patient) -> Finding:
    lease = await patient.mongo[LEASES].find_one({"_id": LEASE})
    if lease is None or lease["until"] <= patient.clock.now():
        return warn("relay", "no worker is at it", "run doorstep work")
    return ok("relay", f"held by {lease['holder'].rpartition(':')[0]}")


async def _horizon(patient: Patient) -> Finding:
    last = await patient.mongo[_SLOTS].find_one({}, {"day": 1}, sort=[("day", -1)])
    if last is None:
        return warn("horizon", "no slots", "doorstep demo, or doorstep import FOLDER")
    ahead = (date.fromisoformat(last["day"]) - local_day(patient.clock.now())).days
    if ahead < _HORIZON_DAYS:
        return warn(
            "horizon", f"slots for {ahead} days ahead", "run doorstep work, which adds days"
        )
    return ok("horizon", f"slots for {ahead} days ahead")


def _rounded(span: timedelta) -> timedelta:
    return timedelta(seconds=round(span.total_seconds()))


Check = Callable[[Patient], Awaitable[Finding]]

_SERVER: Final[dict[str, Check]] = {
    "MongoDB": _version,
    "topology": _topology,
    "transactions": _transactions,
    "elections": _elections,
    "clock": _clock,
}
_CONTENTS: Final[dict[str, Check]] = {
    "restore": _restored,
    "writes": _writes,
    "keyring": _keyring,
    "migrations": _migrations,
    "indexes": _indexes,
    "validators": _validators,
    "documents": _documents,
    "outbox": _outbox,
    "relay": _relay,
    "horizon": _horizon,
}
