// The script of all pages. They can be read without it; it keeps times and rows up to date, and saves reloads.
"use strict";

(() => {
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

  // <button data-copy="#id"> copies the text of that element.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const source = document.querySelector(button.dataset.copy);
    if (!source) return;
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      // Browsers have no clipboard for pages without HTTPS, so the text is selected, and the reader copies it.
      getSelection().selectAllChildren(source);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  });

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

  // Sends a test run by the public endpoint, as a job would: in progress, then okay.
  const enableTestRun = () => {
    const form = document.querySelector("form.test-run");
    if (!form) return;
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const output = form.querySelector("output");
      const button = form.querySelector("button");
      button.disabled = true;
      const id = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      const send = async (body) => {
        const answer = await fetch(form.action, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ check_in_id: id, ...body }),
        });
        const reason = answer.headers.get("x-sentry-error");
        if (!answer.ok || (reason && !reason.startsWith("accepted, but"))) throw new Error(reason ?? `status ${answer.status}`);
      };
      try {
        const began = performance.now();
        await send({ status: "in_progress", monitor_config: { schedule: { type: "interval", value: 1, unit: "day" } } });
        await send({ status: "ok", duration: (performance.now() - began) / 1000 });
        output.textContent = "Sent.";
      } catch (error) {
        output.textContent = `It was refused: ${error.message}`;
      }
      button.disabled = false;
    });
  };
  enableTestRun();

  const toast = (text) => {
    document.querySelector(".toast")?.remove();
    const note = Object.assign(document.createElement("p"), { className: "toast", textContent: text });
    note.setAttribute("role", "status");
    document.body.append(note);
    setTimeout(() => note.remove(), 6000);
  };

  // Shows the worst state in the icon of the window.
  const showState = (state) => {
    document.querySelector("link[rel=icon]").href = state ? `/favicon.svg?state=${state}` : "/favicon.svg";
  };

  // Replaces a row without moving anything: it keeps its open parts, its checked box, the focus, and the bucket that is looked at.
  const replace = (old, html) => {
    const [looked, number] = [[...old.querySelectorAll(".timeline")].indexOf(chosen?.timeline), chosen?.number];
    const template = document.createElement("template");
    template.innerHTML = html;
    const row = template.content.firstElementChild;
    const inside = (element) => [...element.querySelectorAll("a, button, input, summary, [tabindex]")];
    const focused = inside(old).indexOf(document.activeElement);
    const open = [...old.querySelectorAll("details")].map((details) => details.open);
    row.querySelectorAll("details").forEach((details, number) => { details.open = open[number] ?? false; });
    row.querySelectorAll(".timeline").forEach(enableTimeline);
    check(row, checked(old));
    old.replaceWith(row);
    if (focused >= 0) inside(row)[focused]?.focus({ preventScroll: true });
    if (looked >= 0) choose(row.querySelectorAll(".timeline")[looked], number);
    return row;
  };

  const checked = (element) => [...element.querySelectorAll("input:checked")].map((input) => input.value);
  const check = (element, values) => {
    for (const input of element.querySelectorAll("input[type=checkbox]")) input.checked = values.includes(input.value);
  };

  // Whether the reader is filling in a form, which a new page would empty. The button of the test run has nothing to lose.
  const isInUse = () => {
    const written = (field) => field.type !== "checkbox" && field.type !== "radio" && field.value !== field.defaultValue;
    return document.querySelector("main form:not(.test-run) :focus") || [...document.querySelectorAll("main input, main textarea")].some(written);
  };

  // Reads the page anew, and replaces its content. Returns whether that was done; if not, it has to be tried again.
  const reread = async () => {
    if (isInUse()) return false;
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.status >= 400 && answer.status < 500) {
      // The monitor was deleted, or the sign-in has ended: the browser shows the answer.
      location.reload();
      return true;
    }
    if (!answer.ok) return false;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = fresh.querySelector("main");
    // The reader may have begun to write meanwhile.
    if (!main || isInUse()) return false;
    unchoose();
    const old = document.querySelector("main");
    const focused = old.contains(document.activeElement) ? document.activeElement.outerHTML : null;
    const open = new Map([...old.querySelectorAll("details")].map((details) => [detailsKey(details), details.open]));
    main.querySelectorAll("details").forEach((details) => { details.open = open.get(detailsKey(details)) ?? details.open; });
    check(main, checked(old));
    old.replaceWith(document.importNode(main, true));
    document.querySelector("footer").replaceWith(document.importNode(fresh.querySelector("footer"), true));
    document.querySelector("link[rel=icon]").href = fresh.querySelector("link[rel=icon]").href;
    ahead = Number(fresh.body.dataset.now) - Date.now();
    document.querySelectorAll("#monitors .timeline").forEach(enableTimeline);
    enableTestRun();
    showZones();
    if (focused) [...document.querySelectorAll("main *")].find((element) => element.outerHTML === focused)?.focus({ preventScroll: true });
    return true;
  };
  const detailsKey = (details) => [details.className, details.closest("[id]")?.id, details.querySelector("[id]")?.id].join();

  // Reads the page anew after a random time of `wait` to twice `wait` milliseconds: many pages may have to at once.
  let rereading = null;
  const rereadSoon = (wait, text) => {
    rereading ??= setTimeout(async () => {
      rereading = null;
      try {
        if (!await reread()) rereadSoon(5000, text);
        else if (text) toast(text);
      } catch {
        // The server cannot be reached. The stream connects again, and then tells of the changes.
      }
    }, wait + Math.random() * wait);
  };

  const showRows = (changes, live) => {
    ahead = changes.now - Date.now();
    const list = document.querySelector("#monitors");
    if (!list) {
      // The first check-in.
      const [slug] = Object.keys(changes.rows);
      if (slug) rereadSoon(0, `${slug} checked in`);
    } else {
      for (const [slug, html] of Object.entries(changes.rows)) {
        const old = document.getElementById(`monitor-${slug}`);
        if (old && html) replace(old, html);
        else if (old) old.remove();
        else if (html && "whole" in list.dataset) {
          const place = document.createElement("li");
          list.append(place);
          replace(place, html).classList.add("new");
        }
      }
      if ("countsAll" in live.dataset) {
        for (const link of document.querySelectorAll("#filters [data-count]")) {
          const key = link.dataset.count;
          link.querySelector(".number").textContent = key === "total" ? changes.total : changes.counts[key];
        }
        showState(changes.state);
      }
    }
    if ("refused" in changes) {
      const refused = document.querySelector("#refused");
      const wasOpen = refused.querySelector("details")?.open;
      refused.innerHTML = changes.refused;
      const details = refused.querySelector("details");
      if (details && wasOpen !== undefined) details.open = wasOpen;
    }
    tick();
  };

  // The stream of changes. A hidden page needs none, and a browser has few connections for one server.
  let stream = null;
  let after = null;
  const connect = () => {
    const live = document.querySelector("#live");
    if (!live || stream || document.hidden) return;
    after ??= live.dataset.after;
    const choice = live.dataset.monitor ? { monitor: live.dataset.monitor } : { window: live.dataset.window };
    stream = new EventSource(`/live?${new URLSearchParams({ ...choice, after })}`);
    const on = (name, act) => stream.addEventListener(name, (event) => {
      if (event.lastEventId) after = event.lastEventId;
      act(event);
    });
    on("rows", (event) => showRows(JSON.parse(event.data), document.querySelector("#live")));
    on("changed", () => rereadSoon(0));
    on("reload", () => rereadSoon(2000));
    stream.addEventListener("error", () => {
      // The browser connects again by itself, unless the server has refused.
      if (stream.readyState !== EventSource.CLOSED) return;
      disconnect();
      setTimeout(connect, 15000 + Math.random() * 15000);
      rereadSoon(5000);
    });
  };
  const disconnect = () => { stream?.close(); stream = null; };
  document.addEventListener("visibilitychange", () => { if (document.hidden) disconnect(); else connect(); });
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", connect);

  // Timelines: the pointer or the arrow keys choose a bucket, and its runs are named beside it.
  const named = new Map();
  let chosen = null;
  const choose = (timeline, number) => {
    const { bucket, buckets } = document.querySelector("#monitors").dataset;
    const number_ = Math.max(0, Math.min(buckets - 1, number));
    if (chosen?.timeline === timeline && chosen.number === number_) return;
    unchoose();
    const since = Number(timeline.dataset.since) + number_ * bucket;
    const cursor = Object.assign(document.createElement("div"), { className: "cursor" });
    cursor.setAttribute("aria-hidden", "true");
    const share = (number_ + .5) / buckets;
    cursor.style.left = `${share * 100}%`;
    timeline.append(cursor);
    timeline.setAttribute("aria-valuenow", number_);
    chosen = { timeline, number: number_, cursor, tip: null };
    const own = chosen;
    chosen.wait = setTimeout(async () => {
      const text = await runsOf(timeline, since, since + Number(bucket)).catch(() => null);
      if (chosen !== own || !text) return;
      own.tip = Object.assign(document.createElement("div"), { className: "tip", innerHTML: text });
      own.tip.style.top = "100%";
      own.tip.style[share < .5 ? "left" : "right"] = `${(share < .5 ? share : 1 - share) * 100}%`;
      timeline.append(own.tip);
      timeline.setAttribute("aria-valuetext", own.tip.textContent.replace(/\s+/g, " "));
    }, 120);
  };
  const unchoose = () => {
    clearTimeout(chosen?.wait);
    chosen?.cursor.remove();
    chosen?.tip?.remove();
    chosen = null;
  };
  const runsOf = async (timeline, since, until) => {
    const query = new URLSearchParams({ since: new Date(since).toISOString(), until: new Date(until).toISOString() });
    if (timeline.dataset.environment) query.set("environment", timeline.dataset.environment);
    const address = `/timeline/${encodeURIComponent(timeline.closest(".monitor").dataset.slug)}?${query}`;
    if (until < now() && named.has(address)) return named.get(address);
    const answer = await fetch(address);
    if (!answer.ok) return null;
    const text = await answer.text();
    if (named.size > 200) named.clear();
    named.set(address, text);
    return text;
  };
  const enableTimeline = (timeline) => {
    const { buckets } = document.querySelector("#monitors").dataset;
    const attributes = {
      role: "slider", tabindex: 0, "aria-valuemin": 0, "aria-valuemax": buckets - 1, "aria-valuenow": buckets - 1,
      "aria-valuetext": timeline.querySelector(".visually-hidden").textContent,
      "aria-label": `Timeline of ${timeline.closest(".monitor").dataset.slug} ${timeline.dataset.environment ?? ""}`.trim(),
    };
    for (const [name, value] of Object.entries(attributes)) timeline.setAttribute(name, value);
    const at = (event) => {
      const { left, width } = timeline.getBoundingClientRect();
      return Math.floor((event.clientX - left) / width * buckets);
    };
    timeline.addEventListener("pointermove", (event) => { if (!event.target.closest(".tip")) choose(timeline, at(event)); });
    timeline.addEventListener("pointerleave", unchoose);
    timeline.addEventListener("focus", () => choose(timeline, chosen?.timeline === timeline ? chosen.number : buckets - 1));
    timeline.addEventListener("blur", unchoose);
    timeline.addEventListener("keydown", (event) => {
      const number = chosen?.timeline === timeline ? chosen.number : Number(timeline.getAttribute("aria-valuenow"));
      const steps = { ArrowLeft: number - 1, ArrowDown: number - 1, ArrowRight: number + 1, ArrowUp: number + 1, PageDown: number - 12, PageUp: number + 12, Home: 0, End: buckets - 1 };
      if (event.key === "Escape") unchoose();
      if (!(event.key in steps)) return;
      event.preventDefault();
      choose(timeline, steps[event.key]);
    });
  };
  document.querySelectorAll("#monitors .timeline").forEach(enableTimeline);

  connect();
})();
