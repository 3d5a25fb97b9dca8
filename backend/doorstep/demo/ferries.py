"""When the demo city works and when its ferries go.

Islands  one boat a day in summer; in winter fewer days, and home before dark
Seasons  written out for ten years, so that the same seed writes the same bytes in any of them
Days     the legal holidays of 2027, whose weekends had not been arranged when this was written
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from doorstep.demo import cast
from doorstep.demo.atlas import Atlas, Cell
from doorstep.demo.scale import ISLANDS

_YEARS: Final = range(2025, 2036)
_HOLIDAYS: Final = "全国年节及纪念日放假办法（2024年修订）第二条"
_SUMMER: Final = ("1|2|3|4|5|6|7", "06:50", "17:00")
_WINTER: Final = {96: ("1|2|4|6", "06:50", "16:10"), 97: ("2|4|6", "07:10", "16:10")}
_SUMMER_MONTHS: Final = (4, 10)
_CROSSING_MINUTES: Final = {96: 50, 97: 35}


def calendar_days() -> Iterator[Sequence[Cell]]:
    """The rows of calendar_days.csv."""
    yield "2027-01-01", "false", "false", "元旦", _HOLIDAYS
    yield "2027-02-05", "false", "false", "春节", _HOLIDAYS
    yield "2027-02-08", "false", "false", "春节", _HOLIDAYS


def routes(atlas: Atlas) -> Iterator[Sequence[Cell]]:
    """The rows of ferry_routes.csv."""
    for branch in _served(atlas):
        island = atlas.towns[branch - 1]
        yield (
            _route_id(branch),
            f"{island}航线",
            cast.branch_id(branch),
            "客运码头",
            island,
            "海上客运公司",
            f"海邮-{branch}",
            _CROSSING_MINUTES[branch],
        )


def sailings(atlas: Atlas) -> Iterator[Sequence[Cell]]:
    """The rows of sailings.csv."""
    for branch in _served(atlas):
        for year in _YEARS:
            yield _season(branch, f"{year}s", _SUMMER, f"{year}-04-01", f"{year}-10-31")
            yield _season(branch, f"{year}w", _WINTER[branch], f"{year}-11-01", f"{year + 1}-03-31")


def _season(branch: int, name: str, boats: Sequence[Cell], first: str, last: str) -> Sequence[Cell]:
    return f"sap_demo_{branch}_{name}", _route_id(branch), *boats, first, last


def route_of(branch: int) -> dict[str, str]:
    """What areas.geojson says of an island's area."""
    return {"ferry_route_id": _route_id(branch)} if branch in ISLANDS else {}


def sails(branch: int, day: date) -> bool:
    """Whether a boat goes there on that day; to the mainland none has to."""
    if branch not in ISLANDS:
        return True
    summer = _SUMMER_MONTHS[0] <= day.month <= _SUMMER_MONTHS[1]
    weekdays, *_ = _SUMMER if summer else _WINTER[branch]
    return str(day.isoweekday()) in weekdays.split("|")


def _served(atlas: Atlas) -> list[int]:
    """The branches on islands, as far as the city has them."""
    return [branch for branch in ISLANDS if branch <= atlas.scale.branches]


def _route_id(branch: int) -> str:
    return f"fer_demo_{branch}"
