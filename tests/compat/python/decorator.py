"""The decorator, on a job that works and on one that raises."""

import contextlib
import time

import sentry_sdk
from sentry_sdk.crons import monitor

sentry_sdk.init()  # SENTRY_DSN, SENTRY_ENVIRONMENT, SENTRY_RELEASE

CONFIG = {
    "schedule": {"type": "crontab", "value": "*/5 * * * MON-FRI"},
    "timezone": "Europe/Vienna",
    "checkin_margin": 10,
    "max_runtime": 20,
    "failure_issue_threshold": 2,
    "recovery_threshold": 3,
    "owner": "team:ops",
}


@monitor(monitor_slug="py-decorator", monitor_config=CONFIG)
def works():
    time.sleep(0.05)


@monitor(monitor_slug="py-decorator-raises", monitor_config={"schedule": {"type": "interval", "value": 2, "unit": "hour"}})
def raises():
    raise ValueError("inside the job")


works()
with contextlib.suppress(ValueError):
    raises()
sentry_sdk.flush(10)
