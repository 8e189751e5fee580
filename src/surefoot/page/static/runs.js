// The list: choosing runs to compare, renaming and deleting them, and rows that change while runs go on.
/* global htmx */
import { Stream } from "./live.js";
import { renamed, send, toast } from "./rename.js";

const list = document.getElementById("list"), choice = document.getElementById("choice"), count = document.getElementById("count");
const chosen = new Set();

function dress(row) {
  if (!row) return;
  const box = row.querySelector("[name=run]");
  box.checked = chosen.has(box.value);
  renamed(row.querySelector("[data-rename]"), row.querySelector("[data-title]"), row.dataset.run);
}

function told() {
  choice.hidden = chosen.size === 0;
  count.textContent = `${chosen.size} chosen`;
  choice.querySelector(".main").disabled = chosen.size < 2;
}

list.addEventListener("change", ({ target }) => {
  if (target.name !== "run") return;
  if (target.checked) chosen.add(target.value);
  else chosen.delete(target.value);
  told();
});

document.getElementById("none").addEventListener("click", () => {
  chosen.clear();
  for (const box of list.querySelectorAll("[name=run]")) box.checked = false;
  told();
});

function again() {
  return htmx.ajax("GET", location.pathname + location.search, { target: "#list", swap: "innerHTML" });
}

list.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-delete]");
  if (!button) return;
  const row = button.closest("tr"), next = row.nextElementSibling ?? row.previousElementSibling;
  const gone = await send(`/run/${encodeURIComponent(row.dataset.run)}/delete`);
  if (!gone) return;
  row.remove();
  chosen.delete(gone.deleted);
  told();
  (next?.querySelector("a") ?? document.getElementById("main")).focus();
  toast(`Deleted ${gone.title}.`, async () => { if (await send(`/run/${encodeURIComponent(gone.deleted)}/restore`)) await again(); });
});

function put(run, html) {
  const old = list.querySelector(`tr[data-run="${CSS.escape(run)}"]`);
  if (!old || old.contains(document.activeElement)) return;
  const table = document.createElement("tbody");
  table.innerHTML = html;
  old.replaceWith(table.firstElementChild);
  dress(list.querySelector(`tr[data-run="${CSS.escape(run)}"]`));
}

new MutationObserver(() => { for (const row of list.querySelectorAll("tr[data-run]:not([data-dressed])")) { row.dataset.dressed = ""; dress(row); } }).observe(list, { childList: true, subtree: true });
for (const row of list.querySelectorAll("tr[data-run]")) { row.dataset.dressed = ""; dress(row); }
told();

const stream = new Stream(() => `/events${location.search}`, {
  rows: (rows) => Object.entries(rows).forEach(([run, html]) => put(run, html)),
  other: () => again(),
});
document.body.addEventListener("htmx:after:swap", () => stream.again());
