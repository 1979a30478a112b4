// Check-ins by hand: a pair, a pair without config on the monitor that it made, and a heartbeat.
import * as Sentry from "@sentry/node";

Sentry.init();

const config = { schedule: { type: "interval", value: 1, unit: "year" }, checkinMargin: 3, timezone: "Pacific/Chatham" };
const pair = async (status, duration, monitorConfig) => {
  const monitorSlug = "node-manual";
  const checkInId = Sentry.captureCheckIn({ monitorSlug, status: "in_progress" }, monitorConfig);
  await Sentry.flush(10_000); // else the next pair may be newer than the end of this one
  Sentry.captureCheckIn({ monitorSlug, checkInId, status, duration });
  await Sentry.flush(10_000);
};

await pair("ok", 1.5, config);
await pair("error", 2.25);
Sentry.captureCheckIn({ monitorSlug: "node-manual", status: "ok" });
await Sentry.flush(10_000);
