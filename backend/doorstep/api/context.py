"""What a resolver sees of one request: who is calling, in which language, and the rooms' verbs."""

import re
from typing import Protocol

from strawberry.fastapi import BaseContext

from doorstep.accounts.actions import Accounts
from doorstep.accounts.model import Caller
from doorstep.addresses.actions import Addresses
from doorstep.api import watching
from doorstep.appointments.actions import Appointments
from doorstep.calendar.actions import Calendar
from doorstep.capacity.actions import Capacity
from doorstep.catalogue.actions import Catalogue
from doorstep.couriers.actions import Couriers
from doorstep.desk.actions import Desk
from doorstep.dispatch.actions import Dispatch
from doorstep.handheld.actions import Handheld
from doorstep.kit.pii import Vault
from doorstep.kit.refusals import Locale
from doorstep.notes.actions import Notes
from doorstep.organisation.actions import Organisation


class Rooms(Protocol):
    """The rooms that have something to say to the outside."""

    @property
    def vault(self) -> Vault: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def organisation(self) -> Organisation: ...
    @property
    def calendar(self) -> Calendar: ...
    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def addresses(self) -> Addresses: ...
    @property
    def couriers(self) -> Couriers: ...
    @property
    def notes(self) -> Notes: ...
    @property
    def capacity(self) -> Capacity: ...
    @property
    def appointments(self) -> Appointments: ...
    @property
    def dispatch(self) -> Dispatch: ...
    @property
    def handheld(self) -> Handheld: ...
    @property
    def desk(self) -> Desk: ...
    @property
    def domestic_items(self) -> re.Pattern[str]: ...


class Context(BaseContext):
    """One request, or one socket."""

    def __init__(
        self, house: Rooms, caller: Caller | None, request_id: str, language: str | None
    ) -> None:
        super().__init__()
        self.house = house
        self.caller = caller
        self.request_id = request_id
        self.locale = locale_of(language)

    def saw(self, answer: object) -> None:
        """A mutation is about to answer this: refusals are counted."""
        watching.saw(answer)

    @property
    def signed_out(self) -> bool:
        """Whether the caller's session has ended since: a socket may outlive it."""
        return self.caller is not None and self.house.accounts.has_ended(self.caller)


def locale_of(accept_language: str | None) -> Locale:
    """The first of our languages by weight (RFC 9110, 12.5.4); Chinese where none is named."""
    ranked = sorted(_weighted(accept_language or ""), key=lambda pair: -pair[1])
    for language, weight in ranked:
        if weight > 0 and language.startswith("zh"):
            return Locale.ZH
        if weight > 0 and language.startswith("en"):
            return Locale.EN
    return Locale.ZH


def _weighted(accept_language: str) -> list[tuple[str, float]]:
    ranges = []
    for part in accept_language.lower().split(",")[:20]:
        language, _, weight = part.strip().partition(";q=")
        try:
            ranges.append((language.strip(), float(weight) if weight else 1.0))
        except ValueError:
            continue
    return ranges
