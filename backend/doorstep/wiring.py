"""The one place where things are built and handed to each other."""

import os
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Self

import httpx

from doorstep.accounts import rules as accounts_rules
from doorstep.accounts import store as accounts_store
from doorstep.accounts.actions import Accounts
from doorstep.accounts.model import SignInPolicy
from doorstep.accounts.outside import CodeSender, ConsoleSender, HttpSender
from doorstep.addresses import store as addresses_store
from doorstep.addresses.actions import Addresses, Beats, CityMap
from doorstep.appointments import reactions as appointments_reactions
from doorstep.appointments import store as appointments_store
from doorstep.appointments.actions import Appointments
from doorstep.appointments.model import (
    BookingPolicy,
    ConductPolicy,
    ReofferPolicy,
    WaitlistPolicy,
)
from doorstep.calendar import store as calendar_store
from doorstep.calendar.actions import Calendar
from doorstep.calendar.outside import PathOfArea
from doorstep.capacity import store as capacity_store
from doorstep.capacity.actions import Capacity
from doorstep.capacity.model import CapacityPolicy
from doorstep.capacity.outside import AskedLater
from doorstep.catalogue.actions import Catalogue
from doorstep.catalogue.model import SizeLimits
from doorstep.couriers import store as couriers_store
from doorstep.couriers.actions import Couriers
from doorstep.desk import reactions as desk_reactions
from doorstep.desk import store as desk_store
from doorstep.desk.actions import Desk
from doorstep.desk.model import DeskPolicy
from doorstep.dispatch import reactions as dispatch_reactions
from doorstep.dispatch import store as dispatch_store
from doorstep.dispatch.actions import Dispatch
from doorstep.dispatch.model import DispatchPolicy, PlanPolicy
from doorstep.dispatch.outside import Learned, RoutingBudget, router_at
from doorstep.dispatch.rules import Pace, StraightLines
from doorstep.handheld import store as handheld_store
from doorstep.handheld.actions import Handheld
from doorstep.handheld.model import HandheldPolicy
from doorstep.kit.clock import Clock, WallClock
from doorstep.kit.events import Event
from doorstep.kit.ids import new_id
from doorstep.kit.mongo import leases, migrations, outbox, transactions
from doorstep.kit.mongo.collections import Kept, missing, prepare, unguarded
from doorstep.kit.mongo.driver import Pool, connect, require_transactions
from doorstep.kit.mongo.hub import Hub
from doorstep.kit.mongo.leases import Leases
from doorstep.kit.mongo.outbox import Relay
from doorstep.kit.mongo.restoring import refuse_half_restored
from doorstep.kit.mongo.schemas import BYTES, INSTANT, OBJECT, TEXT, shaped
from doorstep.kit.mongo.transactions import Mongo
from doorstep.kit.pii import KEYS, Keyring, Vault
from doorstep.migrations import STEPS
from doorstep.notes import store as notes_store
from doorstep.notes.actions import Notes
from doorstep.notes.model import NotesPolicy
from doorstep.organisation import store as organisation_store
from doorstep.organisation.actions import Organisation
from doorstep.relocation import store as relocation_store
from doorstep.relocation.actions import AppointmentsFollow, Relocation
from doorstep.relocation.model import RelocationPolicy
from doorstep.reports import reactions as reports_reactions
from doorstep.reports import store as reports_store
from doorstep.reports.actions import Reports
from doorstep.reports.model import ReportPolicy
from doorstep.rulebook import store as rulebook_store
from doorstep.rulebook.actions import Rulebook
from doorstep.settings import Settings

KEPT: Final[tuple[Kept, ...]] = (
    *transactions.KEPT,
    *leases.KEPT,
    *outbox.KEPT,
    *migrations.KEPT,
    *accounts_store.KEPT,
    *organisation_store.KEPT,
    *rulebook_store.KEPT,
    *calendar_store.KEPT,
    *addresses_store.KEPT,
    *couriers_store.KEPT,
    *notes_store.KEPT,
    *capacity_store.KEPT,
    *appointments_store.KEPT,
    *dispatch_store.KEPT,
    *handheld_store.KEPT,
    *desk_store.KEPT,
    *relocation_store.KEPT,
    *reports_store.KEPT,
    Kept("meta", schema=shaped(_id=TEXT)),
    Kept(
        "imports",
        schema=shaped(
            _id=TEXT, folder_hash=TEXT, at=INSTANT, new=OBJECT, changed=OBJECT, same=OBJECT
        ),
    ),
    Kept("imported_rows", schema=shaped(_id=TEXT, print=BYTES)),
)
KEYS_KEPT: Final = (Kept(KEYS, schema=shaped(_id=TEXT, by=TEXT, wrapped=BYTES)),)


class OtherKeysError(RuntimeError):
    """The database was written with other keys than these."""


@dataclass(frozen=True)
class House:
    """Every room's verbs, ready to be asked."""

    settings: Settings
    mongo: Mongo
    pool: Pool
    clock: Clock
    keyring: Keyring
    vault: Vault
    hub: Hub
    accounts: Accounts
    organisation: Organisation
    rulebook: Rulebook
    calendar: Calendar
    catalogue: Catalogue
    addresses: Addresses
    couriers: Couriers
    notes: Notes
    capacity: Capacity
    appointments: Appointments
    dispatch: Dispatch
    handheld: Handheld
    desk: Desk
    relocation: Relocation
    reports: Reports
    domestic_items: re.Pattern[str]

    @classmethod
    def build(
        cls,
        settings: Settings,
        *,
        url: str,
        keyring: Keyring,
        clock: Clock | None = None,
        sender: CodeSender | None = None,
        make_code: Callable[[str], str] | None = None,
        sign_in: SignInPolicy | None = None,
    ) -> Self:
        """Build the rooms from the ground up. Nothing is connected yet."""
        clock = clock or WallClock()
        pool = Pool()
        mongo = Mongo(connect(url, settings.driver, pool), settings.mongo_database)
        vault, hub = Vault(mongo, keyring, clock), Hub(mongo)
        moving = RelocationPolicy()
        domestic = re.compile(settings.domestic_item_pattern, re.ASCII)
        organisation = Organisation(organisation_store.UnitStore(mongo))
        rulebook = Rulebook(rulebook_store.RuleStore(mongo))
        catalogue = Catalogue(rulebook, SizeLimits(weight_grams=settings.bulky_weight_grams))
        city = CityMap(addresses_store.MapStore(mongo))
        addresses = Addresses(
            mongo,
            addresses_store.AddressStore(mongo, vault),
            city,
            vault,
            clock,
            settings.most_addresses,
            rulebook,
            Beats(mongo, addresses_store.BeatStore(mongo), city, clock),
        )
        calendar = Calendar.of(mongo, _path_of(addresses), clock)
        couriers = Couriers(
            mongo,
            couriers_store.CourierStore(mongo, vault),
            couriers_store.AbsenceStore(mongo),
            couriers_store.GarageStore(mongo),
            couriers_store.DedicationStore(mongo),
            couriers_store.PositionStore(mongo, vault),
        )
        rounds = AskedLater()
        capacity = Capacity(
            mongo,
            capacity_store.SlotStore(mongo),
            capacity_store.HoldStore(mongo),
            capacity_store.TermsStore(mongo),
            addresses,
            couriers,
            calendar,
            catalogue,
            CapacityPolicy(
                cutoff_before=settings.booking_cutoff,
                horizon_days=settings.booking_horizon_days,
                hold_lasts=settings.hold_lasts,
                cancel_before=settings.cancel_before,
            ),
            clock,
            rounds,
        )
        notes = Notes(mongo, notes_store.NoteStore(mongo, vault), vault, NotesPolicy(), clock)
        appointments = Appointments(
            mongo,
            appointments_store.AppointmentStore(mongo, vault),
            addresses,
            notes,
            capacity,
            catalogue,
            hub,
            BookingPolicy(
                most_changes=settings.most_changes,
                most_rows=settings.most_bulk_rows,
                most_own_rows=settings.most_own_rows,
                change_patience=settings.address_change_patience,
                position_before=settings.position_shown_before,
            ),
            clock,
            appointments_store.WaitlistStore(mongo, vault),
            _waiting(settings),
            appointments_store.MarkStore(mongo, vault),
            _conduct(settings),
            calendar,
            appointments_store.PromiseStore(mongo),
            appointments_store.ReofferStore(mongo),
            appointments_store.RunStore(mongo),
            _reoffering(settings),
            couriers=couriers,
        )
        learned = _learned(settings, clock)
        dispatch = Dispatch(
            mongo,
            dispatch_store.AssignmentStore(mongo),
            dispatch_store.RoundStore(mongo),
            appointments,
            couriers,
            hub,
            DispatchPolicy(
                patience=settings.offer_patience,
                most_stops_in_window=settings.most_stops_in_window,
                eta_step=settings.eta_step,
                late_margin=settings.late_margin,
                position_fresh_for=settings.position_fresh_for,
            ),
            clock,
            calendar,
            capacity,
            dispatch_store.TransferStore(mongo),
            dispatch_store.DropOutStore(mongo),
            dispatch_store.PlanStore(mongo),
            ways=learned,
            learned=learned,
            planning=PlanPolicy(seconds=settings.plan_seconds, pace=settings.plan_pace),
        )
        rounds.ask(dispatch)
        return cls(
            settings=settings,
            mongo=mongo,
            pool=pool,
            clock=clock,
            keyring=keyring,
            vault=vault,
            hub=hub,
            accounts=Accounts(
                accounts_store.AccountStore(mongo, vault),
                accounts_store.SessionStore(mongo),
                accounts_store.CodeStore(mongo, vault),
                accounts_rules.Tokens(keyring.token),
                sender or _sender(settings),
                sign_in or _sign_in(settings),
                clock,
                make_code or (lambda phone: accounts_rules.new_code()),
            ),
            organisation=organisation,
            rulebook=rulebook,
            calendar=calendar,
            catalogue=catalogue,
            addresses=addresses,
            couriers=couriers,
            notes=notes,
            capacity=capacity,
            appointments=appointments,
            dispatch=dispatch,
            handheld=Handheld(
                mongo,
                handheld_store.CommandLog(mongo),
                couriers,
                appointments,
                dispatch,
                HandheldPolicy(undo_within=settings.undo_within),
                domestic,
                clock,
            ),
            desk=Desk(
                mongo,
                desk_store.DeskStore(mongo),
                appointments,
                couriers,
                dispatch,
                hub,
                DeskPolicy(),
                clock,
            ),
            relocation=Relocation(
                mongo,
                relocation_store.MoveStore(mongo),
                addresses,
                appointments,
                vault,
                (AppointmentsFollow(appointments, moving.most_tries),),
                moving,
                clock,
            ),
            reports=Reports(
                mongo,
                reports_store.CourierDayStore(mongo),
                appointments,
                couriers,
                ReportPolicy(detour=settings.pace_detour),
                clock,
            ),
            domestic_items=domestic,
        )

    async def prepare(self) -> None:
        """Migrate; make collections, indexes, validators, the rule table. Harmless when repeated.

        Raises NoReplicaSet; HalfRestored; CannotMigrate; and OtherKeysError: the database was
        written with other keys.
        """
        await require_transactions(self.mongo.client)
        await refuse_half_restored(self.mongo)
        await migrations.migrate(self.mongo, STEPS, leases=self.leases(), clock=self.clock)
        await prepare(self.mongo.db, KEPT)
        await prepare(self.mongo.keys_db, KEYS_KEPT)
        await self._same_keys()
        await self.rulebook.put_ours()

    async def _same_keys(self) -> None:
        mine = self.keyring.fingerprint
        await self.mongo["meta"].update_one(
            {"_id": "keyring"}, {"$setOnInsert": {"fingerprint": mine}}, upsert=True
        )
        kept = await self.mongo["meta"].find_one({"_id": "keyring"})
        if kept and kept["fingerprint"] != mine:
            raise OtherKeysError(
                "This database was written with other keys. Copy keys.json from the data folder "
                "of the machine that first served it."
            )

    async def ready(self) -> Mapping[str, bool]:
        """What we cannot serve without, each true when it is well."""
        return {
            "primary": await _holds(self._has_primary),
            "indexes": await _holds(self._has_indexes),
            "validators": await _holds(self._has_validators),
            "city": await _holds(self._has_city),
        }

    async def _has_primary(self) -> bool:
        hello = await self.mongo.db.command("hello")
        return bool(hello.get("isWritablePrimary") or hello.get("msg") == "isdbgrid")

    async def _has_indexes(self) -> bool:
        return not await missing(self.mongo.db, KEPT)

    async def _has_validators(self) -> bool:
        """Some, not exactly ours: while a new version rolls out, theirs and ours both serve."""
        return not await unguarded(self.mongo.db, KEPT)

    async def _has_city(self) -> bool:
        return bool((await self.organisation.tree()).units)

    async def backlog(self) -> tuple[int, float]:
        """How many events wait to be told, and how many seconds the first of them has."""
        return await outbox.backlog(self.mongo, self.clock.now())

    async def close(self) -> None:
        await self.hub.stop()
        await self.mongo.close()

    # ------------------------------------------------------------ the worker's part

    def leases(self) -> Leases:
        holder = f"{socket.gethostname()}:{os.getpid()}:{new_id('hol')}"
        return Leases(self.mongo, self.clock, holder=holder)

    def relay(
        self, leases: Leases, told: Callable[[str, str], None] = lambda kind, outcome: None
    ) -> Relay:
        """The relay; `told` hears of each event's kind, and what came of telling it."""
        return Relay(self.mongo, self.clock, leases, self.reactions(), told)

    def reactions(self) -> Mapping[type[Event], tuple[Callable[[Any], Awaitable[None]], ...]]:
        """Which rooms hear which events, the lower room first."""
        heard: dict[type[Event], tuple[Callable[[Any], Awaitable[None]], ...]] = {}
        tables: tuple[tuple[Any, Mapping[type[Event], Any]], ...] = (
            (self.appointments, appointments_reactions.REACTIONS),
            (self.dispatch, dispatch_reactions.REACTIONS),
            (self.desk, desk_reactions.REACTIONS),
            (self.reports, reports_reactions.REACTIONS),
        )
        for room, table in tables:
            for kind, reaction in table.items():
                heard[kind] = (*heard.get(kind, ()), partial(reaction, room))
        return heard


async def _holds(check: Callable[[], Awaitable[bool]]) -> bool:
    """A check that cannot even be made does not hold."""
    try:
        return await check()
    except Exception:
        return False


def _path_of(addresses: Addresses) -> PathOfArea:
    async def path_of_area(id: str) -> str | None:
        area = await addresses.area(id)
        return area.branch_path if area else None

    return path_of_area


def _sender(settings: Settings) -> CodeSender:
    if settings.code_sender_url is None:
        return ConsoleSender()
    token = settings.code_sender_token.get_secret_value()
    return HttpSender(settings.code_sender_url, token, httpx.AsyncClient())


def _sign_in(settings: Settings) -> SignInPolicy:
    return SignInPolicy(access_lasts=settings.access_lasts, refresh_lasts=settings.refresh_lasts)


def _learned(settings: Settings, clock: Clock) -> Learned:
    ours = Pace()
    pace = Pace(
        detour=settings.pace_detour,
        metres_per_second={**ours.metres_per_second, **settings.pace_metres_per_second},
        of_hour=ours.of_hour if settings.pace_of_hour is None else settings.pace_of_hour,
    )
    budget = RoutingBudget(
        requests_a_minute=settings.routing_requests_a_minute,
        points_a_table=settings.routing_points_a_table,
        seconds=settings.routing_seconds,
        retry_after=settings.routing_retry_after,
        ways_kept=settings.routing_ways_kept,
    )
    router = router_at(settings.routing_url) if settings.routing_url else None
    return Learned(StraightLines(pace), router, budget, clock)


def _waiting(settings: Settings) -> WaitlistPolicy:
    return WaitlistPolicy(
        offer_lasts=settings.waitlist_offer_lasts,
        most_entries=settings.most_waitlist_entries,
        most_slots=settings.most_waitlist_slots,
    )


def _conduct(settings: Settings) -> ConductPolicy:
    return ConductPolicy(
        mark_lasts=settings.conduct_mark_lasts,
        limit_at=settings.conduct_limit_at,
        most_open=settings.conduct_most_open,
        refuse_at=settings.conduct_refuse_at,
        no_show_outcomes=settings.conduct_no_shows,
        late_cancel=settings.conduct_late_cancel,
        free_cancels=settings.conduct_free_cancels,
        cancels_within=settings.conduct_cancels_within,
        exempt=settings.conduct_exempt,
    )


def _reoffering(settings: Settings) -> ReofferPolicy:
    return ReofferPolicy(
        lasts=settings.reoffer_lasts,
        least_to_answer=settings.reoffer_least_to_answer,
        at_once=frozenset(settings.reoffer_at_once),
    )
