"""Waits until each of Celery's monitors has a run that has begun, or ended; prints slug and id of each.

usage: await_celery.py ADDRESS begun|ended
"""

import sys
import time

from verify import CELERY, Api

PATIENCE = 60  # seconds: Celery is slow to start, more so on a busy machine


def newest(api, slug):
    """Returns the newest run of a monitor, or None if there is none."""
    there = any(one["slug"] == slug for one in api.get())
    return next(iter(api.get(f"{slug}/checkins/")), None) if there else None


def main(address, wanted):
    api, patient_until = Api(address), time.monotonic() + PATIENCE
    while True:
        runs = {one.slug: newest(api, one.slug) for one in CELERY}
        states = {slug: run and ("begun" if run["status"] == "in_progress" else "ended") for slug, run in runs.items()}
        if set(states.values()) == {wanted}:
            break
        if time.monotonic() > patient_until:
            sys.exit(f"not every one has {wanted}: {states}")
        time.sleep(0.1)
    for slug, run in runs.items():
        print(slug, run["id"], sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
