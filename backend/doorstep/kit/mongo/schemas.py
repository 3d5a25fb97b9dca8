"""What MongoDB itself refuses to keep: `$jsonSchema`, made from the models as they are stored.

Stored   `id` is `_id`, a sealed field is binary, an instant is a date, whatever its serializer
         makes a string (a local day, a clock time) is a string
Needed   a field without a default; so a field that is new to a model has one, or a migration
         that fills it
Unknown  fields pass: during a rollout the older processes must not refuse what the newer write
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from pydantic import BaseModel

from doorstep.kit.documents import Document, Stored

TEXT: Final[Document] = {"bsonType": "string"}
BYTES: Final[Document] = {"bsonType": "binData"}
INSTANT: Final[Document] = {"bsonType": "date"}
WHOLE: Final[Document] = {"bsonType": ["int", "long"]}
FLAG: Final[Document] = {"bsonType": "bool"}
OBJECT: Final[Document] = {"bsonType": "object"}

_TYPES: Final[Mapping[str, str | list[str]]] = {
    "string": "string",
    "integer": ["int", "long"],
    "number": ["double", "int", "long"],
    "boolean": "bool",
    "array": "array",
    "object": "object",
    "null": "null",
}
_FORMATS: Final = {"date-time": "date", "binary": "binData"}
_SAME: Final = frozenset(
    {"required", "enum", "minimum", "maximum", "minLength", "maxLength", "pattern"}
    | {"minItems", "maxItems", "uniqueItems"}
)
_SILENT: Final = frozenset(
    {"$defs", "title", "description", "default", "examples", "discriminator", "format"}
)


class NotStorable(TypeError):
    """A model says something that BSON or MongoDB's dialect of JSON Schema cannot."""


def shaped(**needed: Document) -> Document:
    """The schema of a collection that has no model."""
    return {"bsonType": "object", "properties": needed, "required": sorted(needed)}


def stored_schema(
    model: type[BaseModel],
    *,
    sealed: Collection[str] = (),
    also: Mapping[str, Document] | None = None,
) -> Document:
    """The schema of `model` as its store writes it.

    `sealed` fields are ciphertext. `also` are fields that the store adds and may leave out.

    Raises:
        NotStorable: the model has a field that MongoDB cannot keep or cannot check.
    """
    told = model.model_json_schema(mode="serialization")
    schema = _translated(told, told.get("$defs", {}))
    properties = schema["properties"] | dict.fromkeys(sealed, BYTES)
    required = schema.get("required", [])
    if issubclass(model, Stored):
        properties = {_stored_name(name): said for name, said in properties.items()}
        required = [_stored_name(name) for name in required]
    return {
        "bsonType": "object",
        "properties": properties | dict(also or {}),
        "required": sorted(required),
    }


def _stored_name(name: str) -> str:
    return "_id" if name == "id" else name


def _translated(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Document:
    """Pydantic's JSON Schema (2020-12) in MongoDB's dialect of draft 4."""
    if reference := node.get("$ref"):
        return _translated(definitions[reference.rpartition("/")[2]], definitions)
    schema: Document = {}
    for word in node:
        schema |= _word(word, node, definitions)
    # What tells one member of a union from another has to be there.
    if tags := {name for name, said in node.get("properties", {}).items() if "const" in said}:
        schema["required"] = sorted(tags.union(schema.get("required", ())))
    return schema


def _word(word: str, node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Document:
    value = node[word]
    match word:
        case "type":
            return {"bsonType": _bson_type(node)}
        case "const":
            return {"enum": [value]}
        case "properties":
            return {word: {name: _translated(said, definitions) for name, said in value.items()}}
        case "anyOf" | "oneOf":
            return {word: [_translated(each, definitions) for each in value]}
        case "items":
            return {word: _translated(value, definitions)}
        case "additionalProperties":
            return {} if isinstance(value, bool) else {word: _translated(value, definitions)}
        case "exclusiveMinimum" | "exclusiveMaximum":
            return {word.removeprefix("exclusive").lower(): value, word: True}
        case _ if word in _SAME:
            return {word: value}
        case _ if word in _SILENT:
            return {}
    raise NotStorable(f"MongoDB cannot check {word!r} in {dict(node)}")


def _bson_type(node: Mapping[str, Any]) -> str | list[str]:
    form = node.get("format")
    if form is not None and form not in _FORMATS:
        raise NotStorable(
            f"BSON has no {form!r}: give the field a serializer, like kit.windows.Day"
        )
    return _FORMATS[form] if form else _TYPES[node["type"]]
