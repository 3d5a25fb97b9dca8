"""The back door: the relay of events, and what happens at set times.

Any number of workers may run. One holds the relay's lease and each job's; the others stand by.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from doorstep.kit.mongo.driver import DriverError
from doorstep.kit.mongo.leases import Leases
from doorstep.kit.windows import local_day
from doorstep.wiring import House

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """Something that happens every so often, in one worker at a time. Each may be done twice."""

    name: str
    every: timedelta
    do: Callable[[House], Awaitable[int]]


async def fill_horizon(house: House) -> int:
    """Slots and shifts for the days to come, so that the horizon rolls with the clock.

    Yesterday's shifts too: one that began before midnight may reach into today.
    """
    today = local_day(house.clock.now())
    days = house.capacity.policy.horizon_days + 1
    shifts = await house.couriers.fill_shifts(today - timedelta(days=1), days + 1)
    return shifts + await house.capacity.fill_slots(today, days)


async def end_lapsed_offers(house: House) -> int:
    return await house.dispatch.end_lapsed()


async def warn_of_passing_windows(house: House) -> int:
    return await house.desk.warn_of_passing_windows()


TIMETABLE = (
    Job("fill-horizon", timedelta(seconds=30), fill_horizon),
    Job("warn-of-passing-windows", timedelta(seconds=15), warn_of_passing_windows),
    Job("end-lapsed-offers", timedelta(seconds=1), end_lapsed_offers),
)


async def work(house: House) -> None:
    """For ever: relay events, and keep the timetable."""
    await house.prepare()
    leases = house.leases()
    log.info("at work")
    async with asyncio.TaskGroup() as group:
        group.create_task(house.relay(leases).run(), name="relay")
        for job in TIMETABLE:
            group.create_task(keep(job, house, leases), name=job.name)


async def keep(job: Job, house: House, leases: Leases) -> None:
    """Do the job every so often, if nobody else is at it."""
    while True:
        try:
            if await leases.take(job.name):
                await job.do(house)
        except DriverError as error:
            log.warning("%s: %s; it is tried again", job.name, type(error).__name__)
        except Exception:  # one job's bug must not stop the relay
            log.exception("%s failed; it is tried again", job.name)
        await asyncio.sleep(job.every.total_seconds())
