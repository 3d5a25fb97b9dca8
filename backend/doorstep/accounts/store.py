"""Accounts, their sessions, and the codes on their way, in MongoDB. Phones and names are sealed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from pymongo.errors import DuplicateKeyError

from doorstep.accounts.model import Account, Code, Grant, Session, SignInPolicy
from doorstep.kit.documents import Document
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import BYTES, INSTANT, WHOLE, stored_schema
from doorstep.kit.mongo.transactions import Mongo
from doorstep.kit.pii import OwnerKey, Vault

ACCOUNTS: Final = "accounts"
SESSIONS: Final = "sessions"
CODES: Final = "sign_in_codes"
_SEALED: Final = ("phone", "name")
_SPENT_KEPT: Final = 100
KEPT: Final = (
    Kept(
        ACCOUNTS,
        (Index(("phone_index",), unique=True, only={"phone_index": {"$type": "binData"}}),),
        schema=stored_schema(Account, sealed=_SEALED, also={"phone_index": BYTES}),
    ),
    Kept(
        SESSIONS,
        (
            Index(("account_id",)),
            Index(("revoked_at",), only={"revoked_at": {"$type": "date"}}),
            Index(("expires_at",), expire_after=timedelta(days=30)),
        ),
        schema=stored_schema(Session),
    ),
    Kept(
        CODES,
        (Index(("window_until",), expire_after=timedelta(hours=1)),),
        schema=stored_schema(
            Code,
            also={"_id": BYTES, "next_at": INSTANT, "sent": WHOLE, "window_until": INSTANT},
        ),
    ),
)


class AccountStore:
    def __init__(self, mongo: Mongo, vault: Vault) -> None:
        self._accounts = mongo[ACCOUNTS]
        self._vault = vault

    async def get(self, id: str) -> Account | None:
        document = await self._accounts.find_one({"_id": id})
        return await self._opened(document) if document else None

    async def by_phone(self, phone: str) -> Account | None:
        document = await self._accounts.find_one({"phone_index": self._vault.blind(phone)})
        return await self._opened(document) if document else None

    async def add(self, account: Account) -> bool:
        """False: the phone has an account already."""
        key = await self._vault.key(account.id)
        try:
            await self._accounts.insert_one(self._sealed(account, key))
        except DuplicateKeyError:
            return False
        return True

    async def add_many(self, accounts: Sequence[Account]) -> None:
        """For the importer: many at once, none of them there yet."""
        await self._vault.make([account.id for account in accounts])
        keys = await self._vault.keys([account.id for account in accounts])
        await self._accounts.insert_many(
            [self._sealed(account, keys[account.id]) for account in accounts]
        )

    async def set_grants(self, id: str, grants: Sequence[Grant]) -> None:
        await self._accounts.update_one(
            {"_id": id}, {"$set": {"grants": [grant.model_dump() for grant in grants]}}
        )

    def _sealed(self, account: Account, key: OwnerKey) -> Document:
        document = account.document()
        for field in _SEALED:
            document[field] = key.seal(f"{ACCOUNTS}.{field}", document[field])
        assert account.phone is not None
        return {**document, "phone_index": self._vault.blind(account.phone)}

    async def _opened(self, document: Document) -> Account:
        key = (await self._vault.keys((document["_id"],))).get(document["_id"])
        opened = {
            field: key.open(f"{ACCOUNTS}.{field}", document[field]) if key else None
            for field in _SEALED
        }
        return Account.of_document({**document, **opened})


class SessionStore:
    def __init__(self, mongo: Mongo) -> None:
        self._sessions = mongo[SESSIONS]

    async def add(self, session: Session) -> None:
        await self._sessions.insert_one(session.document())

    async def get(self, id: str) -> Session | None:
        document = await self._sessions.find_one({"_id": id})
        return Session.of_document(document) if document else None

    async def rotate(
        self, id: str, *, used: bytes, fresh: bytes, at: datetime, until: datetime
    ) -> Session | None:
        """Put `fresh` where `used` was. None: it is not there any more, or the session is over."""
        document = await self._sessions.find_one_and_update(
            {"_id": id, "secret_hash": used, "revoked_at": None, "expires_at": {"$gt": at}},
            {
                "$set": {"secret_hash": fresh, "expires_at": until},
                "$push": {"spent": {"$each": [used], "$slice": -_SPENT_KEPT}},
            },
            return_document=True,
        )
        return Session.of_document(document) if document else None

    async def revoke(self, id: str, *, at: datetime) -> None:
        await self._sessions.update_one(
            {"_id": id, "revoked_at": None}, {"$set": {"revoked_at": at}}
        )

    async def revoked_since(self, at: datetime) -> dict[str, datetime]:
        rows = self._sessions.find({"revoked_at": {"$gte": at}}, {"revoked_at": 1})
        return {row["_id"]: row["revoked_at"] async for row in rows}


class CodeStore:
    """One row a phone: the code on its way, and how many went before it."""

    def __init__(self, mongo: Mongo, vault: Vault) -> None:
        self._codes = mongo[CODES]
        self._vault = vault

    async def replace(
        self, phone: str, code_hash: bytes, *, at: datetime, policy: SignInPolicy
    ) -> timedelta | None:
        """Keep a new code. A duration instead: one was sent too recently, try again after it."""
        id = self._vault.blind(phone)
        fresh = {
            "code_hash": code_hash,
            "expires_at": at + policy.code_lasts,
            "tries": 0,
            "next_at": at + policy.resend_after,
        }
        over = {"$lte": ["$window_until", at]}
        updated = await self._codes.update_one(
            {
                "_id": id,
                "next_at": {"$lte": at},
                "$or": [{"window_until": {"$lte": at}}, {"sent": {"$lt": policy.codes_an_hour}}],
            },
            [
                {
                    "$set": {
                        **fresh,
                        "sent": {"$cond": [over, 1, {"$add": ["$sent", 1]}]},
                        "window_until": {"$cond": [over, at + timedelta(hours=1), "$window_until"]},
                    }
                }
            ],
        )
        if updated.matched_count:
            return None
        first = {"_id": id, **fresh, "sent": 1, "window_until": at + timedelta(hours=1)}
        return await self._insert(phone, first, at=at, policy=policy)

    async def _insert(
        self, phone: str, row: Document, *, at: datetime, policy: SignInPolicy
    ) -> timedelta | None:
        try:
            await self._codes.insert_one(row)
        except DuplicateKeyError:
            found = await self._codes.find_one({"_id": row["_id"]})
            if found is None:
                return policy.resend_after
            waits_for_window = found["sent"] >= policy.codes_an_hour
            until: datetime = found["window_until" if waits_for_window else "next_at"]
            if until > at:
                return until - at
            # Another first code went out in this instant, and ours may follow at once.
            return await self.replace(phone, row["code_hash"], at=at, policy=policy)
        return None

    async def try_once(self, phone: str, *, at: datetime, tries: int) -> Code | None:
        """Count one try and hand out the code it is tried against. None: there is none to try."""
        document = await self._codes.find_one_and_update(
            {"_id": self._vault.blind(phone), "tries": {"$lt": tries}},
            {"$inc": {"tries": 1}},
            return_document=True,
        )
        return Code.model_validate(document) if document else None

    async def exhausted(self, phone: str) -> bool:
        return await self._codes.find_one({"_id": self._vault.blind(phone)}) is not None

    async def use(self, phone: str, code_hash: bytes, *, at: datetime) -> bool:
        """A code serves once, and is over then. False: someone else has just used it."""
        used = await self._codes.update_one(
            {"_id": self._vault.blind(phone), "code_hash": code_hash},
            {"$set": {"code_hash": b"", "expires_at": at, "tries": 0}},
        )
        return used.matched_count == 1
