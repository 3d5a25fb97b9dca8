"""Keeping couriers for somebody, or for some place."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from doorstep.couriers.actions.tools import Tools, Within
from doorstep.couriers.model import Dedication, DedicationRefusal, DedicationRefused
from doorstep.kit.mongo.transactions import Attempt, Overtaken, Tx

_NO: Final = (
    DedicationRefused(code=DedicationRefusal.NOT_FOUND, path=("id",)),
    DedicationRefused(code=DedicationRefusal.IDEMPOTENCY_KEY_REUSED, path=("idempotencyKey",)),
)


@dataclass(frozen=True)
class Dedicating(Tools):
    """A change replaces all that was said."""

    async def dedication(self, id: str) -> Dedication | None:
        return await self.kept.get(id)

    async def dedications(self, branch_id: str) -> list[Dedication]:
        return await self.kept.of_branch(branch_id)

    async def put_dedication(
        self,
        wanted: Dedication,
        attempt: Attempt,
        *,
        expected_version: int | None,
        within: Within,
    ) -> Dedication | DedicationRefused:
        """Set who is kept for what. Without a version: it is new."""
        known = await self.store.get_many(wanted.courier_ids)

        async def body(tx: Tx) -> Dedication | DedicationRefused:
            if not within(wanted.branch_id):
                return _refuse(DedicationRefusal.NOT_FOUND, "branchId")
            if path := _stranger(
                wanted, {c.id for c in known.values() if _at(wanted, c.branch_id)}
            ):
                return _refuse(DedicationRefusal.NOT_FOUND, path)
            if expected_version is None:
                self.kept.add(wanted, tx=tx)
                return wanted
            before = await self.kept.get(wanted.id, tx=tx)
            if refused := _judge(before, expected_version, within):
                return refused
            assert before is not None
            if before.branch_id != wanted.branch_id:
                return _refuse(DedicationRefusal.NOT_FOUND, "branchId")
            return await self._replace(before, wanted, tx)

        return await self._done(attempt, body, self.dedication, _NO, wanted.courier_id)

    async def end_dedication(
        self, id: str, attempt: Attempt, *, expected_version: int, within: Within
    ) -> Dedication | DedicationRefused:
        """Nobody is kept by it any more."""

        async def body(tx: Tx) -> Dedication | DedicationRefused:
            before = await self.kept.get(id, tx=tx)
            if refused := _judge(before, expected_version, within):
                return refused
            assert before is not None
            return await self._replace(
                before, before.model_copy(update={"ended_at": attempt.at}), tx
            )

        return await self._done(attempt, body, self.dedication, _NO, id)

    async def _replace(self, before: Dedication, wanted: Dedication, tx: Tx) -> Dedication:
        """Raises Overtaken."""
        after = wanted.model_copy(update={"version": before.version + 1})
        if not await self.kept.replace(before, after, tx=tx):
            raise Overtaken
        return after


def _judge(
    before: Dedication | None, expected_version: int, within: Within
) -> DedicationRefused | None:
    if before is None or not within(before.branch_id):
        return _refuse(DedicationRefusal.NOT_FOUND, "id")
    if before.ended_at:
        return _refuse(DedicationRefusal.ALREADY_ENDED, "id", before)
    if before.version != expected_version:
        return _refuse(DedicationRefusal.STALE_VERSION, "expectedVersion", before)
    return None


def _at(wanted: Dedication, branch_id: str) -> bool:
    return wanted.branch_id == branch_id


def _stranger(wanted: Dedication, ours: Collection[str]) -> str | None:
    """Which input names somebody who is none of the branch's couriers."""
    if wanted.courier_id not in ours:
        return "courierId"
    return None if set(wanted.substitute_ids) <= set(ours) else "substituteIds"


def _refuse(
    code: DedicationRefusal, path: str, current: Dedication | None = None
) -> DedicationRefused:
    return DedicationRefused(code=code, path=(path,), current=current)
