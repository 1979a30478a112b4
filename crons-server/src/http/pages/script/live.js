// Live pages: the stream of changes, and the parts of a page that it replaces.

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

connect();
