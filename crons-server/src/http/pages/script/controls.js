// Controls: buttons that copy, the test run of an empty server, and short notices.

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
