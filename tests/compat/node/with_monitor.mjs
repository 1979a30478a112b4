// Runs `withMonitor` around jobs that work and jobs that throw, synchronous and not.
import * as Sentry from "@sentry/node";
import { setTimeout as sleep } from "node:timers/promises";

Sentry.init({ environment: "staging", release: "jobs@1.2.3" }); // SENTRY_DSN

const crontab = {
  schedule: { type: "crontab", value: "*/5 * * * *" },
  checkinMargin: 10,
  maxRuntime: 20,
  timezone: "Europe/Vienna",
  failureIssueThreshold: 2,
  recoveryThreshold: 3,
};
const interval = { schedule: { type: "interval", value: 2, unit: "hour" } };

Sentry.withMonitor("node-sync", () => "done", crontab);
await Sentry.withMonitor("node-async", () => sleep(50), interval);

try {
  Sentry.withMonitor("node-sync-throws", () => { throw new Error("inside the job"); }, interval);
} catch {}
await Sentry.withMonitor("node-async-throws", () => sleep(50).then(() => { throw new Error("inside the job"); }), crontab)
  .catch(() => {});

await Sentry.flush(10_000);
