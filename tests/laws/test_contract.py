"""The apps were written against contract.graphql beside this file: what it names stays.

Additions are free; an optional argument or input field may be added, a field may become non-null.
"""

from pathlib import Path

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    is_input_object_type,
    is_introspection_type,
    is_required_argument,
    is_required_input_field,
    is_specified_scalar_type,
    parse,
    validate,
)
from graphql import (
    build_schema as read,
)

from doorstep.api.schema import build_schema

CONTRACT = read(Path(__file__).with_name("contract.graphql").read_text(encoding="utf-8"))
OURS = read(build_schema().as_str())
OPERATIONS = sorted(Path("schema/operations").rglob("*.graphql"))
KEPT = sorted(
    name
    for name, kind in CONTRACT.type_map.items()
    if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
)


@pytest.mark.parametrize("name", KEPT)
def test_what_the_apps_know_is_still_there_and_means_the_same(name: str):
    theirs, ours = CONTRACT.type_map[name], OURS.type_map.get(name)
    assert ours is not None, f"{name} is gone"
    assert type(ours) is type(theirs)
    assert list(_differences(theirs, ours)) == []


def _differences(theirs: GraphQLNamedType, ours: GraphQLNamedType):
    if isinstance(theirs, GraphQLEnumType):
        yield from sorted(set(theirs.values) - set(ours.values))  # type: ignore[attr-defined]
    elif isinstance(theirs, GraphQLUnionType):
        wanted, found = ({kind.name for kind in each.types} for each in (theirs, ours))  # type: ignore[attr-defined]
        yield from sorted(wanted ^ found)
    elif isinstance(theirs, GraphQLInputObjectType):
        yield from _inputs(theirs, ours)
    elif isinstance(theirs, GraphQLObjectType | GraphQLInterfaceType):
        yield from _fields(theirs, ours)


def _fields(theirs, ours):
    wanted = {kind.name for kind in theirs.interfaces}
    yield from sorted(wanted - {kind.name for kind in ours.interfaces})
    for name, field in theirs.fields.items():
        if name not in ours.fields:
            yield f"{theirs.name}.{name} is gone"
            continue
        found = ours.fields[name]
        if str(field.type) != str(found.type):
            yield f"{theirs.name}.{name}: {field.type} became {found.type}"
        yield from _arguments(f"{theirs.name}.{name}", field.args, found.args)


def _arguments(where: str, theirs: dict[str, GraphQLArgument], ours: dict[str, GraphQLArgument]):
    for name, argument in theirs.items():
        if name not in ours:
            yield f"{where}({name}:) is gone"
        elif (str(argument.type), _default(argument)) != (
            str(ours[name].type),
            _default(ours[name]),
        ):
            yield f"{where}({name}:): {argument.type} became {ours[name].type}"
    for name in ours.keys() - theirs.keys():
        if is_required_argument(ours[name]):
            yield f"{where}({name}:) is new and required"


def _inputs(theirs, ours):
    if theirs.is_one_of != ours.is_one_of:
        yield f"{theirs.name}: @oneOf"
    for name, field in theirs.fields.items():
        if name not in ours.fields:
            yield f"{theirs.name}.{name} is gone"
            continue
        found = ours.fields[name]
        if (str(field.type), _default(field)) != (str(found.type), _default(found)):
            yield f"{theirs.name}.{name}: {field.type} became {found.type}"
    for name in ours.fields.keys() - theirs.fields.keys():
        if is_required_input_field(ours.fields[name]):
            yield f"{theirs.name}.{name} is new and required"


def _default(given) -> str | None:
    """A default of null and none at all are the same to an app."""
    node = given.ast_node.default_value if given.ast_node else None
    text = None if node is None else node.to_dict().get("value", str(node.to_dict()))
    return (
        None
        if text is None or "NullValue" in str(node.kind) or "null_value" in node.kind
        else str(text)
    )


def test_every_union_of_results_has_a_success_a_refusal_and_an_invalid_input():
    results = [kind for name, kind in OURS.type_map.items() if name.endswith("Result")]
    assert len(results) >= 11
    for union in results:
        assert isinstance(union, GraphQLUnionType), union
        success, refused, invalid = union.types
        assert invalid.name == "InvalidInput"
        refusals = [kind for kind in union.types if OURS.type_map["Refused"] in kind.interfaces]
        assert refusals == [refused, invalid]
        assert "code" in refused.fields
        assert str(refused.fields["code"].type).endswith("Refusal!")
        assert success not in refusals


def test_every_mutation_but_those_of_signing_in_can_be_sent_again_and_tried_dry():
    mutation = OURS.mutation_type
    assert mutation
    others = {"requestSignInCode", "signIn", "refreshSession", "signOut", "carryOut"}
    for name, field in mutation.fields.items():
        if name in others:
            continue
        (input,) = field.args.values()
        kind = OURS.type_map[str(input.type).rstrip("!")]
        assert is_input_object_type(kind)
        assert {"idempotencyKey", "validateOnly"} <= kind.fields.keys(), name
        assert str(field.type).endswith("Result!"), name


@pytest.mark.parametrize("file", OPERATIONS, ids=lambda file: file.stem)
def test_each_operation_of_the_apps_is_one_of_the_schema_under_the_name_of_its_file(file: Path):
    document = parse(file.read_text(encoding="utf-8"))
    assert [each.name.value for each in document.definitions] == [file.stem]  # type: ignore[attr-defined]
    assert validate(OURS, document) == []
