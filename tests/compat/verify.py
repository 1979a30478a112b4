"""Asserts the result of every run that the clients have made, by the server's API.

usage: verify.py ADDRESS ANSWERS BEGUN
ANSWERS has a line for each thing that a client saw itself: what, wanted and got, between tabs.
BEGUN has a line for each run that was open while Celery's beat was there without a worker: slug and id.
"""

import json
import sys
import textwrap
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

PATIENCE = 10  # seconds, all in all, for what is still on its way
DEFAULTS = {
    "checkin_margin": None,
    "max_runtime": None,
    "timezone": "UTC",
    "failure_issue_threshold": None,
    "recovery_threshold": None,
}


@dataclass(frozen=True)
class Run:
    status: str
    duration: tuple | int | None = (0, 20_000)  # milliseconds: a range, exactly so many, or none
    opened: bool = True  # whether an in_progress was seen
    id: str | None = None


@dataclass(frozen=True)
class Monitor:
    slug: str
    schedule: str | list  # as in the API: a crontab, or [number, unit]
    runs: list  # the newest first
    environment: str = "production"
    config: dict = field(default_factory=dict)  # where it is not DEFAULTS
    health: str | None = None  # of the environment; by default that of its newest run
    owner: str | None = None


OK, ERROR = Run("ok"), Run("error")
SLEPT, SLEPT_ERROR = Run("ok", (50, 20_000)), Run("error", (50, 20_000))

FULL = {
    "checkin_margin": 10,
    "max_runtime": 20,
    "timezone": "Europe/Vienna",
    "failure_issue_threshold": 2,
    "recovery_threshold": 3,
}
CLI = FULL | {"checkin_margin": 5, "max_runtime": 30}
MANUAL = {"checkin_margin": 7, "timezone": "Asia/Kathmandu"}
NODE_MANUAL = {"checkin_margin": 3, "timezone": "Pacific/Chatham"}
CURL = {"checkin_margin": 4}

# python/celery_jobs.py; the time in the queue counts, so these last until the worker is up.
QUEUED, QUEUED_ERROR = Run("ok", (50, 120_000)), Run("error", (1, 120_000))
AUCKLAND = {"timezone": "Pacific/Auckland"}
CELERY = [
    Monitor("celery-crontab", "*/20 3-5 1 jan,jul *", [QUEUED], config=AUCKLAND),
    Monitor("celery-crontab-raises", "30 4 29 2 *", [QUEUED_ERROR], config=AUCKLAND),
    Monitor("celery-interval-raises", [36, "hour"], [QUEUED_ERROR], config=AUCKLAND),
    Monitor("celery-every-90-minutes", [90, "minute"], [QUEUED], config=AUCKLAND),
]

EXPECTED = [
    # python/decorator.py, once in either environment
    Monitor("py-decorator", "*/5 * * * MON-FRI", [SLEPT], config=FULL, owner="team:ops"),
    Monitor("py-decorator", "*/5 * * * MON-FRI", [SLEPT], "staging", FULL, owner="team:ops"),
    Monitor("py-decorator-raises", [2, "hour"], [ERROR]),
    Monitor("py-decorator-raises", [2, "hour"], [ERROR], "staging"),
    # python/context_manager.py
    Monitor("py-context", [3, "day"], [SLEPT], "staging"),
    Monitor("py-context-raises", "0 0 1 1 *", [ERROR], "staging", {"timezone": "America/St_Johns"}),
    # python/asynchronous.py
    Monitor("py-async", [1, "week"], [SLEPT], "staging", {"max_runtime": 5}),
    Monitor("py-async-raises", [1, "week"], [ERROR], "staging", {"max_runtime": 5}),
    Monitor("py-async-context", [1, "week"], [SLEPT], "staging", {"max_runtime": 5}),
    # python/manual.py
    Monitor(
        "py-manual",
        [1, "month"],
        [Run("ok", 61_250, opened=False), Run("error", 1_500, id="0123456789abcdef0123456789abcdef"), OK],
        config=MANUAL,
    ),
    Monitor("py-manual-open", [1, "month"], [Run("in_progress", None)], config=MANUAL, health="active"),
    # python/error_event.py
    Monitor("py-event", [1, "hour"], [OK], "staging"),
    Monitor("py-event-raises", [1, "hour"], [ERROR], "staging"),
    # python/compression.py
    Monitor("py-gzip", [30, "minute"], [OK]),
    Monitor("py-brotli", [30, "minute"], [OK]),
    Monitor("py-identity", [30, "minute"], [OK]),
    *CELERY,
    # ruby/check_in.rb
    Monitor("rb-small", [3, "hour"], [OK], "staging"),
    Monitor("rb-large", [3, "hour"], [OK], "staging"),
    # node/with_monitor.mjs
    Monitor("node-sync", "*/5 * * * *", [OK], "staging", FULL),
    Monitor("node-async", [2, "hour"], [Run("ok", (45, 20_000))], "staging"),  # Node's timers may be early
    Monitor("node-sync-throws", [2, "hour"], [ERROR], "staging"),
    # One failure is below the threshold of two: no verdict yet.
    Monitor("node-async-throws", "*/5 * * * *", [Run("error", (45, 20_000))], "staging", FULL, health="active"),
    # node/capture_check_in.mjs
    Monitor(
        "node-manual",
        [1, "year"],
        [Run("ok", None, opened=False), Run("error", 2_250), Run("ok", 1_500)],
        config=NODE_MANUAL,
    ),
    # node/at_once.mjs
    *(Monitor(f"node-at-once-{i:02}", [1, "day"], [OK]) for i in range(20)),
    # sentry-cli
    Monitor("cli-job", "0 * * * *", [OK], "staging", CLI),
    Monitor("cli-job", "0 * * * *", [OK], config=CLI),
    Monitor("cli-fails", "0 * * * *", [ERROR], config=CLI, health="active"),
    Monitor("cli-no-command", "0 * * * *", [ERROR], config=CLI, health="active"),
    Monitor("my-slug-with-spaces", "0 4 1 1 *", [OK]),
    # curl
    Monitor("curl-json", [1, "week"], [Run("ok", 2_500, opened=False)], "staging", CURL),
    Monitor(
        "curl-urls",
        [1, "week"],
        [Run("error" if seconds == 3 else "ok", seconds * 1_000, opened=False) for seconds in (5, 4, 3, 2, 1)],
        config=CURL,
    ),
    Monitor(
        "curl-urls",
        [1, "week"],
        [Run("ok", 7_000, opened=False), Run("ok", 6_500, opened=False, id="fedcba9876543210fedcba9876543210")],
        "staging",
        CURL,
    ),
    Monitor(
        "curl-user",
        [1, "week"],
        [Run("ok", seconds * 1_000, opened=False) for seconds in (3, 2, 1)],
        config=CURL,
    ),
    Monitor("curl-pair", [1, "week"], [OK], config=CURL),
    Monitor(
        "curl-overtaken",
        [1, "week"],
        [Run("ok", 1_250, id="5eedf00d5eedf00d5eedf00d5eedf00d")],
        config=CURL,
    ),
    Monitor("curl-nil", [1, "week"], [Run("error", 750)], config=CURL),
]


class Api:
    def __init__(self, address):
        self.base = f"{address}/api/0/organizations/crons/monitors/"

    def get(self, path=""):
        with urllib.request.urlopen(self.base + path, timeout=10) as answer:
            return json.load(answer)


def differences(api, expected):
    """Returns what the server answers otherwise than expected, in words."""
    try:
        monitor = api.get(f"{expected.slug}/")
    except urllib.error.HTTPError as error:
        return [f"the monitor: HTTP {error.code}"]
    schedule_type = "crontab" if isinstance(expected.schedule, str) else "interval"
    config = DEFAULTS | {"schedule_type": schedule_type, "schedule": expected.schedule} | expected.config
    health = expected.health or expected.runs[0].status
    owner = monitor["owner"] and f"{monitor['owner']['type']}:{monitor['owner']['id']}"
    environments = {one["name"]: one["status"] for one in monitor["environments"]}
    all_environments = sorted(one.environment for one in EXPECTED if one.slug == expected.slug)
    facts = [
        ("slug", expected.slug, monitor["slug"]),
        ("status", "active", monitor["status"]),
        ("owner", expected.owner, owner),
        ("environments", all_environments, sorted(environments)),
        (f"status of {expected.environment}", health, environments.get(expected.environment)),
        *((f"config.{name}", wanted, monitor["config"].get(name, "nothing")) for name, wanted in config.items()),
    ]
    rows = api.get(f"{expected.slug}/checkins/?environment={expected.environment}&per_page=100")
    facts.append(("runs", [run.status for run in expected.runs], [row["status"] for row in rows]))
    for number, (run, row) in enumerate(zip(expected.runs, rows)):
        got = row["duration"]
        inside = isinstance(run.duration, tuple) and got is not None and run.duration[0] <= got <= run.duration[1]
        facts += [
            (f"run {number}: environment", expected.environment, row["environment"]),
            (f"run {number}: duration", got if inside else run.duration, got),
            (f"run {number}: opened", run.opened, row["dateInProgress"] is not None),
            (f"run {number}: id", run.id or row["id"].replace("-", ""), row["id"].replace("-", "")),
        ]
    return [f"{what}: expected {wanted!r}, got {got!r}" for what, wanted, got in facts if wanted != got]


def surprises(api):
    """Returns monitors that should not exist, and those that are missing."""
    there, wanted = {one["slug"] for one in api.get()}, {one.slug for one in EXPECTED}
    return [f"not expected: {slug}" for slug in sorted(there - wanted)] + [f"missing: {slug}" for slug in sorted(wanted - there)]


def two_ends(api, slug, begun):
    """Returns a fault unless the only run is the one that beat began while there was no worker to begin or end it."""
    ids = [row["id"] for row in api.get(f"{slug}/checkins/")]
    return [] if ids == [begun] else [f"beat began {begun or 'nothing'}, now there is {ids}"]


def checks(api, answers, begun):
    """Yields the assertions: each a name, and a function that returns what is wrong."""
    for line in answers:
        what, wanted, got = line.rstrip("\n").split("\t")
        wrong = [] if wanted == got else [f"expected {wanted}, got {got or 'nothing'}"]
        yield what, lambda wrong=wrong: wrong
    for expected in EXPECTED:
        yield f"{expected.slug} in {expected.environment}", lambda expected=expected: differences(api, expected)
    for one in CELERY:
        yield (
            f"{one.slug}: begun by beat, ended by the worker",
            lambda slug=one.slug: two_ends(api, slug, begun.get(slug)),
        )
    yield "these monitors and no others", lambda: surprises(api)


def overtakes(api):
    """Returns how often the end of a run came before its start: that is chance, so it is printed, not asserted."""
    slugs = {one.slug for one in EXPECTED if one.slug.startswith("node-")}
    rows = [row for slug in slugs for row in api.get(f"{slug}/checkins/")]
    return sum(row["dateUpdated"].rstrip("Z") < (row["dateInProgress"] or "").rstrip("Z") for row in rows)


def main(address, answers, begun):
    api, patient_until = Api(address), time.monotonic() + PATIENCE
    failed = []
    with open(answers) as lines, open(begun) as pairs:
        everything = list(checks(api, lines, dict(pair.split() for pair in pairs)))
    for what, wrong in everything:
        while (found := wrong()) and time.monotonic() < patient_until:
            time.sleep(0.1)
        print("FAILED" if found else "ok    ", textwrap.shorten(what, 110), *(f"\n           {one}" for one in found))
        failed += [what] if found else []
    print(f"{overtakes(api)} of Node's check-ins overtook their opener")
    print(f"{len(everything) - len(failed)} passed, {len(failed)} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
