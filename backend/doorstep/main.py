"""The front door: the ASGI application that `doorstep serve` runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from strawberry.fastapi import BaseContext

from doorstep.accounts import rules
from doorstep.accounts.model import Caller, SignInPolicy
from doorstep.api.context import Context
from doorstep.api.metrics import Metrics
from doorstep.api.schema import build_schema
from doorstep.api.server import ServerSettings, build_app
from doorstep.api.tracing import tracer_from
from doorstep.api.watching import Watch
from doorstep.demo import become
from doorstep.demo.cast import DEMO_CODE, is_demo, is_demo_phone
from doorstep.kit import log
from doorstep.kit.clock import Clock
from doorstep.kit.mongo.driver import end
from doorstep.kit.pii import keyring_in
from doorstep.settings import Settings
from doorstep.wiring import House


class NoDatabaseError(RuntimeError):
    """The application was started without saying which MongoDB to use."""


def app() -> FastAPI:
    """For uvicorn's --factory: settings from the environment, DOORSTEP_MONGODB_URL among them."""
    log.set_up()
    settings = Settings()
    if settings.mongodb_url is None:
        raise NoDatabaseError("run `doorstep serve`: it brings a MongoDB, or attaches to one")
    return app_of(house_of(settings, settings.mongodb_url))


def house_of(settings: Settings, url: str, clock: Clock | None = None) -> House:
    """The house as its data folder says: demo people sign in with a fixed code, others do not."""
    keyring = keyring_in(settings.data, create=True)
    assert keyring is not None
    if not is_demo(settings.data):
        return House.build(settings, url=url, keyring=keyring, clock=clock)
    # Whoever tries the demo signs in again and again, and nobody is bothered by messages.
    patient = SignInPolicy(
        resend_after=rules.AT_ONCE,
        codes_an_hour=1_000_000,
        access_lasts=settings.access_lasts,
        refresh_lasts=settings.refresh_lasts,
    )
    return House.build(
        settings, url=url, keyring=keyring, clock=clock, make_code=_demo_code, sign_in=patient
    )


def _demo_code(phone: str) -> str:
    return DEMO_CODE if is_demo_phone(phone) else rules.new_code()


def watch_of(house: House) -> Watch:
    """Who hears what happens: Prometheus if the settings say so, OpenTelemetry if asked."""
    metrics = Metrics(house.backlog) if house.settings.metrics else None
    if metrics:
        metrics.watch_pool(lambda: house.pool.checked_out, lambda: house.pool.open)
        house.hub.told_lag = metrics.heard
        house.dispatch.learned.told = metrics.routed
    return Watch(metrics=metrics, tracer=tracer_from())


def app_of(house: House) -> FastAPI:
    """The application around a house that is built already."""

    def context(caller: object, request_id: str, language: str | None) -> BaseContext:
        assert caller is None or isinstance(caller, Caller)
        return Context(house, caller, request_id, language)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await house.prepare()
        await house.hub.start()
        revoked = asyncio.create_task(house.accounts.follow_revoked(), name="revoked sessions")
        try:
            yield
        finally:
            await end(revoked)
            await house.close()

    settings = house.settings
    # Whoever plays the demo may become its people; a real bureau has neither route nor list.
    demo = is_demo(settings.data)
    return build_app(
        schema=build_schema(),
        identify=house.accounts.identify,
        make_context=context,
        ready=house.ready,
        settings=ServerSettings(
            explorer=settings.explorer,
            introspection=settings.introspection,
            allowed_origins=settings.allowed_origins,
            metrics_token=settings.metrics_token.get_secret_value(),
        ),
        lifespan=lifespan,
        watch=watch_of(house),
        guests=become.guests() if demo else (),
        more=become.routes(house.accounts.tokens, house.clock.now) if demo else (),
    )
