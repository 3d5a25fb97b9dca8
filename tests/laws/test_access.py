"""Every root field for every role: refused, or let in, as its declaration says."""

import asyncio
from typing import Any

import pytest
import strawberry

from doorstep.accounts.model import Caller, Grant, Role
from doorstep.api import schema as assembled
from doorstep.api.context import Context
from doorstep.api.errors import Schema
from doorstep.api.schema import build_schema, shown_fields
from doorstep.kit.gql import AUDIENCE
from doorstep.wiring import House

SCHEMA = build_schema()
ROOTS = {
    kind: SCHEMA.get_type_by_name(kind).fields for kind in ("Query", "Mutation", "Subscription")
}
FIELDS = [(kind, field) for kind, fields in ROOTS.items() for field in fields]
ASKING = [None, *Role]


def _document(kind: str, name: str) -> tuple[str, dict[str, Any]]:
    """A call of the field with arguments that are of the right shape and name nothing."""
    core = getattr(SCHEMA._schema, f"{kind.lower()}_type")  # noqa: SLF001
    field = core.fields[name]
    declared, given, variables = [], [], {}
    for argument, each in field.args.items():
        if (str(each.type).endswith("!") and each.default_value is None) or str(each.type)[
            -1
        ] == "!":
            declared.append(f"${argument}: {each.type}")
            given.append(f"{argument}: ${argument}")
            variables[argument] = _some(each.type)
    head = f"({', '.join(declared)})" if declared else ""
    args = f"({', '.join(given)})" if given else ""
    below = (
        " { __typename }"
        if hasattr(_inner(field.type), "fields") or hasattr(_inner(field.type), "types")
        else ""
    )
    return f"{kind.lower()} Asked{head} {{ {name}{args}{below} }}", variables


def _inner(kind: Any) -> Any:
    while hasattr(kind, "of_type"):
        kind = kind.of_type
    return kind


def _some(kind: Any) -> Any:
    """Any value that the type can be."""
    text = str(kind).rstrip("!")
    if text.startswith("["):
        return [_some(_inner(kind))] if hasattr(_inner(kind), "values") else []
    inner = _inner(kind)
    if hasattr(inner, "values"):
        return next(iter(inner.values))
    if hasattr(inner, "fields"):
        return {n: _some(f.type) for n, f in inner.fields.items() if str(f.type).endswith("!")}
    known = {
        "Int": 1,
        "Float": 1.0,
        "Boolean": False,
        "Date": "2026-11-24",
        "DateTime": "2026-11-24T01:00:00.000Z",
    }
    return known.get(text, "none_such")


@pytest.mark.row("Q6", "N1")
@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=lambda v: getattr(v, "python_name", v))
async def test_a_field_lets_in_whom_it_declares(empty_house: House, kind: str, field: Any):
    audience = field.metadata[AUDIENCE]
    name = SCHEMA.config.name_converter.get_graphql_name(field)
    document, variables = _document(kind, name)
    for role in ASKING:
        caller = Caller(id="acc_x", grants=(Grant(role=role, path="/x/"),)) if role else None
        code = await _code(empty_house, kind, document, variables, caller)
        if audience is None or (caller and role in audience):
            assert code not in ("UNAUTHENTICATED", "FORBIDDEN", "INTERNAL_SERVER_ERROR"), (
                role,
                code,
            )
        else:
            assert code == ("FORBIDDEN" if caller else "UNAUTHENTICATED"), (role, name)


async def _code(
    house: House, kind: str, document: str, variables: dict[str, Any], caller: Caller | None
) -> str | None:
    context = Context(house, caller, "request", "en")
    if kind == "Subscription":
        stream: Any = await SCHEMA.subscribe(document, variables, context_value=context)
        if hasattr(stream, "errors"):
            return _told(stream)
        try:
            first = await asyncio.wait_for(anext(stream), 0.2)
        except (TimeoutError, StopAsyncIteration):
            return None
        finally:
            await stream.aclose()
        return _told(first)
    return _told(await SCHEMA.execute(document, variables, context_value=context))


def _told(result: Any) -> str | None:
    if not result.errors:
        return None
    error = result.errors[0]
    return (error.extensions or {}).get("code") or f"UNCODED {error.message}"


def test_a_field_that_says_nothing_of_access_is_found():
    """What `build_schema` refuses to build."""

    @strawberry.type(description="What can be asked.")
    class Careless(assembled.Query):
        @strawberry.field(description="Everybody's secrets.")
        def secrets(self) -> str:
            return ""

    fields = shown_fields(Schema(query=Careless, config=SCHEMA.config))
    assert [name for name, f in fields if AUDIENCE not in f.metadata] == ["Careless.secrets"]
    assert all(AUDIENCE in f.metadata for _, f in shown_fields(SCHEMA))
