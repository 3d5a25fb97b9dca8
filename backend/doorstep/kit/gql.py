"""What every room's GraphQL shares: how a type is declared, what an invalid input looks like.

Every type is declared with `public` and its fields with `shown` or `computed`, every input with
`asking` and `given`: each has a description, and each shown field says to whom. Root fields are
declared in accounts/permissions.py, with the roles that may ask. A schema in which one field says
nothing is not built (api/schema.py): access is denied unless somebody wrote down that it is not.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Protocol, Self, TypeVar, cast, dataclass_transform

import strawberry
from graphql import GraphQLError
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from doorstep.kit import geo, windows
from doorstep.kit.refusals import INVALID, Invalid, Locale, Problem, WordedError, Words

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Info = strawberry.Info[Any, None]

AUDIENCE: Final = "audience"
HOLDER: Final = "holder"
"""Whoever was allowed to get the object may read the field; what they may not see is masked."""


def shown(description: str, *, name: str | None = None) -> Any:
    """A field of a type: a plain attribute, filled by the type's `of`."""
    return strawberry.field(description=description, name=name, metadata={AUDIENCE: HOLDER})


def computed(description: str, *, name: str | None = None) -> Callable[[Callable[..., Any]], Any]:
    """A field of a type that is loaded only when it is asked for."""
    return cast(
        Callable[[Callable[..., Any]], Any],
        strawberry.field(description=description, name=name, metadata={AUDIENCE: HOLDER}),
    )


def given(description: str, *, default: Any = ..., name: str | None = None) -> Any:
    """A field of an input. Without a default it is required."""
    if default is ...:
        return strawberry.field(description=description, name=name)
    if isinstance(default, list):
        return strawberry.field(description=description, name=name, default_factory=list)
    return strawberry.field(description=description, name=name, default=default)


def argument(description: str, *, name: str | None = None) -> Any:
    """An argument's description, for `Annotated[int, argument("…")]`."""
    return strawberry.argument(description=description, name=name)


@dataclass_transform(kw_only_default=True, field_specifiers=(shown,))
def public(
    description: str, *, name: str | None = None, interface: bool = False
) -> Callable[[type[T]], type[T]]:
    """A type as the outside world sees it."""

    def declare(cls: type[T]) -> type[T]:
        make: Any = strawberry.interface if interface else strawberry.type
        return cast(type[T], make(name=name, description=description)(cls))

    return declare


@dataclass_transform(kw_only_default=True, field_specifiers=(given,))
def asking(
    description: str, *, name: str | None = None, one_of: bool = False
) -> Callable[[type[T]], type[T]]:
    """An input. It carries shape, never rules: those are Pydantic's and the rooms'."""

    def declare(cls: type[T]) -> type[T]:
        make: Any = strawberry.input
        return cast(type[T], make(name=name, description=description, one_of=one_of)(cls))

    return declare


def explain(
    kind: type[StrEnum],
    description: str,
    meanings: Mapping[Any, str | Words],
    *,
    name: str | None = None,
) -> None:
    """Show an enum of a room's model, each value with its meaning."""
    strawberry.enum(kind, name=name, description=description)
    for value in kind.__strawberry_definition__.values:  # type: ignore[attr-defined]
        meaning = meanings[kind(value.value)]
        value.description = meaning.en if isinstance(meaning, Words) else meaning


def refuse(code: str, message: str, **more: object) -> GraphQLError:
    """A no for which the field has no room: an error with a code, fit to show."""
    return GraphQLError(message, extensions={"code": code, **more})


def not_found(locale: Locale) -> GraphQLError:
    """What is not there and what is not yours look exactly the same."""
    return refuse("NOT_FOUND", Words("没有找到。", "Not found.").spoken(locale))


# ------------------------------------------------------------------ shapes of every room


@public("Anything that has an id of its own.", interface=True)
class Node:
    id: strawberry.ID = shown("Opaque; it says its kind: apt_…, adr_…, cou_….")


@public("An expected no. Old apps can show one they have never heard of.", interface=True)
class Refused:
    message: str = shown("Fit to show, in the language of Accept-Language: zh-CN, or en.")
    path: list[str] | None = shown('The input to point at: ["lines", "0", "weightGrams"].')


@public("One input that makes no sense, whatever the state of the world.")
class InputProblem:
    path: list[str] = shown("Which input, from the mutation's `input` down.")
    message: str = shown("What is wrong with it, fit to show.")


@public("The request makes no sense by itself: nothing was looked up, nothing was written.")
class InvalidInput(Refused):
    problems: list[InputProblem] = shown("Every input at fault.")

    @classmethod
    def of(cls, invalid: Invalid, locale: Locale) -> Self:
        return cls(
            message=INVALID.spoken(locale),
            path=list(invalid.problems[0].path) if invalid.problems else None,
            problems=[
                InputProblem(path=list(problem.path), message=problem.words.spoken(locale))
                for problem in invalid.problems
            ],
        )


@public("An amount of money.")
class Money:
    amount: Decimal = shown("In yuan, as a string; kept as whole fen.")
    currency: str = shown("ISO 4217: CNY.")


@public("A point on the ground.")
class Coordinates:
    latitude: float = shown("Degrees north, WGS 84.")
    longitude: float = shown("Degrees east, WGS 84.")

    @classmethod
    def of(cls, point: geo.Point) -> Self:
        return cls(latitude=point.latitude, longitude=point.longitude)


@public("From `start` up to, not including, `end`: the end belongs to the next window.")
class TimeWindow:
    start: datetime = shown("The first instant of the window.")
    end: datetime = shown("The first instant after the window.")

    @classmethod
    def of(cls, window: windows.TimeWindow) -> Self:
        return cls(start=window.start, end=window.end)


@public("Where a page of a list begins and ends.")
class PageInfo:
    has_next_page: bool = shown("Whether more rows follow.")
    has_previous_page: bool = shown("Whether rows went before.")
    start_cursor: str | None = shown("The first row's cursor; null on an empty page.")
    end_cursor: str | None = shown("The last row's cursor: the next page's `after`.")

    @classmethod
    def of(cls, cursors: list[str], *, more: bool, after: str | None) -> Self:
        return cls(
            has_next_page=more,
            has_previous_page=after is not None,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )


explain(
    geo.CoordinateSystem,
    "What a pair of degrees is measured in.",
    {
        geo.CoordinateSystem.WGS84: "The world's: GPS.",
        geo.CoordinateSystem.GCJ02: "China's obfuscated system: Amap, Tencent.",
        geo.CoordinateSystem.BD09: "Baidu's own.",
    },
)


@asking("A point on the ground, and what its degrees are measured in.")
class CoordinatesInput:
    latitude: float = given("Degrees north.")
    longitude: float = given("Degrees east.")
    system: geo.CoordinateSystem | None = given(
        "Map SDKs in China give GCJ-02 or BD-09.", default=geo.CoordinateSystem.WGS84
    )

    def parsed(self, under: tuple[str, ...] = ()) -> geo.Point:
        point = parsed(geo.Point, under=under, longitude=self.longitude, latitude=self.latitude)
        return geo.in_wgs84(point, self.system or geo.CoordinateSystem.WGS84)


# ------------------------------------------------------------------ what is invalid, in words


class InvalidAsk(Exception):
    """An input that makes no sense."""

    def __init__(self, invalid: Invalid) -> None:
        super().__init__("invalid input")
        self.invalid = invalid


def invalid(*path: str, zh: str, en: str) -> InvalidAsk:
    return InvalidAsk(Invalid.at(*path, zh=zh, en=en))


def parsed(model: type[M], /, *, under: tuple[str, ...] = (), **fields: Any) -> M:
    """`model` from what was asked. Raises InvalidAsk with a path and words for each problem."""
    try:
        return model(**fields)
    except ValidationError as error:
        problems = tuple(_problem(detail, under) for detail in error.errors(include_url=False))
        raise InvalidAsk(Invalid(problems=problems)) from None


def worded(text: str, most: int, *path: str) -> str:
    """A text that says something, without blanks around it. Raises InvalidAsk for one that does
    not, or says more than `most` characters.
    """
    said = text.strip()
    if not 0 < len(said) <= most:
        raise invalid(*path, zh=f"请填写 1 到 {most} 个字。", en=f"From 1 to {most} characters.")
    return said


def at_most(text: str | None, most: int, *path: str) -> str | None:
    """As it was written. Raises InvalidAsk for more than `most` characters."""
    if text is not None and len(text) > most:
        raise invalid(*path, zh=f"最多 {most} 个字。", en=f"At most {most} characters.")
    return text


_WORDS: Final[dict[str, Words]] = {
    "string_too_long": Words("最多 {max_length} 个字。", "At most {max_length} characters."),
    "string_too_short": Words("至少 {min_length} 个字。", "At least {min_length} characters."),
    "too_long": Words("最多 {max_length} 项。", "At most {max_length} of them."),
    "too_short": Words("至少 {min_length} 项。", "At least {min_length} of them."),
    "greater_than_equal": Words("不能小于 {ge}。", "Not less than {ge}."),
    "greater_than": Words("必须大于 {gt}。", "More than {gt}."),
    "less_than_equal": Words("不能大于 {le}。", "Not more than {le}."),
    "less_than": Words("必须小于 {lt}。", "Less than {lt}."),
    "finite_number": Words("必须是一个有限的数。", "A finite number."),
    "string_pattern_mismatch": Words("格式不对。", "Not in the right form."),
}
_MALFORMED: Final = Words("填写有误。", "Not valid.")


def _problem(detail: ErrorDetails, under: tuple[str, ...]) -> Problem:
    context = detail.get("ctx", {})
    words = _WORDS.get(detail["type"], _MALFORMED)
    if isinstance(cause := context.get("error"), WordedError):
        words = cause.words
    return Problem(
        path=(*under, *(_camel(str(step)) for step in detail["loc"])),
        words=Words(words.zh.format(**context), words.en.format(**context)),
    )


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


# ------------------------------------------------------------------ scalars


def _instant(text: object) -> datetime:
    if not isinstance(text, str) or not re.fullmatch(
        r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", text
    ):
        raise GraphQLError("DateTime must be like 2026-11-23T01:30:00.000Z")
    try:
        instant = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise GraphQLError("DateTime names no instant") from None
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _instant_text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _day(text: object) -> date:
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise GraphQLError("Date must be like 2026-11-23")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise GraphQLError("Date names no day of the calendar") from None


def _decimal(text: object) -> Decimal:
    if not isinstance(text, str) or not re.fullmatch(r"-?\d{1,15}(\.\d{1,6})?", text):
        raise GraphQLError('Decimal must be a string like "12.50"')
    return Decimal(text)


class _Scalar(Protocol):
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


def scalars() -> dict[object, Any]:
    """How instants, days, amounts and maps are read and written."""
    make = cast(_Scalar, strawberry.scalar)
    return {
        datetime: make(
            name="DateTime",
            description="An instant in UTC with milliseconds: 2026-11-23T01:30:00.000Z.",
            specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
            serialize=_instant_text,
            parse_value=_instant,
        ),
        date: make(
            name="Date",
            description="A local day in Asia/Shanghai: 2026-11-23.",
            specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
            serialize=date.isoformat,
            parse_value=_day,
        ),
        Decimal: make(
            name="Decimal",
            description='A decimal number as a string: "12.50".',
            serialize=str,
            parse_value=_decimal,
        ),
        geo.GeoJson: make(
            name="GeoJSON",
            description="A GeoJSON object in WGS 84, longitude first. It is only ever answered.",
            specified_by_url="https://www.rfc-editor.org/rfc/rfc7946",
            serialize=dict,
            parse_value=_never_asked,
        ),
    }


def _never_asked(_: object) -> geo.GeoJson:
    raise GraphQLError("GeoJSON is only ever answered")


def asks_for(info: Info, names: frozenset[str]) -> bool:
    """Whether the request reads a field of one of these names, however deep."""
    waiting: list[Any] = list(info.selected_fields)
    while waiting:
        selection = waiting.pop()
        if getattr(selection, "name", None) in names:
            return True
        waiting += selection.selections
    return False
