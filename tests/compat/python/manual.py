"""Check-ins by hand: a pair, an id and a duration of its own, and a monitor that is already described."""

import sentry_sdk
from sentry_sdk.crons import MonitorStatus, capture_checkin

sentry_sdk.init()

MONTHLY = {"schedule": {"type": "interval", "value": 1, "unit": "month"}, "checkin_margin": 7, "timezone": "Asia/Kathmandu"}

begun = capture_checkin(monitor_slug="py-manual", status=MonitorStatus.IN_PROGRESS, monitor_config=MONTHLY)
capture_checkin(monitor_slug="py-manual", check_in_id=begun, status=MonitorStatus.OK)

# The configuration from above stays.
OWN = "0123456789abcdef0123456789abcdef"
capture_checkin(monitor_slug="py-manual", check_in_id=OWN, status=MonitorStatus.IN_PROGRESS)
capture_checkin(monitor_slug="py-manual", check_in_id=OWN, status=MonitorStatus.ERROR, duration=1.5)

# A heartbeat has an end only.
capture_checkin(monitor_slug="py-manual", status=MonitorStatus.OK, duration=61.25)

# The last run is not over.
capture_checkin(monitor_slug="py-manual-open", status=MonitorStatus.IN_PROGRESS, monitor_config=MONTHLY)

sentry_sdk.flush(10)
