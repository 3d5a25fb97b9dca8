"""GraphiQL and the dispatcher's map, from our own shelves: what `explorer/build.mjs` bundled, and
the apps' operations.

Made by   `npm ci` and `node build.mjs` in `explorer/`, which `make demo` does; `built/` is not kept
          in git, but goes into a wheel
Allowed   the files that were in `built/` when the server started, by name, and nothing else
"""

import json
from collections.abc import Mapping
from mimetypes import guess_type
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response

_HOME: Final = Path(__file__).parent / "explorer"
BUILT: Final = _HOME / "built"
OPERATIONS: Final = _HOME / "operations.json"
PAGE: Final = "page.html"
MAP: Final = "map.html"
_SERVED: Final = (".js", ".css")

_STRICT: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
# Styles may be inline because the editor sets them from script, element by element.
_EDITOR: Final = ("style-src 'self' 'unsafe-inline'", "font-src 'self' data:", "worker-src 'self'")
POLICIES: Final[Mapping[str, str]] = {
    PAGE: "; ".join((*_STRICT, *_EDITOR)),
    MAP: "; ".join((*_STRICT, "style-src 'self'")),
}

NOT_BUILT: Final = (
    "<!doctype html><title>Doorstep</title>"
    "<p>The explorer is not built: run <code>make demo</code>"
    " (or <code>npm ci && node build.mjs</code> in backend/doorstep/api/explorer).</p>"
)


class Explorer:
    """The pages and their files, as they lay in `built` when the server started."""

    def __init__(self, built: Path = BUILT, *, demo: bool = False) -> None:
        self._files = {file.name: file for file in built.iterdir()} if built.is_dir() else {}
        self._demo = demo

    @property
    def is_built(self) -> bool:
        return PAGE in self._files

    def page(self, name: str = PAGE) -> Response:
        if name not in self._files:
            return HTMLResponse(NOT_BUILT, 503, _headers("default-src 'none'"))
        html = self._files[name].read_text(encoding="utf-8")
        demo = "yes" if self._demo else "no"
        return HTMLResponse(html.replace("$demo", demo), headers=_headers(POLICIES[name]))

    def asset(self, name: str, *, accepted: str = "") -> Response:
        """One of the bundle's files; its name carries its hash, so it may be kept for ever.

        They are packed when they are built: packing five megabytes for each visitor takes a while.

        Raises:
            HTTPException: 404, for any other name.
        """
        if name not in self._files or not name.endswith(_SERVED):
            raise HTTPException(404)
        headers = {
            "cache-control": "public, max-age=31536000, immutable",
            "vary": "Accept-Encoding",
        }
        packed = self._files.get(f"{name}.gz") if "gzip" in accepted else None
        if packed:
            headers["content-encoding"] = "gzip"
        kind, _ = guess_type(name)
        return FileResponse(packed or self._files[name], headers=headers, media_type=kind)


def operations() -> Response:
    """What the apps send, for the side list."""
    return FileResponse(OPERATIONS, headers={"cache-control": "no-cache"})


def operations_in(folder: Path) -> str:
    """The operations below `folder` as JSON: the app, the name and the text of each."""
    files = sorted(folder.rglob("*.graphql"))
    found = [
        {"app": file.parent.name, "name": file.stem, "document": file.read_text(encoding="utf-8")}
        for file in files
    ]
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _headers(content_policy: str) -> Mapping[str, str]:
    return {"content-security-policy": content_policy, "cache-control": "no-cache"}
