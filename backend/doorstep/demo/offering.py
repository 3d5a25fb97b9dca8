"""The rows that say what may be promised: slots that lie apart, and the terms of booking."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from doorstep.capacity.model import SlotPattern, Terms
from doorstep.demo.folder import Row

TERMS: Final = (
    *("id", "service", "area_id", "notice_minutes", "cutoff_time", "cutoff_days"),
    *("cancel_minutes", "horizon_days", "buffer_minutes", "workdays_only"),
    *("valid_from", "valid_to"),
)
"""The columns of terms.csv."""
_DAY: Final = 24 * 60
_WEEK: Final = 7 * _DAY


class _Span(NamedTuple):
    """From when to when a slot lasts, in minutes since Monday began."""

    start: int
    end: int
    row: Row


def check_apart(slots: Iterable[tuple[Row, SlotPattern]]) -> None:
    """Two slots of one area at one time would sell the same minutes twice."""
    spans: dict[str, list[_Span]] = defaultdict(list)
    for row, slot in slots:
        spans[slot.area_id] += _spans(row, slot)
    for of_area in spans.values():
        _check_week(sorted(of_area, key=lambda span: (span.start, span.row.number)))


def _spans(row: Row, slot: SlotPattern) -> Iterator[_Span]:
    for weekday in slot.weekdays:
        start = (weekday - 1) * _DAY + slot.start.hour * 60 + slot.start.minute
        yield _Span(start, start + slot.length_minutes, row)


def _check_week(spans: Sequence[_Span]) -> None:
    """Of two rows that overlap, the later is at fault. Sunday night may reach into Monday."""
    again = [_Span(s.start + _WEEK, s.end + _WEEK, s.row) for s in spans if s.start < _DAY]
    latest, told = spans[0], set()
    for span in [*spans[1:], *again]:
        one, other = sorted((latest.row.number, span.row.number))
        if span.start < latest.end and (one, other) not in told:
            told.add((one, other))
            at_fault = max(latest.row, span.row, key=lambda row: row.number)
            at_fault.wrong("start", f"overlaps the slot of row {one}")
        latest = max(latest, span, key=lambda each: each.end)


def terms(rows: Sequence[Row], refer: Callable[[Row, str, str], None]) -> Iterator[Terms]:
    for row in rows:
        refer(row, "area_id", "areas")
        row.fits("cutoff_time", r"\d\d:\d\d", "is no time like 17:00")
        for column in ("valid_from", "valid_to"):
            row.fits(column, r"\d{4}-\d\d-\d\d", "is no day like 2026-10-01")
        if row["valid_to"] and row["valid_to"] < row["valid_from"]:
            row.wrong("valid_to", "lies before valid_from")
        if found := row.made(Terms, row.taken(*TERMS)):
            yield found
