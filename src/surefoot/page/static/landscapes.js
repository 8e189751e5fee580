// Landscapes: the start is dragged, sliders move, and the server draws: one request at a time, the latest wish next.
import { key } from "./theme.js";

const form = document.getElementById("land"), rules = document.getElementById("rules"), add = document.getElementById("add");
const stage = document.getElementById("part-map");
const low = Number(rules.dataset.low), high = Number(rules.dataset.high);
let busy = false, wanted = false;

function query() {
  return new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
}

async function draw() {
  wanted = true;
  if (busy) return;
  busy = true;
  while (wanted) {
    wanted = false;
    const address = `/landscapes?${query()}`;
    try {
      const answer = await fetch(address, { headers: { "hx-request": "true" } });
      show(await answer.text());
      if (!document.getElementById("part-fault").textContent) history.replaceState(null, "", address);
    } catch {
      document.getElementById("part-fault").textContent = "The page does not answer any more; is the command still running?";
    }
  }
  busy = false;
}

function show(text) {
  const held = stage.contains(document.activeElement);
  for (const part of new DOMParser().parseFromString(text, "text/html").querySelectorAll("[data-part]")) {
    document.getElementById(`part-${part.dataset.part}`)?.replaceChildren(...part.childNodes);
  }
  if (held) stage.querySelector("[data-start]")?.focus({ preventScroll: true });
}

// the start

function moved(x, y) {
  form.elements.x.value = Number(x.toPrecision(4));
  form.elements.y.value = Number(y.toPrecision(4));
  draw();
}

function place({ clientX, clientY }) {
  const map = stage.querySelector("svg"), seen = map.getBoundingClientRect();
  const [left, right, down, up] = map.dataset.window.split(" ").map(Number), box = map.dataset.box.split(" ").map(Number);
  const scale = map.viewBox.baseVal.width / seen.width;
  const x = ((clientX - seen.left) * scale - box[0]) / (box[1] - box[0]), y = ((clientY - seen.top) * scale - box[2]) / (box[3] - box[2]);
  const inside = (part) => Math.min(1, Math.max(0, part));
  moved(left + inside(x) * (right - left), up - inside(y) * (up - down));
}

stage.addEventListener("pointerdown", (event) => {
  if (event.button || !event.target.closest("svg")) return;
  event.preventDefault();
  stage.setPointerCapture(event.pointerId);
  stage.querySelector("[data-start]")?.focus({ preventScroll: true });
  place(event);
});
stage.addEventListener("pointermove", (event) => { if (stage.hasPointerCapture(event.pointerId)) place(event); });

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };
stage.addEventListener("keydown", (event) => {
  const way = WAYS[event.key];
  if (!way || !event.target.closest("[data-start]")) return;
  event.preventDefault();
  const [left, right] = stage.querySelector("svg").dataset.window.split(" ").map(Number);
  const by = (right - left) * (event.shiftKey ? 0.05 : 0.01);
  moved(Number(form.elements.x.value) + way[0] * by, Number(form.elements.y.value) + way[1] * by);
});

// the controls

form.addEventListener("input", ({ target }) => {
  const line = target.closest("li, .row");
  if (target.matches(".log")) line.querySelector("[name=size]").value = Number((low * (high / low) ** (target.value / 100)).toPrecision(3));
  else if (target.matches("[data-for]")) form.elements[target.dataset.for].value = target.value;
  else if (target.name === "size" && target.value > 0) line.querySelector(".log").value = 100 * Math.log(target.value / low) / Math.log(high / low);
  else line?.querySelector("[data-for]")?.setAttribute("value", target.value);
  draw();
});
form.addEventListener("submit", (event) => { event.preventDefault(); draw(); });

function changed() {
  [...rules.children].forEach((line, i) => {
    line.querySelector("svg.key").replaceWith(key(i));
    line.querySelector("select").setAttribute("aria-label", `rule ${i + 1}`);
    line.querySelector("[name=size]").setAttribute("aria-label", `step size of rule ${i + 1}`);
    line.querySelector(".log").setAttribute("aria-label", `step size of rule ${i + 1}, logarithmic`);
    line.querySelector("[data-remove]").setAttribute("aria-label", `remove rule ${i + 1}`);
    line.querySelector(".limit").id = `part-limit${i}`;
    line.querySelector("[data-remove]").disabled = rules.children.length === 1;
  });
  add.disabled = rules.children.length >= Number(add.dataset.most);
  draw();
}

add.addEventListener("click", () => {
  const line = rules.lastElementChild.cloneNode(true);
  const taken = new Set([...rules.querySelectorAll("select")].map((each) => each.value));
  const free = ["sgd", "momentum", "nesterov", "adamw", "rmsprop", "lion", "adagrad", "nadam"].find((each) => !taken.has(each));
  line.querySelector("select").value = free ?? rules.lastElementChild.querySelector("select").value;
  rules.append(line);
  changed();
  line.querySelector("select").focus();
});

rules.addEventListener("click", ({ target }) => {
  if (!target.closest("[data-remove]") || rules.children.length === 1) return;
  target.closest("li").remove();
  changed();
  add.focus();
});
