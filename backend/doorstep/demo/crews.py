"""What a folder may say of vehicles and shifts beside what it has to."""

from typing import Any

from doorstep.couriers.model import VAN_FROM_KILOGRAMS, VehicleKind
from doorstep.demo.folder import Row


def vehicle_of(row: Row) -> dict[str, Any]:
    """`kind` and `insured_until`. Folders from before know neither: a large vehicle is a van."""
    said = row.taken("kind", "insured_until")
    row.fits("insured_until", r"\d{4}-\d\d-\d\d", "is no day like 2026-11-23")
    large = row["capacity_kilograms"].isdecimal() and (
        int(row["capacity_kilograms"]) >= VAN_FROM_KILOGRAMS
    )
    return {"kind": VehicleKind.VAN if large else VehicleKind.E_TRIKE, **said}


def breaks_of(row: Row) -> list[dict[str, str]]:
    """`break_at` and `break_minutes`: 12:00|15:30 and 30|15, or one length for all."""
    row.fits("break_at", r"\d\d:\d\d(\|\d\d:\d\d)*", "is no list of times like 12:00|15:30")
    times, minutes = row.parts("break_at"), row.parts("break_minutes")
    if len(minutes) == 1:
        minutes *= len(times)
    if len(minutes) != len(times):
        row.wrong("break_minutes", "says a length for each time of break_at, or one for all")
        return []
    return [{"at": at, "minutes": length} for at, length in zip(times, minutes, strict=True)]
