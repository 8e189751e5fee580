// Handles on a drawn schedule: dragged or moved by keys. What a move does to the text is the server's to say:
// one request at a time, the latest wish next, and the last one always.
import { make } from "./theme.js";

const form = document.getElementById("asked"), texts = document.getElementById("texts"), drawn = document.getElementById("drawn");
const WAYS = { ArrowLeft: "less", ArrowDown: "less", ArrowRight: "more", ArrowUp: "more", PageDown: "farLess", PageUp: "farMore", Home: "least", End: "most" };
let which = 0, busy = false, wanted = null, drag = null, keeping = 0;

const filled = () => [...texts.querySelectorAll("[name=text]")].filter(({ value }) => value.trim());
const query = () => new URLSearchParams(new FormData(form));

// the handles of one schedule: the one whose text was last in hand

function place() {
  const picture = drawn.querySelector(".held"), given = drawn.querySelectorAll(".course")[which];
  if (!picture) return;
  const grips = JSON.parse(given?.dataset.handles ?? "[]");
  const layer = picture.querySelector(".handles") ?? picture.appendChild(make("div", { class: "handles", role: "group" }));
  layer.className = `handles i${which % 6}`;
  layer.setAttribute("aria-label", `handles of schedule ${which + 1}`);
  const there = new Map([...layer.children].map((each) => [each.dataset.name, each]));
  if (there.size !== grips.length || grips.some(({ name }) => !there.has(name))) {
    there.clear();
    layer.replaceChildren(...grips.map(({ name, way }) => {
      const made = make("div", { class: `grip ${way}`, role: "slider", tabindex: "0", "data-name": name, "aria-orientation": way === "across" ? "horizontal" : "vertical" }, make("i"));
      there.set(name, made);
      return made;
    }));
  }
  const [, , , bottom] = JSON.parse(picture.dataset.sides).box;
  for (const grip of grips) {
    const shown = there.get(grip.name);
    shown.grip = grip;
    shown.style.left = `${grip.x}%`;
    shown.style.top = `${grip.y}%`;
    if (grip.way === "across") shown.style.height = `${bottom - grip.y}%`;
    const told = { label: `${grip.label} of schedule ${which + 1}`, valuemin: grip.least, valuemax: grip.most, valuenow: grip.at, valuetext: grip.says };
    for (const [name, value] of Object.entries(told)) shown.setAttribute(`aria-${name}`, value);
  }
  const hint = drawn.querySelector("#hint");
  if (hint) hint.textContent = grips.length ? `Drag the handles of schedule ${which + 1}, or move them with the arrow keys.${filled().length > 1 ? " The handles are those of the text that was last in hand." : ""}` : "";
}

// what the server says takes the place of what was there; the handles stay, and with them the focus

function show(text) {
  const found = new DOMParser().parseFromString(text, "text/html");
  const [old, fresh] = [drawn.querySelector(".held"), found.querySelector(".held")];
  if (!old || !fresh) drawn.replaceChildren(...found.body.childNodes);
  else {
    old.dataset.sides = fresh.dataset.sides;
    old.querySelector("svg").replaceWith(fresh.querySelector("svg"));
    for (const part of ["#files", "#courses", "#faults"]) drawn.querySelector(part).replaceChildren(...found.querySelector(part).childNodes);
  }
  const field = filled()[which], given = drawn.querySelectorAll(".course")[which];
  if (field && given && !field.matches(":focus")) field.value = given.dataset.text;
  place();
}

async function ask(address) {
  try {
    const answer = await fetch(address, { headers: { "hx-request": "true" } });
    if (answer.ok) return await answer.text();
    tell(new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main p")?.textContent ?? "This cannot be drawn.");
  } catch {
    tell("The page does not answer any more; is the command still running?");
  }
  return null;
}

function tell(fault) {
  drawn.querySelector("#faults")?.replaceChildren(make("p", { class: "fault", role: "alert" }, fault));
}

// a wish is a function that says what to ask for by then, or that it is past
async function wish(address) {
  wanted = address;
  if (busy) return;
  busy = true;
  while (wanted) {
    const next = wanted();
    wanted = null;
    const text = next && await ask(next.address);
    if (text && next.good()) show(text);
  }
  busy = false;
}

function address(name, to, before, held) {
  const asked = new URLSearchParams(before);
  for (const [key, value] of Object.entries({ which, handle: name, to, ...held })) asked.set(key, value);
  return `/schedules/moved?${asked}`;
}

function settle() {
  wish(() => ({ address: `/schedules?${query()}`, good: () => !drag }));
  keep();
}

// browsers let an address change only so often
function keep() {
  clearTimeout(keeping);
  keeping = setTimeout(() => history.replaceState(null, "", `/schedules?${query()}`), 250);
}

// by hand

function toward(event) {
  const { box, across, up, log } = drag.sides, seen = drag.picture.getBoundingClientRect();
  const x = 100 * (event.clientX - seen.left) / seen.width + drag.off[0], y = 100 * (event.clientY - seen.top) / seen.height + drag.off[1];
  if (drag.grip.way === "across") return across[0] + (across[1] - across[0]) * (x - box[0]) / (box[2] - box[0]);
  const part = (box[3] - y) / (box[3] - box[1]);
  return log ? up[0] * (up[1] / up[0]) ** part : up[0] + (up[1] - up[0]) * part;
}

drawn.addEventListener("pointerdown", (event) => {
  const shown = event.target.closest("[role=slider]");
  if (!shown || event.button || drag) return;
  event.preventDefault();
  const picture = shown.closest(".held"), seen = picture.getBoundingClientRect(), { grip } = shown;
  const at = [100 * (event.clientX - seen.left) / seen.width, 100 * (event.clientY - seen.top) / seen.height];
  drag = { grip, picture, shown, pointer: event.pointerId, from: [event.clientX, event.clientY], off: [grip.x - at[0], grip.y - at[1]], sides: JSON.parse(picture.dataset.sides), before: query().toString(), text: filled()[which].value, begun: false };
  shown.focus({ preventScroll: true });
  shown.setPointerCapture(event.pointerId);
  shown.classList.add("taken");
});

drawn.addEventListener("pointermove", (event) => {
  if (!drag || event.pointerId !== drag.pointer) return;
  drag.begun ||= Math.hypot(event.clientX - drag.from[0], event.clientY - drag.from[1]) > 2;
  if (!drag.begun) return;
  const now = drag, to = toward(event), { up } = drag.sides;
  wish(() => ({ address: address(now.grip.name, to, now.before, { low: up[0], high: up[1] }), good: () => drag === now }));
});

function drop(kept) {
  const now = drag;
  if (!now) return;
  now.shown.classList.remove("taken");
  if (!kept) filled()[which].value = now.text;
  // the last wish is answered first, with its axis, and only then is all drawn anew
  const end = () => { if (busy && kept) { setTimeout(end, 10); return; } drag = null; settle(); };
  if (now.begun) end();
  else drag = null;
}

drawn.addEventListener("pointerup", (event) => { if (drag?.pointer === event.pointerId) drop(true); });
drawn.addEventListener("pointercancel", (event) => { if (drag?.pointer === event.pointerId) drop(false); });

// by keys

drawn.addEventListener("keydown", (event) => {
  const shown = event.target.closest("[role=slider]");
  if (event.key === "Escape" && drag) { event.preventDefault(); drop(false); return; }
  const way = WAYS[event.key];
  if (!shown || !way || drag || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  wish(() => {
    const { name, least, most, moves: [less, more, farLess, farMore] } = shown.grip;
    const far = event.shiftKey && { less: farLess, more: farMore }[way];
    const to = far || far === 0 ? far : { least, most, less, more, farLess, farMore }[way];
    return { address: address(name, to, query()), good: () => true };
  });
  keep();
});

// a screen reader hears the handle, and all that follows it only when it is left
drawn.addEventListener("focusin", ({ target }) => { if (target.matches("[role=slider]")) drawn.setAttribute("aria-live", "off"); });
drawn.addEventListener("focusout", () => drawn.setAttribute("aria-live", "polite"));

texts.addEventListener("focusin", ({ target }) => {
  const at = filled().indexOf(target);
  if (at < 0 || at === which) return;
  which = at;
  place();
});

// what was typed is drawn by others, without handles
new MutationObserver(() => {
  if (drawn.querySelector(".held > .handles")) return;
  const at = filled().indexOf(document.activeElement);
  which = at >= 0 ? at : Math.min(which, Math.max(filled().length - 1, 0));
  place();
}).observe(drawn, { childList: true });
place();
