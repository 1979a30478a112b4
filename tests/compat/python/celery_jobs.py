"""A usual Celery program: no job reports by itself, the integration finds the jobs in beat's schedule.

usage: celery_jobs.py beat|worker ARGUMENTS..
"""

import sys
import time
from datetime import datetime, timedelta, timezone

import sentry_sdk
from celery import Celery
from celery.schedules import crontab
from sentry_sdk.integrations.celery import CeleryIntegration

sentry_sdk.init(integrations=[CeleryIntegration(monitor_beat_tasks=True)])

app = Celery("celery_jobs")  # CELERY_BROKER_URL
app.conf.timezone = "Pacific/Auckland"


@app.task(ignore_result=True)
def works():
    time.sleep(0.05)


@app.task(ignore_result=True)
def raises():
    raise ValueError("inside the task")


def overdue(task, schedule):
    # Beat sends at once what was due while it was not running, and then not again for as long as a test may last.
    return {"task": task.name, "schedule": schedule, "last_run_at": datetime(2020, 1, 1, tzinfo=timezone.utc)}


app.conf.beat_schedule = {
    "celery-crontab": overdue(works, crontab("*/20", "3-5", day_of_month=1, month_of_year="jan,jul")),
    "celery-crontab-raises": overdue(raises, crontab(30, 4, day_of_month=29, month_of_year=2)),
    "celery-interval-raises": overdue(raises, timedelta(days=1, hours=12)),
    # The name is the slug, and Celery's manual writes names like this.
    "Celery every 90 minutes": overdue(works, timedelta(minutes=90)),
}

if __name__ == "__main__":
    app.start(sys.argv[1:])
