// Studying: each key finds its button, each answer is sent before the next question is shown, and focus goes along.
import { toast } from "./rename.js";

const play = document.getElementById("play"), said = document.getElementById("said");
const fault = document.getElementById("study-fault");
const AT_ONCE = new Set(["learn", "spaced"]); // ways that have nothing to choose before they begin
let queue = Promise.resolve();

async function posted(path, body) {
  fault.textContent = "";
  try {
    const answer = await fetch(path, { method: "POST", body });
    const json = answer.headers.get("content-type")?.startsWith("application/json");
    const told = json ? await answer.json() : { text: await answer.text() };
    if (answer.ok) return told;
    fault.textContent = told.fault ?? told.text;
  } catch {
    fault.textContent = "The page does not answer: start it again with surefoot page. Every answer that was given is kept.";
  }
  return null;
}

async function begin(path, body) {
  const told = await posted(path, body);
  if (told) location.assign(told.where);
}

// playing

const state = () => document.getElementById("state");

function act(what, text, turn) {
  queue = queue.then(() => acted(what, text, turn ?? state().dataset.turn));
}

async function acted(what, text, turn) {
  const told = await posted(location.pathname, new URLSearchParams({ turn, act: what, text }));
  if (told?.where) location.assign(told.where);
  else if (told) show(told.text);
}

function show(text) {
  const place = document.activeElement?.dataset?.place;
  play.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
  settle(place);
  const told = play.querySelector("[data-say]");
  said.textContent = told ? told.textContent : "";
}

function settle(place) {
  const tiles = [...play.querySelectorAll("[data-place]")];
  const near = place === undefined ? null : tiles.find((each) => each.dataset.place === place) ?? tiles.find((each) => Number(each.dataset.place) > Number(place)) ?? tiles[0];
  const next = near ?? play.querySelector("[data-focus]") ?? play.querySelector("[data-place]");
  next?.focus({ preventScroll: Boolean(near) });
  for (const each of tiles) each.tabIndex = each === next ? 0 : -1;
  const asks = document.getElementById("asks");
  if (asks && !near && asks.getBoundingClientRect().top < 60) scrollTo(0, 0);
}

// where the arrows lead among the tiles that lie: left and right as one reads, so that each is reached; up and down by place
function beside(tile, key) {
  const tiles = [...play.querySelectorAll("[data-place]")];
  if (key === "ArrowLeft" || key === "ArrowRight") return tiles[tiles.indexOf(tile) + (key === "ArrowRight" ? 1 : -1)];
  const middle = (each) => { const box = each.getBoundingClientRect(); return [box.left + box.width / 2, box.top + box.height / 2]; };
  const [left, top] = middle(tile), way = key === "ArrowDown" ? 1 : -1;
  let best = null, least = Infinity;
  for (const each of tiles) {
    const [x, y] = middle(each), along = way * (y - top), far = along + 3 * Math.abs(x - left);
    if (along > 4 && far < least) [best, least] = [each, far];
  }
  return best;
}

function go(tile, key) {
  const next = beside(tile, key);
  if (!next) return;
  tile.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

async function open(name) {
  const dialog = document.getElementById(name), address = state().dataset.demo;
  if (name === "demo") {
    const drawn = document.getElementById("demo-drawn");
    const answer = await fetch(address);
    drawn.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
  }
  if (dialog.open) return;
  dialog.showModal();
  dialog.querySelector("h2").focus();
  dialog.scrollTo(0, 0);
}

// keys

const written = (each) => each.matches("input:not([type=checkbox]), textarea, select");
const native = (each) => each.matches("a[href], button, summary, input, select, textarea");

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const at = event.target, name = event.key === " " ? "space" : event.key;
  if (at.dataset?.place && name.startsWith("Arrow")) { event.preventDefault(); go(at, name); return; }
  if (written(at) && name !== "Escape") return;
  if (native(at) && (name === "space" || name === "Enter")) return;
  const words = document.querySelector(`[data-toggle="${CSS.escape(name)}"]`);
  if (words) words.open = !words.open;
  const found = document.querySelector(`[data-key~="${CSS.escape(name)}"]`);
  if (!found || event.repeat) return;
  event.preventDefault();
  found.click();
}

function clicked(event) {
  const at = event.target.closest("[data-act], [data-open], [data-begin], [data-forget]");
  if (!at) return;
  if (at.dataset.act) act(at.dataset.act, at.dataset.text ?? "", at.dataset.place ? undefined : state().dataset.turn);
  if (at.dataset.open) open(at.dataset.open);
  if (at.dataset.forget) forget(at.dataset.forget);
  const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.button;
  if (AT_ONCE.has(at.dataset.begin) && "mayChange" in document.body.dataset && !elsewhere) { event.preventDefault(); begin(at.pathname, ""); }
}

document.addEventListener("keydown", pressed);
document.addEventListener("click", clicked);
play?.addEventListener("submit", (event) => {
  event.preventDefault();
  act("answer", event.target.elements.text.value, state().dataset.turn);
});
document.getElementById("begin")?.addEventListener("submit", (event) => {
  event.preventDefault();
  begin(new URL(event.target.action).pathname, new URLSearchParams(new FormData(event.target)));
});
if (play) settle();

let seen = null, since = 0;
setInterval(() => {
  const clock = document.querySelector("[data-elapsed]");
  if (!clock) return;
  if (clock !== seen) [seen, since] = [clock, performance.now()];
  clock.textContent = `${(Number(clock.dataset.elapsed) + (performance.now() - since) / 1000).toFixed(1)} s`;
}, 100);

// decks of one's own

async function forget(deck) {
  const told = await posted(`/study/${deck}/forget`, "");
  if (!told) return;
  document.querySelector(`tr[data-deck="${CSS.escape(told.forgotten)}"]`)?.remove();
  toast(`${told.title} was put away; its answers stay.`, async () => { if (await posted(`/study/${deck}/restore`, "")) location.reload(); });
}

document.getElementById("take")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const file = event.target.elements.file.files[0], taken = document.getElementById("taken");
  taken.replaceChildren();
  if (!file) { fault.textContent = "Choose a file first."; return; }
  const told = await posted(`/study?name=${encodeURIComponent(file.name)}`, file);
  if (!told) return;
  const list = document.createElement("ul");
  for (const line of told.told) list.append(Object.assign(document.createElement("li"), { textContent: line }));
  const again = Object.assign(document.createElement("a"), { href: "/study", textContent: "Show the decks" });
  taken.replaceChildren(list, again);
});
