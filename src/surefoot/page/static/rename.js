// Titles: written where they stand, sent to the server, and taken back.

export function toast(text, undo) {
  const place = document.getElementById("toasts");
  const found = document.createElement("div");
  found.className = "toast";
  found.append(text);
  if (undo) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Undo";
    button.addEventListener("click", async () => { found.remove(); await undo(); });
    found.append(button);
  }
  place.append(found);
  setTimeout(() => found.contains(document.activeElement) || found.remove(), undo ? 30000 : 6000);
}

export async function send(path, body = "") {
  const answer = await fetch(path, { method: "POST", body });
  const told = answer.headers.get("content-type")?.startsWith("application/json") ? await answer.json() : { fault: await answer.text() };
  if (!answer.ok) toast(told.fault);
  return answer.ok ? told : null;
}

// a button beside a title; Enter keeps what was written, Escape does not
export function renamed(button, title, run) {
  button?.addEventListener("click", () => {
    const field = document.createElement("input");
    field.value = title.textContent;
    field.maxLength = 120;
    field.setAttribute("aria-label", "title of the run");
    title.hidden = true;
    title.after(field);
    field.focus();
    field.select();
    let done = false;
    const leave = async (kept) => {
      if (done) return;
      done = true;
      const text = field.value;
      field.remove();
      title.hidden = false;
      button.focus();
      if (kept && text !== title.textContent) await retitle(title, run, text);
    };
    field.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); leave(true); } if (event.key === "Escape") leave(false); });
    field.addEventListener("blur", () => leave(true));
  });
}

async function retitle(title, run, text) {
  const path = `/run/${encodeURIComponent(run)}/title`;
  const told = await send(path, text);
  if (!told) return;
  title.textContent = told.title;
  toast(`Renamed to ${told.title}.`, async () => { const back = await send(path, told.before); if (back) title.textContent = back.title; });
}
