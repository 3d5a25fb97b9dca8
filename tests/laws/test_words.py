"""Nothing is shown without a word on what it is, nothing refused without one in each language."""

import importlib
import re
from pathlib import Path

import pytest
from graphql import build_schema as read
from graphql import is_introspection_type, is_specified_scalar_type

from doorstep.api.schema import build_schema
from doorstep.kit.refusals import Words

SCHEMA = read(build_schema().as_str())
REFUSALS = sorted(
    name
    for name in SCHEMA.type_map
    if name.endswith("Refusal") and hasattr(SCHEMA.type_map[name], "values")
)


def _elements():
    for name, kind in SCHEMA.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        yield name, kind
        for value, each in getattr(kind, "values", {}).items():
            yield f"{name}.{value}", each
        for field, each in getattr(kind, "fields", {}).items():
            yield f"{name}.{field}", each
            for argument, given in getattr(each, "args", {}).items():
                yield f"{name}.{field}({argument}:)", given


def test_everything_in_the_schema_says_what_it_is():
    silent = [name for name, each in _elements() if not (each.description or "").strip()]
    assert silent == []


def _tables() -> dict[str, dict[object, Words]]:
    tables: dict[str, dict[object, Words]] = {}
    rooms = Path("backend/doorstep")
    for file in (*rooms.glob("*/model.py"), *rooms.glob("*/model/__init__.py")):
        room = file.relative_to(rooms).parts[0]
        module = importlib.import_module(f"doorstep.{room}.model")
        for value in vars(module).values():
            if (
                isinstance(value, dict)
                and value
                and all(isinstance(w, Words) for w in value.values())
            ):
                tables[type(next(iter(value))).__name__] = value
    return tables


@pytest.mark.parametrize("name", REFUSALS)
def test_every_code_of_a_refusal_has_words_in_both_languages(name: str):
    words = _tables()[name]
    codes = SCHEMA.type_map[name].values  # type: ignore[attr-defined]
    assert {str(code) for code in words} == set(codes)
    for spoken in words.values():
        assert re.search(r"[\u4e00-\u9fff]", spoken.zh)
        assert re.fullmatch(r"[ -~’…]+", spoken.en)
