// The script of all pages. Everything can be read without it; it keeps times up to date and saves reloads.
"use strict";

(() => {
  // The clock of the server: that of the browser may be wrong.
  const sent = Number(document.body.dataset.now);
  let ahead = sent ? sent - Date.now() : 0;
  const now = () => Date.now() + ahead;

  // The same words as `seconds_text` on the server.
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
      // Without HTTPS there is no clipboard: the text is selected for the reader's own keys.
      getSelection().selectAllChildren(source);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  });
})();
