"""Reading GeoJSON: every feature with the line it begins on, its outline checked.

Units   degrees in WGS 84, longitude first (RFC 7946); heights are dropped
Overlap two areas may share a sliver, since borders are drawn by hand: up to 1 % of the smaller one
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import mapping, shape

from doorstep.demo.folder import Findings, Row, RowError, check_text, read_text

GEOMETRY: Final = "geometry"
_KINDS: Final = ("Polygon", "MultiPolygon")
_SLIVER: Final = 0.01
_BLANKS_AND_COMMAS: Final = " \t\r\n,"


def read_features(file: Path, findings: Findings) -> list[Row]:
    """One row a feature: its properties, and under "geometry" its outline as GeoJSON."""
    text = read_text(file, findings)
    if text is None:
        return []
    try:
        read = json.loads(text)
    except json.JSONDecodeError as error:
        findings.append(RowError(file.name, error.lineno, "", f"is not JSON: {error.msg}"))
        return []
    features = read.get("features") if isinstance(read, Mapping) else None
    if not isinstance(features, list):
        findings.append(RowError(file.name, 1, "features", "this is no FeatureCollection"))
        return []
    lines = _lines_of(text, features)
    rows = [_row(file.name, at, f, findings) for at, f in zip(lines, features, strict=True)]
    for row in rows:
        check_text(row)
    return rows


def _row(file: str, line: int, feature: object, findings: Findings) -> Row:
    known = feature if isinstance(feature, Mapping) else {}
    properties = known.get("properties")
    cells = properties if isinstance(properties, Mapping) else {}
    return Row(file, line, {**cells, GEOMETRY: known.get(GEOMETRY)}, findings)


def _lines_of(text: str, features: Sequence[object]) -> list[int]:
    """Where each feature begins; 1 for all of them if the text is too odd to follow."""
    decoder, lines = json.JSONDecoder(), []
    at = text.find("[", text.find('"features"')) + 1
    for feature in features:
        while text[at : at + 1] and text[at] in _BLANKS_AND_COMMAS:
            at += 1
        try:
            found, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError:
            return [1] * len(features)
        if found != feature:
            return [1] * len(features)
        lines.append(text.count("\n", 0, at) + 1)
        at = end
    return lines


def outline_of(row: Row) -> dict[str, Any] | None:
    """The row's outline in the form that is kept. None: it is none, and the findings say why."""
    given = row.cells[GEOMETRY]
    if not isinstance(given, Mapping) or given.get("type") not in _KINDS:
        row.wrong(GEOMETRY, f"is none of {', '.join(_KINDS)}")
        return None
    try:
        outline = shapely.force_2d(shape(dict(given)))
    except (ShapelyError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        row.wrong(GEOMETRY, "its coordinates make no polygon")
        return None
    if problem := _problem(outline):
        row.wrong(GEOMETRY, problem)
        return None
    return dict(mapping(outline))


def _problem(outline: Any) -> str | None:
    if outline.is_empty:
        return "is empty"
    west, south, east, north = outline.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        return "its coordinates are out of range: longitude first, then latitude"
    if not outline.is_valid:
        return f"is not a valid polygon: {shapely.is_valid_reason(outline)}"
    return None


def overlaps(outlines: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """Which of the outlines, by their places in the sequence, cover the same ground."""
    if not outlines:
        return
    tree = shapely.STRtree(outlines)
    for one, other in tree.query(outlines, predicate="intersects").T.tolist():
        if one < other:
            shared = outlines[one].intersection(outlines[other]).area
            if shared > _SLIVER * min(outlines[one].area, outlines[other].area):
                yield one, other
