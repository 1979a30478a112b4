// Times: the distances of all pages, kept up to date by the clock of the server, and the zone of a monitor's page.

// The clock of the server: that of the browser may be wrong.
const sent = Number(document.body.dataset.now);
let ahead = sent ? sent - Date.now() : 0;
const now = () => Date.now() + ahead;

// Writes a length of time as `span` does on the server.
const spanText = (seconds) => {
  const minutes = Math.floor(seconds / 60);
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  if (days) return hours ? `${days} d ${hours} h` : `${days} d`;
  if (hours) return rest ? `${hours} h ${rest} min` : `${hours} h`;
  return rest ? `${rest} min` : `${seconds} s`;
};

const relativeText = (instant) => {
  const seconds = Math.trunc((instant - now()) / 1000);
  if (seconds === 0) return "now";
  return seconds > 0 ? `in ${spanText(seconds)}` : `${spanText(-seconds)} ago`;
};

const tick = () => {
  for (const element of document.querySelectorAll("time.relative")) {
    const text = relativeText(Date.parse(element.dateTime));
    if (element.textContent !== text) element.textContent = text;
  }
};
setInterval(tick, 1000);

// Shows the times of a monitor's page in the zone of the monitor, of the reader, or in UTC, whichever was chosen last.
const zones = (page) => {
  const own = page.dataset.zone;
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const choices = { monitor: [own, own], reader: [here, `${here} (here)`], utc: ["UTC", "UTC"] };
  if (here === own || here === "UTC") delete choices.reader;
  if (own === "UTC") delete choices.utc;
  const parts = (instant, timeZone, options) => Object.fromEntries(
    new Intl.DateTimeFormat("en-GB", { timeZone, hourCycle: "h23", ...options })
      .formatToParts(instant).map(({ type, value }) => [type, value]));
  const full = (instant, zone) => {
    const digits = "2-digit";
    const p = parts(instant, zone, { year: "numeric", month: digits, day: digits, hour: digits, minute: digits, second: digits });
    return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}`;
  };
  const day = (instant, zone) => {
    const p = parts(instant, zone, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "longOffset" });
    return `${p.weekday} ${p.day} ${p.month} ${p.hour}:${p.minute} ${p.timeZoneName.replace("GMT", "") || "+00:00"}`;
  };
  for (const row of choices.reader ? page.querySelectorAll(".next-runs tr") : []) {
    const time = row.querySelector(".zone-monitor time");
    const cell = document.createElement(time ? "td" : "th");
    if (!time) cell.scope = "col";
    cell.className = "zone-reader";
    cell.textContent = time ? day(new Date(time.dateTime), here) : here;
    row.append(cell);
  }
  const show = (choice) => {
    page.dataset.shown = choice;
    for (const time of page.querySelectorAll("time:not(.relative)")) {
      if (!time.closest(".next-runs")) time.textContent = full(new Date(time.dateTime), choices[choice][0]);
    }
  };
  const stored = () => { try { return localStorage.getItem("crons.zone"); } catch { return null; } };
  const store = (choice) => { try { localStorage.setItem("crons.zone", choice); } catch { /* It is not remembered. */ } };
  const chosen = stored() in choices ? stored() : "monitor";
  const field = document.createElement("fieldset");
  field.className = "zones";
  field.append(Object.assign(document.createElement("legend"), { textContent: "Times in" }));
  for (const [choice, [, name]] of Object.entries(choices)) {
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "zone", value: choice, checked: choice === chosen });
    input.addEventListener("change", () => { store(choice); show(choice); });
    const label = document.createElement("label");
    label.append(input, ` ${name}`);
    field.append(label);
  }
  show(chosen);
  page.querySelector(".facts").after(field);
};
// If the browser does not know the zone of the monitor, times stay in UTC.
const showZones = () => {
  const page = document.querySelector(".monitor-page");
  if (page) try { zones(page); } catch (error) { console.info(`Times stay in UTC: ${error}`); }
};
showZones();
