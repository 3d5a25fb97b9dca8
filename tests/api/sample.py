"""A schema with no room behind it: just enough to make every part of the server answer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import cast

import strawberry
from graphql import GraphQLError
from strawberry.fastapi import BaseContext
from strawberry.scalars import JSON

from doorstep.api.documents import EXTENSIONS, strawberry_config
from doorstep.api.errors import Schema

TOKENS = {"good-token": "cou_bo"}
SECRET = "the password of the database is swordfish"


class Context(BaseContext):
    def __init__(self, caller: str | None, request_id: str, locale: str | None) -> None:
        super().__init__()
        self.caller = caller
        self.request_id = request_id
        self.locale = locale


def make_context(caller: object | None, request_id: str, locale: str | None) -> Context:
    return Context(cast("str | None", caller), request_id, locale)


async def identify(token: str) -> object | None:
    if token == "outage":
        raise ConnectionError(SECRET)
    return TOKENS.get(token)


@strawberry.input
class PointInput:
    x: int
    y: int = 0


@strawberry.type
class Box:
    name: str = "box"

    @strawberry.field
    def box(self) -> "Box":
        return Box()

    @strawberry.field
    def boxes(self, first: int = 1) -> list["Box"]:
        return [Box() for _ in range(first)]

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError(SECRET)


@strawberry.type
class Query:
    @strawberry.field
    def hello(self) -> str:
        return "hello"

    @strawberry.field
    def caller(self, info: strawberry.Info[Context, None]) -> str | None:
        return info.context.caller

    @strawberry.field
    def locale(self, info: strawberry.Info[Context, None]) -> str | None:
        return info.context.locale

    @strawberry.field
    def request_id(self, info: strawberry.Info[Context, None]) -> str:
        return info.context.request_id

    @strawberry.field
    def box(self) -> Box:
        return Box()

    @strawberry.field
    def echo(self, text: str) -> str:
        return text

    @strawberry.field
    def echo_json(self, value: JSON) -> JSON:
        return value

    @strawberry.field
    def half_a_pair(self) -> str:
        return "\ud83d"

    @strawberry.field
    def measure(self, point: PointInput) -> int:
        return point.x

    @strawberry.field
    def year(self, at: datetime) -> int:
        return at.year

    @strawberry.field
    def too_big(self) -> int:
        return 10**12

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError(SECRET)

    @strawberry.field
    def broken_for_all(self) -> str:
        raise RuntimeError(SECRET)

    @strawberry.field
    def forbidden(self) -> str | None:
        raise GraphQLError("That is not yours.", extensions={"code": "FORBIDDEN"})

    @strawberry.field
    def long(self) -> str:
        return "parcel " * 1000


@strawberry.type
class Mutation:
    @strawberry.mutation
    def rename(self, to: str) -> str:
        return to


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int = 3) -> AsyncIterator[int]:
        for number in range(1, to + 1):
            yield number

    @strawberry.subscription
    async def wait(self) -> AsyncIterator[int]:
        await asyncio.sleep(3600)
        yield 0

    @strawberry.subscription
    async def tick(self) -> AsyncIterator[int]:
        while True:
            await asyncio.sleep(0.001)
            yield 0

    @strawberry.subscription
    async def breaks_down(self) -> AsyncIterator[int]:
        yield 1
        raise RuntimeError(SECRET)


schema = Schema(Query, Mutation, Subscription, extensions=EXTENSIONS, config=strawberry_config())
