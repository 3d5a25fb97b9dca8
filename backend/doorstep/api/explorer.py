"""GraphiQL from our own shelves: Strawberry's page, with the files it would fetch from a CDN.

Strawberry pins each file by its hash, and the npm packages in `explorer/` hold the very same ones,
so the browser itself checks that our copies are true. `npm ci` puts them there (`make demo` does).
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from strawberry.http.ides import get_graphql_ide_html

FOLDER: Final = Path(__file__).parent / "explorer" / "node_modules"

# What the page asks unpkg.com for, and where npm puts it. Nothing else there is reachable.
FILES: Final = {
    "react@18.2.0/umd/react.production.min.js": "react/umd/react.production.min.js",
    "react-dom@18.2.0/umd/react-dom.production.min.js": "react-dom/umd/react-dom.production.min.js",
    "js-cookie@3.0.5/dist/js.cookie.min.js": "js-cookie/dist/js.cookie.min.js",
    "graphiql@3.8.3/graphiql.min.css": "graphiql/graphiql.min.css",
    "graphiql@3.8.3/graphiql.min.js": "graphiql/graphiql.min.js",
    "@graphiql/plugin-explorer@1.0.2/dist/style.css": "@graphiql/plugin-explorer/dist/style.css",
    "@graphiql/plugin-explorer@1.0.2/dist/index.umd.js": (
        "@graphiql/plugin-explorer/dist/index.umd.js"
    ),
}

_CDN: Final = "https://unpkg.com/"
_HERE: Final = 'window.location.href.split("?")[0]'
_INLINE_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)

NOT_INSTALLED: Final = (
    "<!doctype html><title>Doorstep</title>"
    "<p>The explorer's files are not installed: run <code>make demo</code>"
    " (or <code>npm ci</code> in backend/doorstep/api/explorer).</p>"
)


def page() -> str:
    """Strawberry's page, talking to /graphql and loading from /explorer.

    Raises:
        RuntimeError: Strawberry has changed its page, and `FILES` must follow.
    """
    html = get_graphql_ide_html("graphiql").replace("Strawberry GraphiQL", "Doorstep")
    html = html.replace(_HERE, 'new URL("/graphql", window.location.href).href')
    for asked in FILES:
        html = html.replace(_CDN + asked, f"/explorer/{asked}")
    if "unpkg.com" in html or _HERE in html or "/graphql" not in html:
        raise RuntimeError("Strawberry's GraphiQL page has changed: FILES must follow.")
    return html


def policy(html: str) -> str:
    """Only our own files, and the page's one inline script by its hash.

    Styles may be inline because GraphiQL's editor sets them from script, element by element.
    """
    scripts = " ".join(f"'sha256-{_digest(text)}'" for text in _INLINE_SCRIPT.findall(html))
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def installed(folder: Path = FOLDER) -> bool:
    return all((folder / path).is_file() for path in FILES.values())


def page_response(folder: Path = FOLDER) -> Response:
    if not installed(folder):
        return HTMLResponse(NOT_INSTALLED, 503, _headers("default-src 'none'"))
    html = page()
    return HTMLResponse(html, headers=_headers(policy(html)))


def _headers(content_policy: str) -> Mapping[str, str]:
    return {"content-security-policy": content_policy, "cache-control": "no-cache"}


def file_response(asked: str, folder: Path = FOLDER) -> Response:
    """One of the seven files; its path names its version, so it may be kept for ever.

    Raises:
        HTTPException: 404, for any other path.
    """
    path = FILES.get(asked)
    if path is None or not (folder / path).is_file():
        raise HTTPException(404)
    kept = {"cache-control": "public, max-age=31536000, immutable"}
    return FileResponse(folder / path, headers=kept)
