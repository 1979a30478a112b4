"""Coroutines: decorated, and with a block inside; side by side, as an event loop runs them."""

import asyncio

import sentry_sdk
from sentry_sdk.crons import monitor

sentry_sdk.init(environment="staging")

WEEKLY = {"schedule": {"type": "interval", "value": 1, "unit": "week"}, "max_runtime": 5}


@monitor(monitor_slug="py-async", monitor_config=WEEKLY)
async def works():
    await asyncio.sleep(0.05)


@monitor(monitor_slug="py-async-raises", monitor_config=WEEKLY)
async def raises():
    await asyncio.sleep(0)
    raise ValueError("inside the coroutine")


async def block():
    # The SDK has no `async with`; this is its way.
    with monitor(monitor_slug="py-async-context", monitor_config=WEEKLY):
        await asyncio.sleep(0.05)


async def main():
    await asyncio.gather(works(), raises(), block(), return_exceptions=True)


asyncio.run(main())
sentry_sdk.flush(10)
