"""Signing in and out, and what the database knows of people. Both drivers."""

import base64
from collections import Counter
from datetime import timedelta
from typing import Any

import orjson
import pytest
from cryptography.exceptions import InvalidTag

from doorstep.accounts.actions import CodeSent, SignedIn
from doorstep.accounts.model import SignInRefusal, SignInRefused
from doorstep.accounts.outside import Outbox
from doorstep.accounts.rules import Tokens
from doorstep.appointments.model import AccessNotes, Contact
from doorstep.handheld.model import Act, ProofShown
from doorstep.kit.clock import StoppedClock
from doorstep.wiring import House
from tests import given
from tests.crowd import at_once, everything
from tests.given import ADA, BO, EVE
from tests.handheld.test_races import at_the_door, command, report, send

PHONE = "+8613900009999"
MS = timedelta(milliseconds=1)
pytestmark = pytest.mark.row("Q1")


def answer(outcome: Any) -> str:
    return str(outcome.code) if isinstance(outcome, SignInRefused) else type(outcome).__name__


async def code_for(house: House, codes: Outbox, phone: str = PHONE) -> str:
    assert isinstance(await house.accounts.request_code(phone), CodeSent)
    return codes.sent[phone]


async def signed_in(house: House, codes: Outbox, phone: str = PHONE) -> SignedIn:
    outcome = await house.accounts.sign_in(phone, await code_for(house, codes, phone), "phone")
    assert isinstance(outcome, SignedIn)
    return outcome


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


# ------------------------------------------------------------------ codes


async def test_whoever_is_new_becomes_a_customer_and_comes_back_as_the_same(
    house: House, codes: Outbox, clock: StoppedClock
):
    first = await signed_in(house, codes)
    assert first.account.roles == ("CUSTOMER",)
    clock.advance(timedelta(minutes=1))
    assert (await signed_in(house, codes)).account.id == first.account.id


async def test_after_five_wrong_tries_the_right_code_is_good_no_more(house: House, codes: Outbox):
    code = await code_for(house, codes)
    said = [answer(await house.accounts.sign_in(PHONE, other(code), None)) for _ in range(5)]
    assert said == ["WRONG_CODE"] * 5
    assert answer(await house.accounts.sign_in(PHONE, code, None)) == "TOO_MANY_TRIES"


async def test_wrong_tries_at_once_are_counted_each(house: House, codes: Outbox):
    code = await code_for(house, codes)
    said = await at_once(house.accounts.sign_in(PHONE, other(code), None) for _ in range(20))
    assert Counter(map(answer, said)) == {"WRONG_CODE": 5, "TOO_MANY_TRIES": 15}


async def test_a_code_is_good_until_the_last_millisecond(
    house: House, codes: Outbox, clock: StoppedClock
):
    for late, said in ((-MS, "SignedIn"), (0 * MS, "CODE_EXPIRED")):
        sent = await house.accounts.request_code(PHONE)
        assert isinstance(sent, CodeSent)
        clock.set(sent.expires_at + late)
        outcome = await house.accounts.sign_in(PHONE, codes.sent[PHONE], None)
        assert answer(outcome) == said
        clock.advance(timedelta(minutes=1))


async def test_a_code_that_20_use_at_once_serves_one(house: House, codes: Outbox):
    code = await code_for(house, codes)
    outcomes = await at_once(house.accounts.sign_in(PHONE, code, None) for _ in range(20))
    said = Counter(map(answer, outcomes))
    assert said["SignedIn"] == 1
    assert await house.mongo["sessions"].count_documents({}) == 1
    assert answer(await house.accounts.sign_in(PHONE, code, None)) in (
        "WRONG_CODE",
        "CODE_EXPIRED",
        "TOO_MANY_TRIES",
    )
    assert await house.mongo["accounts"].count_documents({}) == len(given.EVERYBODY) + 1


async def test_a_code_of_one_phone_opens_no_other(house: House, codes: Outbox):
    code = await code_for(house, codes)
    assert answer(await house.accounts.sign_in(ADA.phone, code, None)) == "CODE_EXPIRED"
    await code_for(house, codes, ADA.phone)
    if codes.sent[ADA.phone] != code:
        assert answer(await house.accounts.sign_in(ADA.phone, code, None)) == "WRONG_CODE"


async def test_another_code_is_sent_after_a_minute_and_six_in_an_hour(
    house: House, codes: Outbox, clock: StoppedClock
):
    start = clock.now()
    for number in range(6):
        assert isinstance(await house.accounts.request_code(PHONE), CodeSent), number
        clock.advance(timedelta(seconds=60) - MS)
        refused = await house.accounts.request_code(PHONE)
        assert answer(refused) == "TOO_MANY_TRIES"
        clock.advance(MS)
    refused = await house.accounts.request_code(PHONE)
    assert isinstance(refused, SignInRefused)
    assert refused.retry_after == start + timedelta(hours=1) - clock.now()
    clock.set(start + timedelta(hours=1))
    assert isinstance(await house.accounts.request_code(PHONE), CodeSent)


async def test_of_20_who_ask_for_a_code_at_once_one_is_sent_one(house: House):
    outcomes = await at_once(house.accounts.request_code(PHONE) for _ in range(20))
    assert Counter(map(answer, outcomes)) == {"CodeSent": 1, "TOO_MANY_TRIES": 19}


# ------------------------------------------------------------------ sessions


async def test_a_refresh_token_serves_once_and_twice_ends_the_session(house: House, codes: Outbox):
    first = await signed_in(house, codes)
    second = await house.accounts.refresh(first.refresh_token)
    assert isinstance(second, SignedIn)
    assert await house.accounts.identify(second.access_token)

    assert answer(await house.accounts.refresh(first.refresh_token)) == "REFRESH_TOKEN_REUSED"
    assert answer(await house.accounts.refresh(second.refresh_token)) == "SESSION_REVOKED"
    assert await house.accounts.identify(second.access_token) is None


async def test_a_refresh_token_used_20_times_at_once_is_noticed(house: House, codes: Outbox):
    first = await signed_in(house, codes)
    outcomes = await at_once(house.accounts.refresh(first.refresh_token) for _ in range(20))
    said = Counter(map(answer, outcomes))
    assert said["SignedIn"] <= 1
    assert said["REFRESH_TOKEN_REUSED"] >= 1
    assert await house.accounts.identify(first.access_token) is None
    row = await house.mongo["sessions"].find_one({})
    assert row
    assert row["revoked_at"] is not None


async def test_a_session_ends_when_it_says(house: House, codes: Outbox, clock: StoppedClock):
    first = await signed_in(house, codes)
    clock.set(first.expires_at)
    assert await house.accounts.identify(first.access_token) is None
    clock.set(given.NOW + timedelta(days=60))
    assert answer(await house.accounts.refresh(first.refresh_token)) == "SESSION_REVOKED"


async def test_signing_out_kills_what_was_given_out_and_no_other_device(
    house: House, codes: Outbox, clock: StoppedClock
):
    one = await signed_in(house, codes)
    clock.advance(timedelta(minutes=1))
    two = await signed_in(house, codes)
    caller = await house.accounts.identify(one.access_token)
    assert caller
    assert caller.session_id
    await house.accounts.end(caller.session_id)

    assert await house.accounts.identify(one.access_token) is None
    assert answer(await house.accounts.refresh(one.refresh_token)) == "SESSION_REVOKED"
    assert await house.accounts.identify(two.access_token)


async def test_forged_tokens_speak_for_nobody(house: House, codes: Outbox, clock: StoppedClock):
    good = await signed_in(house, codes)
    head, body, signature = good.access_token.split(".")
    claims = orjson.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    claims["grants"] = [["ADMIN", ""]]
    admin = _b64(orjson.dumps(claims))
    caller = await house.accounts.identify(good.access_token)
    assert caller
    elsewhere = Tokens(b"another installation's key" * 2)
    none, wrong = _b64(b'{"alg":"none"}'), _b64(b'{"alg":"HS512"}')
    forged = [
        f"{head}.{admin}.{signature}",
        f"{none}.{admin}.",
        f"{none}.{body}.{signature}",
        f"{wrong}.{body}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}",
        elsewhere.made(caller, at=clock.now(), lasts=timedelta(hours=1)),
        "",
        "a.b.c",
        "ÿ.ÿ.ÿ",
        good.refresh_token,
    ]
    for token in forged:
        assert await house.accounts.identify(token) is None, token
    for token in ("", ".", "ses_none.x", f"{caller.session_id}", "a" * 9999, "\x00.\x00"):
        assert answer(await house.accounts.refresh(token)) in (
            "SESSION_REVOKED",
            "REFRESH_TOKEN_REUSED",
        )


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


async def test_no_secret_that_was_given_out_lies_in_the_database(house: House, codes: Outbox):
    code = await code_for(house, codes)
    outcome = await house.accounts.sign_in(PHONE, code, None)
    assert isinstance(outcome, SignedIn)
    dump = repr([await everything(house), [r async for r in house.mongo["sign_in_codes"].find()]])
    for secret in (outcome.access_token, outcome.refresh_token.split(".")[1], PHONE, PHONE[3:]):
        assert secret not in dump
    assert f"'{code}'" not in dump


# ------------------------------------------------------------------ sealed


async def test_after_a_whole_day_the_database_names_nobody(house: House, codes: Outbox):
    """What must not be found: names, phones, doors, gate codes, notes, signatures."""
    secrets = ["王小明测试", "13912349876", "GATE-7788#", "花盆下面", "签收人甲", "悄悄话"]
    promise = await at_the_door(
        house,
        contact=Contact(name=secrets[0], phone=f"+86{secrets[1]}"),
        access_notes=AccessNotes(gate_code=secrets[2], where_the_goods_are=secrets[3]),
    )
    proof = ProofShown(signed_by=secrets[4])
    outcomes = await send(
        house, command(house, Act.FINISH, promise, lines=(report(proof=proof, note=secrets[5]),))
    )
    assert outcomes[0].accepted
    await signed_in(house, codes)
    dump = repr(await everything(house))

    opened = (await house.appointments.load([promise.id]))[promise.id].private
    assert opened.proofs["lin_1"].signed_by == secrets[4]
    people = [who.phone[3:] for who in given.EVERYBODY] + [f"'{ADA.name}'", f"'{BO.name}'"]
    doors = ["海滨路3号", "2单元", "501室", opened.pickup_code]
    for secret in [*secrets, *people, *doors]:
        assert secret not in dump, secret
        assert secret.encode().decode("latin1") not in dump, secret


async def test_a_sealed_text_opens_only_where_and_for_whom_it_was_sealed(house: House):
    ada, eve = await house.vault.key(ADA.account_id), await house.vault.key(EVE.account_id)
    sealed = ada.seal("accounts.name", "Ada")
    assert ada.open("accounts.name", sealed) == "Ada"
    flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for key, place, text in (
        (eve, "accounts.name", sealed),
        (ada, "accounts.phone", sealed),
        (ada, "couriers.name", sealed),
        (ada, "accounts.name", flipped),
    ):
        with pytest.raises(InvalidTag):
            key.open(place, text)


async def test_a_sealed_door_moved_to_another_row_is_not_shown(house: House):
    addresses = house.mongo["addresses"]
    stolen = await addresses.find_one({"_id": ADA.address_id})
    assert stolen
    await addresses.update_one({"_id": EVE.address_id}, {"$set": {"door": stolen["door"]}})
    with pytest.raises(InvalidTag):
        await house.addresses.all_of(EVE.account_id)


async def test_the_keys_lie_in_another_database_and_wrapped(house: House):
    assert "pii_keys" not in await house.mongo.db.list_collection_names()
    rows = [row async for row in house.mongo.keys_db["pii_keys"].find()]
    assert {ADA.account_id, BO.account_id} <= {row["_id"] for row in rows}
    assert all(len(row["wrapped"]) == 12 + 32 + 16 for row in rows)


async def test_a_token_that_never_was_ends_nobody_s_session(house: House, codes: Outbox):
    await house.accounts.request_code(given.ADA.phone)
    signed_in = await house.accounts.sign_in(given.ADA.phone, codes.sent[given.ADA.phone], None)
    assert not isinstance(signed_in, SignInRefused)
    session_id = signed_in.refresh_token.partition(".")[0]

    guessed = await house.accounts.refresh(f"{session_id}.guessed")

    assert isinstance(guessed, SignInRefused)
    assert guessed.code is SignInRefusal.SESSION_REVOKED
    assert not isinstance(await house.accounts.refresh(signed_in.refresh_token), SignInRefused)
