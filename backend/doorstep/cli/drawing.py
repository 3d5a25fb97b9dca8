"""Rounds as a picture: an SVG of a few elements, written by hand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import cos, radians
from typing import Final

from doorstep.kit.geo import Point

_WIDTH, _MARGIN, _LINE = 1000, 30, 18
_TURN: Final = 137.508  # the golden angle: neighbours in the list differ in hue
_PAPER, _INK, _LEFT = "#fbfaf7", "#333", "#c00"


@dataclass(frozen=True)
class Drawn:
    """One courier's way: where they start, each door in order, and back."""

    name: str
    way: tuple[Point, ...]
    stops: int
    metres: int


def svg_of(title: str, rounds: Sequence[Drawn], left: Sequence[Point]) -> str:
    """North is up. Red rings are doors that nobody goes to."""
    points = [point for each in rounds for point in each.way] + list(left)
    if not points:
        return _page(_WIDTH, _LINE * 3, [_text(_MARGIN, _LINE * 2, title)])
    west, south = min(p.longitude for p in points), min(p.latitude for p in points)
    east, north = max(p.longitude for p in points), max(p.latitude for p in points)
    flat = cos(radians((south + north) / 2))
    scale = (_WIDTH - 2 * _MARGIN) / max((east - west) * flat, north - south, 1e-6)
    height = (north - south) * scale + 2 * _MARGIN

    def at(point: Point) -> tuple[float, float]:
        x = _MARGIN + (point.longitude - west) * flat * scale
        return round(x, 1), round(_MARGIN + (north - point.latitude) * scale + _LINE * 2, 1)

    parts = [_text(_MARGIN, _LINE * 1.5, title)]
    for number, each in enumerate(rounds):
        parts.extend(_round(number, each, [at(point) for point in each.way]))
    for point in left:
        x, y = at(point)
        parts.append(f'<circle cx="{x}" cy="{y}" r="6" fill="none" stroke="{_LEFT}"/>')
    below = height + _LINE * 2
    for number, each in enumerate(rounds):
        told = f"{each.name}: {each.stops} · {each.metres / 1000:.1f} km"
        column, row = number % 4, number // 4
        x, y = _MARGIN + column * _WIDTH / 4, below + _LINE * (row + 1)
        parts.append(_text(x, y, told, _hue(number)))
    return _page(_WIDTH, below + _LINE * (len(rounds) // 4 + 2), parts)


def _round(number: int, drawn: Drawn, way: Sequence[tuple[float, float]]) -> Iterable[str]:
    path = " ".join(f"{x},{y}" for x, y in way)
    yield (
        f'<polyline points="{path}" fill="none" stroke="{_hue(number)}" stroke-width="1.5">'
        f"<title>{escape(drawn.name)}</title></polyline>"
    )
    for x, y in way[1:-1]:
        yield f'<circle cx="{x}" cy="{y}" r="3" fill="{_hue(number)}"/>'
    x, y = way[0]
    yield f'<rect x="{x - 4}" y="{y - 4}" width="8" height="8" fill="{_INK}"/>'


def _hue(number: int) -> str:
    return f"hsl({number * _TURN % 360:.0f} 65% 42%)"


def _text(x: float, y: float, text: str, fill: str = _INK) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}">{escape(text)}</text>'


def _page(width: float, height: float, parts: Iterable[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'font-family="sans-serif" font-size="13">\n'
        f'<rect width="100%" height="100%" fill="{_PAPER}"/>\n{body}\n</svg>\n'
    )
