"""The page at `/`: what this is, where things answer, and the main job told in eight steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from starlette.responses import HTMLResponse, Response

_PAGES: Final = Path(__file__).parent / "pages"
_FILES: Final = ("landing.css", "favicon.svg")
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Guest:
    """Somebody the visitor may play, and how they sign in."""

    role: str
    phone: str
    code: str


@dataclass(frozen=True)
class Landing:
    """What this server has to show."""

    explorer: bool
    schema: bool
    guests: Sequence[Guest] = ()

    def page(self) -> Response:
        headers = {"content-security-policy": POLICY, "cache-control": "no-cache"}
        return HTMLResponse(self.html(), headers=headers)

    def html(self) -> str:
        template = Template((_PAGES / "landing.html").read_text(encoding="utf-8"))
        return template.substitute(links=self._links(), people=self._people())

    def _links(self) -> str:
        links = [
            ("/explorer", "Open the explorer", self.explorer),
            ("/map", "The dispatcher's map", self.explorer),
            ("/schema.graphql", "The contract (SDL)", self.schema),
            ("/health/ready", "Health", True),
        ]
        return "\n".join(f'<a href="{to}">{text}</a>' for to, text, there in links if there)

    def _people(self) -> str:
        """The demo's people; nothing where real ones sign in."""
        if not self.guests:
            return ""
        rows = "".join(_row(guest) for guest in self.guests)
        code = escape(self.guests[0].code)
        return (
            '<section class="people"><h2>People of the demo</h2>'
            f"<p>Everybody's sign-in code is <code>{code}</code>. "
            f"In the explorer one click is enough.</p><dl>{rows}</dl></section>"
        )


def _row(guest: Guest) -> str:
    return f"<div><dt>{escape(guest.role)}</dt><dd>{escape(guest.phone)}</dd></div>"


def files() -> Mapping[str, Path]:
    """The pages' own files by the name they are asked for."""
    return {name: _PAGES / name for name in _FILES}
