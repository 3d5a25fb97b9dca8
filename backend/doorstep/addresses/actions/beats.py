"""Finding the beat of a door, and learning from those who know better."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from doorstep.addresses import rules
from doorstep.addresses.actions.city import CityMap
from doorstep.addresses.events import BeatCorrected
from doorstep.addresses.model import (
    Address,
    Beat,
    BeatCorrection,
    BeatMatch,
    BeatRefusal,
    BeatRefused,
    BeatSeen,
    Door,
    Place,
)
from doorstep.addresses.store import BeatStore
from doorstep.kit.clock import Clock
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Attempt, Mongo, Overtaken, Repeated, Reused, Tx
from doorstep.kit.remembered import Remembered
from doorstep.kit.windows import local_day

_NONE: Final = BeatRefused(code=BeatRefusal.NOT_FOUND, path=("id",))
_REUSED: Final = BeatRefused(code=BeatRefusal.IDEMPOTENCY_KEY_REUSED, path=("idempotencyKey",))


@dataclass(frozen=True)
class Beats:
    mongo: Mongo
    store: BeatStore
    city: CityMap
    clock: Clock
    known: Remembered[tuple[Beat, ...]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", Remembered(self.store.all))

    async def of_branch(self, branch_id: str) -> list[Beat]:
        today = local_day(self.clock.now())
        known = await self.known.get()
        return [beat for beat in known if beat.branch_id == branch_id and beat.holds_on(today)]

    async def find(
        self, door: Door, division: str, area_id: str | None
    ) -> tuple[Place | None, BeatMatch | None]:
        """The bureau's place of a door, and its beat with the rule that found it."""
        place = rules.place_of(door, division, await self.city.places())
        today = local_day(self.clock.now())
        beats = {
            beat.id: beat
            for beat in await self.known.get()
            if beat.area_id == area_id and beat.holds_on(today)
        }
        if not beats:
            return place, None
        corrections = await self.store.corrections_of(place.id) if place else []
        seen = await self.store.seen_at(place.id) if place else []
        return place, rules.match_beat(door, place, beats, corrections, seen)

    async def learn(self, address: Address, *, tx: Tx) -> None:
        """Remember on which beat an address was found: the next one nearby may say less."""
        place, found = await self.find(address.door, address.division_code, address.area_id)
        if found and place:
            seen = BeatSeen(id=address.id, place_id=place.id, beat_id=found.beat.id)
            await self.store.see(seen, tx=tx)

    async def correct(
        self,
        place_id: str,
        beat_id: str,
        reason: str,
        attempt: Attempt,
        *,
        by: str,
        may: Callable[[str], bool],
    ) -> BeatCorrection | BeatRefused:
        """From now on the doors of this place are on that beat."""
        id = new_id("bcr")
        beat = {each.id: each for each in await self.known.get()}.get(beat_id)
        place = {each.id: each for each in await self.city.places()}.get(place_id)
        area = (await self.city.areas()).at(place.location) if place else None

        async def body(tx: Tx) -> BeatCorrection | BeatRefused:
            if beat is None or not may(beat.branch_path):
                return BeatRefused(code=BeatRefusal.NOT_FOUND, path=("beatId",))
            if place is None:
                return BeatRefused(code=BeatRefusal.NOT_FOUND, path=("placeId",))
            if area is None or area.id != beat.area_id:
                return BeatRefused(code=BeatRefusal.OTHER_AREA, path=("placeId",))
            correction = BeatCorrection(
                id=id,
                place_id=place_id,
                beat_id=beat_id,
                branch_id=beat.branch_id,
                branch_path=beat.branch_path,
                reason=reason,
                by=by,
                at=attempt.at,
            )
            self.store.add_correction(correction, tx=tx)
            _say(correction, attempt, tx)
            return correction

        return await self._done(await self.mongo.once(attempt, body))

    async def withdraw(
        self, id: str, attempt: Attempt, *, expected_version: int, may: Callable[[str], bool]
    ) -> BeatCorrection | BeatRefused:
        """It was no correction after all."""

        async def body(tx: Tx) -> BeatCorrection | BeatRefused:
            before = await self.store.correction(id, tx=tx)
            if before is None or not may(before.branch_path):
                return _NONE
            if before.version != expected_version or before.withdrawn_at:
                return BeatRefused(
                    code=BeatRefusal.STALE_VERSION, path=("expectedVersion",), current=before
                )
            after = before.model_copy(
                update={"withdrawn_at": attempt.at, "version": before.version + 1}
            )
            if not await self.store.replace_correction(before, after, tx=tx):
                raise Overtaken
            _say(after, attempt, tx)
            return after

        return await self._done(await self.mongo.once(attempt, body))

    async def _done(
        self, outcome: BeatCorrection | BeatRefused | Repeated | Reused
    ) -> BeatCorrection | BeatRefused:
        match outcome:
            case Repeated(id):
                return await self.store.correction(id) or _NONE
            case Reused():
                return _REUSED
            case BeatCorrection() | BeatRefused():
                return outcome

    def add(self, beats: Iterable[Beat], *, tx: Tx) -> None:
        self.store.add(beats, tx=tx)
        self.known.forget()


def _say(correction: BeatCorrection, attempt: Attempt, tx: Tx) -> None:
    tx.record(
        BeatCorrected(
            aggregate=correction.id,
            sequence=correction.version,
            at=attempt.at,
            branch_id=correction.branch_id,
        )
    )
