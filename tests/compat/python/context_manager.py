"""The context manager, around a block that works and one that raises."""

import contextlib
import time

import sentry_sdk
from sentry_sdk.crons import monitor

sentry_sdk.init(environment="staging", release="jobs@1.2.3")

with monitor(monitor_slug="py-context", monitor_config={"schedule": {"type": "interval", "value": 3, "unit": "day"}}):
    time.sleep(0.05)

YEARLY = {"schedule": {"type": "crontab", "value": "@yearly"}, "timezone": "America/St_Johns"}
with contextlib.suppress(ValueError), monitor(monitor_slug="py-context-raises", monitor_config=YEARLY):
    raise ValueError("inside the block")

sentry_sdk.flush(10)
