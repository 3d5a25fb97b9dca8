"""Bringing a one-time code to a phone."""

import logging
from typing import Protocol

import httpx

log = logging.getLogger(__name__)


class CodeSender(Protocol):
    """Whoever brings a code to a phone. Raises NotSent when it cannot."""

    async def send(self, phone: str, code: str) -> None: ...


class NotSent(RuntimeError):
    """The gateway did not take the message."""


class ConsoleSender:
    """For the demo and for trials: the code is said on the terminal, and not whose it is."""

    async def send(self, phone: str, code: str) -> None:
        log.info("sign-in code for whoever asked just now: %s", code)


class HttpSender:
    """Any SMS gateway that takes a JSON POST of `{"phone", "code"}` and answers 2xx."""

    def __init__(self, url: str, token: str, client: httpx.AsyncClient) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = client

    async def send(self, phone: str, code: str) -> None:
        try:
            answer = await self._client.post(
                self._url, json={"phone": phone, "code": code}, headers=self._headers, timeout=10
            )
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise NotSent(type(error).__name__) from error


class Outbox:
    """Keeps what was sent, for tests."""

    def __init__(self) -> None:
        self.sent: dict[str, str] = {}

    async def send(self, phone: str, code: str) -> None:
        self.sent[phone] = code
