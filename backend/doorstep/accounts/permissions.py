"""Who may knock at which door.

Roles are checked here, on root fields; whose object it is, by the rooms, who hand a caller no more
than is theirs. Every root field is declared by `query`, `mutation` or `subscription` with its
audience: there is no other way in.
"""

import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, cast

import strawberry
from graphql import GraphQLError

from doorstep.accounts.model import Caller, Roles
from doorstep.kit.gql import AUDIENCE, InvalidAsk, InvalidInput, refuse
from doorstep.kit.refusals import Words

Resolver = Callable[..., Awaitable[Any]]
Stream = Callable[..., AsyncIterator[Any]]

_WHO_ARE_YOU: Final = Words("请先登录。", "Please sign in.")
_NOT_FOR_YOU: Final = Words("您没有此权限。", "You may not do this.")


def check(context: Any, audience: Roles | None) -> None:
    """Raises UNAUTHENTICATED without a sign-in, FORBIDDEN without one of the roles."""
    caller: Caller | None = context.caller
    if audience is None:
        return
    if caller is None:
        raise refuse("UNAUTHENTICATED", _WHO_ARE_YOU.spoken(context.locale))
    if audience.isdisjoint(caller.roles):
        raise refuse("FORBIDDEN", _NOT_FOR_YOU.spoken(context.locale))


def query(description: str, *, to: Roles | None) -> Callable[[Resolver], Any]:
    """A root field that reads."""
    return _declare(strawberry.field, description, to)


def mutation(description: str, *, to: Roles | None) -> Callable[[Resolver], Any]:
    """A root field that writes. An input that makes no sense becomes an InvalidInput."""

    def declare(resolver: Resolver) -> Any:
        return _declare(strawberry.mutation, description, to)(_seen(resolver))

    return declare


def _seen(resolver: Resolver) -> Resolver:
    """The context hears what a mutation answers, so that refusals are counted by their codes."""

    @functools.wraps(resolver)
    async def telling(*args: Any, **kwargs: Any) -> Any:
        context = kwargs["info"].context
        try:
            answer = await resolver(*args, **kwargs)
        except InvalidAsk as ask:
            answer = InvalidInput.of(ask.invalid, context.locale)
        context.saw(answer)
        return answer

    return telling


def subscription(description: str, *, to: Roles | None) -> Callable[[Stream], Any]:
    """A root field that goes on."""

    def declare(stream: Stream) -> Any:
        @functools.wraps(stream)
        async def guarded(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            context = kwargs["info"].context
            check(context, to)
            async for item in stream(*args, **kwargs):
                if context.signed_out:
                    raise refuse("UNAUTHENTICATED", _WHO_ARE_YOU.spoken(context.locale))
                yield item

        make = cast(Any, strawberry.subscription)
        return make(resolver=guarded, description=description, metadata={AUDIENCE: to})

    return declare


def _declare(make: Any, description: str, to: Roles | None) -> Callable[[Resolver], Any]:
    def declare(resolver: Resolver) -> Any:
        @functools.wraps(resolver)
        async def guarded(*args: Any, **kwargs: Any) -> Any:
            context = kwargs["info"].context
            check(context, to)
            try:
                return await resolver(*args, **kwargs)
            except InvalidAsk as ask:
                raise _as_error(context, ask) from None

        return make(resolver=guarded, description=description, metadata={AUDIENCE: to})

    return declare


def _as_error(context: Any, ask: InvalidAsk) -> GraphQLError:
    """A query has no InvalidInput to answer with."""
    first = ask.invalid.problems[0]
    return refuse("BAD_USER_INPUT", f"{'.'.join(first.path)}: {first.words.spoken(context.locale)}")
