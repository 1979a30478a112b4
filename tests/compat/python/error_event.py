"""Errors captured inside jobs; each goes in an envelope of its own, to the same endpoint."""

import sentry_sdk
from sentry_sdk.crons import monitor

sentry_sdk.init(environment="staging", release="jobs@1.2.3", traces_sample_rate=1.0)

HOURLY = {"schedule": {"type": "interval", "value": 1, "unit": "hour"}}

with monitor(monitor_slug="py-event", monitor_config=HOURLY), sentry_sdk.start_transaction(name="nightly"):
    sentry_sdk.capture_message("half way")

try:
    with monitor(monitor_slug="py-event-raises", monitor_config=HOURLY):
        raise ValueError("inside the job")
except ValueError:
    sentry_sdk.capture_exception()

sentry_sdk.flush(10)
