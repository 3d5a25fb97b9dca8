"""Who shows where they are, and the last place of each, in MongoDB."""

from collections.abc import Collection
from typing import Final

from doorstep.couriers.model import Position, Sharing
from doorstep.kit.documents import Document
from doorstep.kit.mongo.collections import Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.pii import OwnerKey, Vault

POSITIONS: Final = "courier_positions"
KEPT: Final = (Kept(POSITIONS, schema=stored_schema(Sharing, sealed=("position",))),)
_POSITION: Final = f"{POSITIONS}.position"


class PositionStore:
    """Who shows where they are, and where they were last. What was before is overwritten."""

    def __init__(self, mongo: Mongo, vault: Vault) -> None:
        self._positions = mongo[POSITIONS]
        self._vault = vault

    async def get_many(self, ids: Collection[str], *, tx: Tx | None = None) -> dict[str, Sharing]:
        rows = [
            row
            async for row in self._positions.find(
                {"_id": {"$in": list(ids)}}, session=tx.session if tx else None
            )
        ]
        keys = await self._vault.keys([row["account_id"] for row in rows])
        return {row["_id"]: _shared(row, keys.get(row["account_id"])) for row in rows}

    async def put(self, sharing: Sharing, *, known: bool, tx: Tx) -> None:
        """Whether they show where they are, from now on. No position is left of before."""
        if not known:
            # No upsert in a transaction: two who are first collide on the id, one runs again.
            tx.insert(POSITIONS, _placeless(sharing))
            return
        said = {"on": sharing.on, "changed_at": sharing.changed_at}
        await self._positions.update_one(
            {"_id": sharing.id}, {"$set": said, **_NOWHERE}, session=tx.session
        )

    async def move(self, sharing: Sharing, position: Position, *, tx: Tx) -> bool:
        """False: they do not share it any more, or a later one is known."""
        key = await self._vault.key(sharing.account_id)
        sealed = key.seal(_POSITION, position.model_dump(mode="json"))
        earlier = [{"position_at": None}, {"position_at": {"$lt": position.at}}]
        written = await self._positions.update_one(
            {"_id": sharing.id, "on": True, "$or": earlier},
            {"$set": {"position": sealed, "position_at": position.at}},
            session=tx.session,
        )
        return written.matched_count == 1

    async def forget(self, courier_id: str, *, tx: Tx) -> None:
        await self._positions.update_one({"_id": courier_id}, _NOWHERE, session=tx.session)


_NOWHERE: Final[Document] = {"$unset": {"position": "", "position_at": ""}}


def _placeless(sharing: Sharing) -> Document:
    return {name: value for name, value in sharing.document().items() if value is not None}


def _shared(row: Document, key: OwnerKey | None) -> Sharing:
    sealed = row.get("position")
    return Sharing.of_document(
        {**row, "position": key.open(_POSITION, sealed) if key and sealed else None}
    )
