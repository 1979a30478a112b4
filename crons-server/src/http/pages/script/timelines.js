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
