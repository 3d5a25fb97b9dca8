"""Somebody who looks at our pages: what they click, what they read, and what the browser said."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, WebSocket, expect

PATIENCE_MS = 10_000
INLINE = ("data", "blob", "about")


@dataclass
class Visitor:
    """One browser profile."""

    context: BrowserContext
    address: str
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def open(self, path: str) -> Page:
        page = await self.context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._on_request)
        page.on("websocket", self._on_socket)
        await page.goto(f"http://{self.address}{path}")
        return page

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} ({message.location})")

    def _on_request(self, request: Request) -> None:
        self._came_to(request.url)

    def _on_socket(self, socket: WebSocket) -> None:
        self._came_to(socket.url)
        socket.on("framereceived", lambda frame: self.heard.append(json.loads(frame)))

    def _came_to(self, url: str) -> None:
        asked = urlsplit(url)
        if asked.scheme not in INLINE:
            self.hosts.add(asked.netloc)

    async def explorer(self) -> "Desk":
        desk = Desk(await self.open("/explorer"))
        await desk.is_ready()
        return desk


@dataclass
class Desk:
    """The explorer, as it stands open in a page."""

    page: Page

    async def is_ready(self) -> None:
        """The editors are there, and the schema has come."""
        await expect(self.page.locator(".graphiql-query-editor .view-lines")).to_be_visible()
        await expect(self.page.locator(".graphiql-spinner")).to_have_count(0)

    async def become(self, role: str) -> None:
        await self.to_front()
        button = self.page.locator(f"[data-role={role}]")
        await button.click()
        await expect(button).to_have_attribute("aria-pressed", "true")
        await self.is_ready()

    async def tabs(self) -> list[str]:
        found = await self.page.locator(".graphiql-tab .graphiql-tab-button").all_inner_texts()
        return [title.strip() for title in found]

    async def choose(self, operation: str) -> None:
        """Open an operation from the list, whichever app it is of."""
        await self.to_front()
        entry = self.page.locator(f"[data-operation={operation}]")
        of_its_app = self.page.locator(".shelf details", has=entry)
        await of_its_app.evaluate("details => { details.open = true }")
        await entry.click()
        active = self.page.locator(".graphiql-tab-active")
        await expect(active).to_contain_text(operation)

    async def to_front(self) -> None:
        """A browser hardly paints what lies behind."""
        await self.page.bring_to_front()

    async def start(self) -> None:
        await self.page.locator(".graphiql-execute-button").click()

    async def run(self, operation: str) -> Any:
        """Choose an operation and run it as it stands: the answer's one field."""
        await self.choose(operation)

        def is_it(request: Request) -> bool:
            told = request.post_data_json if request.method == "POST" else None
            return isinstance(told, dict) and told.get("operationName") == operation

        async with self.page.expect_event("requestfinished", is_it) as sent:
            await self.start()
        answer = await (await sent.value).response()
        assert answer
        body = await answer.json()
        assert "errors" not in body, body
        (field_,) = body["data"].values()
        return field_

    async def reads(self, text: str) -> None:
        """The response pane shows the text."""
        await self.to_front()
        pane = self.page.locator(".graphiql-response .view-lines")
        await expect(pane).to_contain_text(text, timeout=PATIENCE_MS)
