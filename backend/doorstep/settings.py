"""Everything that differs between machines, and nothing else. Read once, by the doors."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from doorstep.catalogue.model import NO_SHOWS, OWED, LineOutcome, ServiceKind
from doorstep.couriers.model import VehicleKind


class Settings(BaseSettings):
    """From the environment, as DOORSTEP_*. Secrets lie in the data folder's keys.json."""

    model_config = SettingsConfigDict(env_prefix="DOORSTEP_", frozen=True, extra="ignore")

    mongodb_url: str | None = Field(default=None, description="None: an embedded mongod.")
    mongo_database: str = "doorstep"
    driver: Literal["motor", "pymongo"] = "motor"
    data: Path = Field(default=Path(".doorstep"), description="Keys, the embedded database.")

    explorer: bool = True
    introspection: bool = True
    allowed_origins: tuple[str, ...] = ()
    metrics: bool = Field(default=True, description="Whether /metrics is there, on loopback.")
    metrics_token: SecretStr = Field(
        default=SecretStr(""), description="Given as bearer, /metrics answers to others too."
    )

    code_sender_url: str | None = Field(
        default=None, description="An SMS gateway: takes a JSON POST of phone and code."
    )
    code_sender_token: SecretStr = SecretStr("")
    access_lasts: timedelta = timedelta(minutes=15)
    refresh_lasts: timedelta = timedelta(days=60)

    most_addresses: int = Field(default=50, ge=1)
    booking_cutoff: timedelta = timedelta(minutes=60)
    booking_horizon_days: int = Field(default=14, ge=1, le=60)
    hold_lasts: timedelta = timedelta(minutes=5)
    cancel_before: timedelta = timedelta(minutes=30)
    most_changes: int = Field(default=3, ge=0)
    waitlist_offer_lasts: timedelta = timedelta(minutes=15)
    most_waitlist_entries: int = Field(default=5, ge=1, description="Of one customer, at once.")
    most_waitlist_slots: int = Field(default=6, ge=1, description="That one entry may name.")
    conduct_mark_lasts: timedelta = timedelta(days=90)
    conduct_limit_at: int = Field(
        default=2, ge=1, description="How many marks limit how many visits may be open at once."
    )
    conduct_most_open: int = Field(default=2, ge=1, description="How many those may be.")
    conduct_refuse_at: int = Field(default=3, ge=1, description="How many marks end booking.")
    conduct_late_cancel: timedelta = timedelta(hours=2)
    conduct_free_cancels: int = Field(default=5, ge=0)
    conduct_cancels_within: timedelta = timedelta(days=30)
    conduct_no_shows: frozenset[LineOutcome] = Field(
        default=NO_SHOWS, description="Outcomes which, of every line, make a visit a no-show."
    )
    conduct_exempt: frozenset[ServiceKind] = Field(
        default=OWED, description="What the bureau owes: neither marked nor refused."
    )
    most_bulk_rows: int = Field(
        default=1000, ge=1, le=1000, description="Visits that an agent books in one call."
    )
    most_own_rows: int = Field(
        default=20, ge=1, le=1000, description="Visits that a customer books in one call."
    )
    address_change_patience: timedelta = Field(
        default=timedelta(minutes=15),
        description="How long a courier at work is asked to agree to another door.",
    )
    reoffer_lasts: timedelta = Field(
        default=timedelta(hours=12), description="How long a place is kept for who lost another."
    )
    reoffer_least_to_answer: timedelta = timedelta(hours=1)
    reoffer_at_once: tuple[Literal["CLOSURE", "BLOCK", "SAILING_CANCELLED"], ...] = Field(
        default=("SAILING_CANCELLED",), description="What is answered with offers unasked."
    )
    offer_patience: timedelta = timedelta(minutes=15)
    plan_seconds: int = Field(
        default=20, ge=1, le=300, description="How long a day's plan is searched for."
    )
    plan_pace: float = Field(
        default=1, gt=0, description="How fast this machine plans; 1: one core of 2026."
    )
    routing_url: str | None = Field(
        default=None,
        pattern=r"^(osrm|valhalla)\+https?://",
        description="osrm+http://host:5000 or valhalla+http://host; None: straight lines.",
    )
    routing_requests_a_minute: int = Field(default=300, ge=1)
    routing_points_a_table: int = Field(default=100, ge=2)
    routing_seconds: float = Field(default=1.0, gt=0, description="For all asked at one time.")
    routing_retry_after: timedelta = timedelta(seconds=30)
    routing_ways_kept: int = Field(default=100_000, ge=1, description="In each process.")
    pace_detour: float = Field(
        default=1.4, ge=1, description="Metres of road for each in a straight line."
    )
    pace_metres_per_second: dict[VehicleKind, Annotated[float, Field(gt=0)]] = Field(
        default={}, description="Where the house's own figures do not fit; JSON, by vehicle kind."
    )
    pace_of_hour: dict[int, Annotated[float, Field(gt=0)]] | None = Field(
        default=None, description="What is left of the speed by hour, 0 to 23; JSON."
    )
    eta_step: timedelta = Field(
        default=timedelta(minutes=3), description="A smaller change of an ETA is told to nobody."
    )
    late_margin: timedelta = Field(
        default=timedelta(minutes=5),
        description="An ETA closer than this to the window's end counts as late.",
    )
    position_shown_before: timedelta = Field(
        default=timedelta(hours=1),
        description="How long before a window its customer may see where the courier is.",
    )
    position_fresh_for: timedelta = Field(
        default=timedelta(minutes=10),
        description="How long a courier's position says on the dispatcher's map where they are.",
    )
    most_stops_in_window: int = Field(
        default=40, ge=1, description="Of one courier, however quick they are."
    )
    undo_within: timedelta = timedelta(minutes=10)
    bulky_weight_grams: int = Field(
        default=300_000, ge=1, description="What a branch's vans carry."
    )
    domestic_item_pattern: str = Field(
        default=r"[A-Z]{2}\d{11}", description="The bureau's own item numbers, beside UPU S10."
    )
