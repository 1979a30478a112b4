// Twenty jobs that end as soon as they begin, all at once: the SDK does not keep the order of their check-ins.
import * as Sentry from "@sentry/node";

Sentry.init();

const config = { schedule: { type: "interval", value: 1, unit: "day" } };
const jobs = Array.from({ length: 20 }, (_, i) => `node-at-once-${String(i).padStart(2, "0")}`);
await Promise.all(jobs.map((slug) => Sentry.withMonitor(slug, async () => {}, config)));
await Sentry.flush(10_000);
