"""The back door: the relay of events, and what happens at set times.

Any number of workers may run. One holds the relay's lease and each job's; the others stand by.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from doorstep.api.metrics import Metrics
from doorstep.kit.ids import new_id
from doorstep.kit.log import REQUEST, facts
from doorstep.kit.mongo.driver import DriverError, heed_cancellation
from doorstep.kit.mongo.leases import Leases
from doorstep.kit.windows import local_day
from doorstep.wiring import House

log = logging.getLogger(__name__)

MEASURED_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Job:
    """Something that happens every so often, in one worker at a time. Each may be done twice."""

    name: str
    every: timedelta
    do: Callable[[House], Awaitable[int]]


async def fill_horizon(house: House) -> int:
    """Slots, shifts and sailings for the days to come: the horizon rolls with the clock.

    Yesterday's shifts too: one that began before midnight may reach into today.
    """
    today = local_day(house.clock.now())
    days = await house.capacity.farthest_days() + 1
    shifts = await house.couriers.fill_shifts(today - timedelta(days=1), days + 1)
    sailings = await house.calendar.fill_sailings(today, days)
    return shifts + sailings + await house.capacity.fill_slots(today, days)


async def publish_capacity(house: House) -> int:
    """Budgets follow the roster: who fell ill since the last look gives no minutes any more."""
    today = local_day(house.clock.now())
    return await house.capacity.publish_all(today, await house.capacity.farthest_days() + 1)


async def end_lapsed_offers(house: House) -> int:
    return await house.dispatch.end_lapsed()


async def end_unanswered_transfers(house: House) -> int:
    return await house.dispatch.end_unanswered_transfers()


async def end_unanswered_changes(house: House) -> int:
    return await house.dispatch.end_unanswered_changes()


async def finish_moves(house: House) -> int:
    """Moves left half done, and old addresses nobody is visited at any more."""
    left = await house.relocation.finish_left()
    return left + await house.relocation.retire_old_addresses()


async def warn_of_passing_windows(house: House) -> int:
    return await house.desk.warn_of_passing_windows()


async def look_after_the_silent(house: House) -> int:
    """Couriers who should have been at a door by now: who waits for them is told, in time."""
    return await house.dispatch.look_after_the_silent()


async def pass_places_on(house: House) -> int:
    """Offers that lapsed go to the next in turn; so do places whose hold is over."""
    return await house.appointments.pass_places_on()


async def look_at_lists_again(house: House) -> int:
    """Whatever opened a slot without saying so: who waits for it is offered it."""
    return await house.appointments.look_again()


async def carry_out_reoffers(house: House) -> int:
    """Whom a closed way or a cancelled boat leaves without a visit is offered another."""
    return await house.appointments.carry_out_due()


async def end_lapsed_reoffers(house: House) -> int:
    return await house.appointments.end_lapsed_reoffers()


TIMETABLE = (
    Job("fill-horizon", timedelta(seconds=30), fill_horizon),
    Job("publish-capacity", timedelta(seconds=30), publish_capacity),
    Job("warn-of-passing-windows", timedelta(seconds=15), warn_of_passing_windows),
    Job("look-after-the-silent", timedelta(seconds=30), look_after_the_silent),
    Job("end-lapsed-offers", timedelta(seconds=1), end_lapsed_offers),
    Job("end-unanswered-transfers", timedelta(seconds=1), end_unanswered_transfers),
    Job("pass-places-on", timedelta(seconds=1), pass_places_on),
    Job("look-at-lists-again", timedelta(seconds=30), look_at_lists_again),
    Job("end-unanswered-changes", timedelta(seconds=5), end_unanswered_changes),
    Job("finish-moves", timedelta(seconds=30), finish_moves),
    Job("carry-out-reoffers", timedelta(seconds=1), carry_out_reoffers),
    Job("end-lapsed-reoffers", timedelta(seconds=15), end_lapsed_reoffers),
)


async def work(house: House, metrics: Metrics | None = None) -> None:
    """For ever: relay events, and keep the timetable. `metrics` counts both."""
    metrics = metrics or Metrics(house.backlog)
    metrics.watch_pool(lambda: house.pool.checked_out, lambda: house.pool.open)
    await house.prepare()
    house.dispatch.learned.told = metrics.routed
    leases = house.leases()
    log.info("at work")
    async with asyncio.TaskGroup() as group:
        group.create_task(house.relay(leases, metrics.reacted).run(), name="relay")
        for job in TIMETABLE:
            group.create_task(keep(job, house, leases, metrics), name=job.name)
        group.create_task(_measure(metrics), name="measure")


async def keep(job: Job, house: House, leases: Leases, metrics: Metrics) -> None:
    """Do the job every so often, if nobody else is at it."""
    while True:
        heed_cancellation()
        try:
            if await leases.take(job.name):
                await _do(job, house)
                metrics.did(job.name, "ok")
        except DriverError as error:
            metrics.did(job.name, "no database")
            log.warning("%s: %s; it is tried again", job.name, type(error).__name__)
        except Exception:  # one job's bug must not stop the relay
            metrics.did(job.name, "failed")
            log.exception("%s failed; it is tried again", job.name)
        await asyncio.sleep(job.every.total_seconds())


async def _do(job: Job, house: House) -> None:
    """Once, under an id of its own. A round in which there was nothing to do is no news."""
    REQUEST.set(new_id("job"))
    began = time.perf_counter()
    done = await job.do(house)
    ms = round((time.perf_counter() - began) * 1000, 1)
    log.log(
        logging.INFO if done else logging.DEBUG, "job", extra=facts(job=job.name, done=done, ms=ms)
    )


async def _measure(metrics: Metrics) -> None:
    """The worker's numbers are read by a thread, which cannot ask the database itself."""
    while True:
        await metrics.measure()
        await asyncio.sleep(MEASURED_SECONDS)
