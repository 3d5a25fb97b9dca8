"""Which command of a handheld's batch cannot be read, so that it can send the rest."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLInputType,
    GraphQLSchema,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
    get_nullable_type,
    is_list_type,
    validate_input_literal,
    validate_input_value,
)

FIELD: Final = "carryOut"
ARGUMENT: Final = "commands"
INDEX: Final = "commandIndex"


def unreadable_command(
    schema: GraphQLSchema, document: DocumentNode | None, variables: Mapping[str, Any] | None
) -> int | None:
    """The first command that does not parse. None: each does, or there is no batch."""
    kind, given = _item_type(schema), dict(variables or {})
    if document is None or kind is None:
        return None
    for batch in _batches(document):
        for index, item in enumerate(_items(batch, given)):
            if not _readable(item, kind, given):
                return index
    return None


def _item_type(schema: GraphQLSchema) -> GraphQLInputType | None:
    mutation = schema.mutation_type
    if mutation is None or FIELD not in mutation.fields:
        return None
    batch = get_nullable_type(mutation.fields[FIELD].args[ARGUMENT].type)
    return batch.of_type if is_list_type(batch) else None


def _batches(document: DocumentNode) -> Iterator[ValueNode]:
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            for field in operation.selection_set.selections:
                if isinstance(field, FieldNode) and field.name.value == FIELD:
                    yield from (a.value for a in field.arguments or () if a.name.value == ARGUMENT)


def _items(batch: ValueNode, variables: Mapping[str, Any]) -> list[Any]:
    """What lies in a batch: nodes of the document, or values that came beside it."""
    if isinstance(batch, ListValueNode):
        return list(batch.values)
    if not isinstance(batch, VariableNode):
        return [batch]
    found = variables.get(batch.name.value)
    return found if isinstance(found, list) else []


def _readable(item: Any, kind: GraphQLInputType, variables: Mapping[str, Any]) -> bool:
    problems: list[object] = []

    def keep(error: object, path: object) -> None:
        problems.append(error)

    if isinstance(item, VariableNode):
        if item.name.value not in variables:
            return True
        item = variables[item.name.value]
    if isinstance(item, ValueNode):
        validate_input_literal(item, kind, keep)
    else:
        validate_input_value(item, kind, keep)
    return not problems and _names_one(item)


def _names_one(item: Any) -> bool:
    """A command is a @oneOf: Strawberry asks that only when it has read everything."""
    if isinstance(item, ObjectValueNode):
        return len(item.fields) == 1 and not isinstance(item.fields[0].value, NullValueNode)
    return not isinstance(item, dict) or [v is None for v in item.values()] == [False]
