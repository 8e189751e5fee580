// One run: its curves, its layers, what was found in it, and what is new in it while it goes on.
import { asked, keep } from "./address.js";
import { Chart } from "./chart.js";
import { Column, embedded, said, whole } from "./data.js";
import { Heat } from "./heat.js";
import { Stream } from "./live.js";
import { renamed } from "./rename.js";
import { make, onTheme } from "./theme.js";
import { View } from "./view.js";

const SIGNS = { finding: "!", fell: "▼", skipped: "✕", resumed: "↻", cooling: "↘", stopped: "■", failed: "✕", diverged: "✕" };
const TITLES = { penalty: "Penalty", step_size: "Step size", gradient_norm: "Gradient norm", update_ratio: "Update over weight" };
const LOGS = new Set(["penalty", "gradient_norm", "update_ratio"]);

class RunPage {
  constructor(sent) {
    this.alone = "alone" in document.body.dataset;
    this.maps = sent.maps;
    this.charts = new Map();
    this.columns = new Map();
    this.fine = new Map();
    this.logs = new Set((asked("log", null) ?? "-").split(",").filter(Boolean));
    this.chosenLogs = asked("log", null) !== null;
    this.view = new View((what) => this.changed(what));
    this.heat = new Heat(document.getElementById("heat"), this.view);
    this.which = document.getElementById("which");
    this.which.value = asked("map", "update_ratio");
    if (!this.which.value) this.which.value = "update_ratio";
    this.which.addEventListener("change", () => this.other());
    this.take(sent);
    this.story();
    if (this.view.chosen) this.closer();
    document.addEventListener("click", (event) => this.click(event));
    onTheme(() => { for (const chart of this.charts.values()) chart.build(); this.heat.draw(); });
    if (!this.alone && !sent.ended) this.stream = new Stream(() => this.where(), { news: (news) => news.forEach((each) => this.hear(each)) });
    if (!this.alone) renamed(document.getElementById("rename"), document.getElementById("title"), sent.id);
  }

  where() {
    return `/run/${encodeURIComponent(this.id)}/events?after=${encodeURIComponent(this.cursor)}&map=${this.which.value}`;
  }

  take(sent) {
    this.id = sent.id;
    this.cursor = sent.cursor;
    this.events = sent.events;
    this.columns = new Map(Object.entries(sent.series).map(([name, each]) => [name, new Column(each)]));
    this.fine.clear();
    this.glance(sent);
    this.layout();
    const layers = this.maps?.[this.which.value] ?? sent.map;
    document.getElementById("layers").hidden = !layers.names.length;
    if (layers.names.length) this.heat.set(layers);
  }

  glance(sent) {
    this.view.last = Math.max(sent.taken - 1, ...[...this.columns.values()].map((column) => column.last()), 1);
    this.view.shaded = sent.phases.length ? sent.phases : this.view.shaded;
    this.view.marked = this.events.filter(({ kind }) => kind in SIGNS).map(({ step, kind }) => ({ step, sign: SIGNS[kind], grave: kind !== "resumed" && kind !== "cooling" && kind !== "stopped" }));
    this.total = sent.total;
    document.getElementById("taken").textContent = whole(sent.taken);
    document.getElementById("best").textContent = said(sent.best);
    this.ribbon(sent);
  }

  ribbon(sent) {
    const place = document.getElementById("ribbon"), end = Math.max(this.view.last, sent.total ?? 0, 1);
    const searched = this.events.some(({ kind }) => kind === "searched");
    const parts = sent.phases.map(({ kind, first, end: last }) => {
      const part = make("span", { class: kind, title: `${kind}: steps ${first} to ${last - 1}` }, `${kind} · ${whole(last - first)}`);
      part.style.flex = `${Math.max(last - first, end / 50)} 1 0`;
      return part;
    });
    if (searched) { const part = make("span", { class: "search" }, "search"); part.style.flex = "0 0 4.5rem"; parts.unshift(part); }
    place.replaceChildren(...parts);
    place.hidden = !parts.length;
    place.setAttribute("aria-label", `phases: ${parts.map((part) => part.textContent).join(", ")} steps`);
  }

  // penalty first, then metrics, step size, and what the layers say
  layout() {
    const place = document.getElementById("charts");
    const metrics = [...this.columns.keys()].filter((name) => !["penalty", "validation_penalty", "step_size", "gradient_norm", "update_ratio"].includes(name));
    for (const name of ["penalty", ...metrics, "step_size", "gradient_norm", "update_ratio"]) {
      const there = this.columns.has(name) || (name === "penalty" && this.columns.has("validation_penalty"));
      if (!there || this.charts.has(name)) continue;
      const chart = new Chart(this.about(name), this.lines(name), this.view);
      this.charts.set(name, chart);
      place.append(chart.figure);
    }
    for (const [name, chart] of this.charts) { chart.lines = this.lines(name); chart.refresh(); }
  }

  about(name) {
    const log = this.chosenLogs ? this.logs.has(name) : LOGS.has(name) && this.positive(name);
    const title = TITLES[name] ?? name.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());
    return { name, title, log, first: name === "penalty", best: name === "penalty" ? () => this.best() : null, onLog: () => this.keepLogs() };
  }

  positive(name) { return this.lines(name).every(({ column }) => column.least.every((value) => !(value <= 0))); }

  keepLogs() {
    this.chosenLogs = true;
    keep("log", [...this.charts].filter(([, chart]) => chart.log).map(([name]) => name).join(",") || "-", null);
  }

  lines(name) {
    if (name !== "penalty") return [{ label: name === "step_size" ? "step size" : TITLES[name]?.toLowerCase() ?? name, column: this.column(name), ink: 0, dots: !["gradient_norm", "update_ratio"].includes(name), exact: name === "step_size" }];
    const both = [{ label: "training", column: this.column("penalty"), ink: 0 }];
    if (this.columns.has("validation_penalty")) both.push({ label: "validation", column: this.column("validation_penalty"), ink: 1, dots: true });
    return both;
  }

  column(name) { return this.fine.get(name) ?? this.columns.get(name) ?? new Column(); }

  best() {
    const event = this.events.findLast(({ kind }) => kind === "best"), column = this.columns.get("validation_penalty");
    if (!event || !column) return null;
    const at = column.ids.indexOf(Math.floor(event.step / 2 ** column.level));
    return at < 0 ? null : { step: event.step, value: column.least[at] };
  }

  changed(what) {
    if (what === "axes") for (const chart of this.charts.values()) chart.build();
    else for (const chart of this.charts.values()) chart.refresh();
    this.heat.draw();
    if (what === "range") { clearTimeout(this.asking); this.asking = setTimeout(() => this.closer(), 120); }
  }

  // a part of a long run in finer buckets; what is there already is not asked for
  async closer() {
    const [first, last] = this.view.range(), before = this.fine;
    this.fine = new Map();
    const wanted = this.view.chosen && !this.alone ? [...this.columns] : [];
    await Promise.all(wanted.map(([name, column]) => this.part(name, column, before.get(name), first, last)));
    this.layout();
  }

  async part(name, column, before, first, last) {
    let level = 0;
    while ((last - first) / 2 ** level > 1200) level += 1;
    if (level >= column.level || name === "gradient_norm" || name === "update_ratio") return;
    if (before?.level === level && before.first() <= first && before.last() >= Math.min(last, column.last())) { this.fine.set(name, before); return; }
    const answer = await fetch(`/run/${encodeURIComponent(this.id)}/part?name=${encodeURIComponent(name)}&level=${level}&first=${Math.floor(first)}&last=${Math.ceil(last)}`);
    if (answer.ok && this.view.range()[0] === first) this.fine.set(name, new Column(await answer.json()));
  }

  hear(news) {
    if (news.gone) { this.stream.end(); document.getElementById("note").textContent = "This run has been deleted."; return; }
    if (news.again) { this.take(news); this.tell(); return; }
    this.cursor = news.cursor;
    this.events.push(...news.events);
    for (const [name, each] of Object.entries(news.series)) {
      if (!this.columns.has(name)) this.columns.set(name, new Column());
      this.columns.get(name).add(new Column(each));
      const fine = this.fine.get(name), later = new Column(each);
      if (fine && later.first() <= fine.last() + 1) fine.add(later);
    }
    if (news.map?.names.length && (news.map.which === this.which.value)) { document.getElementById("layers").hidden = false; this.heat.add(news.map); }
    this.glance(news);
    this.layout();
    performance.mark("drawn", { detail: news.cursor });
    const state = `${news.state} ${news.ended} ${news.tried} ${this.events.filter(({ kind }) => kind !== "best").length} ${this.events.length > 0}`;
    if (state !== this.state) { this.state = state; this.tell(); }
    if (news.ended) this.stream.end();
  }

  async other() {
    keep("map", this.which.value, "update_ratio");
    if (this.maps) { this.heat.set(this.maps[this.which.value]); return; }
    const answer = await fetch(`/run/${encodeURIComponent(this.id)}/layers?map=${this.which.value}`);
    if (answer.ok) this.heat.set(await answer.json());
    this.stream?.again();
  }

  // what stands in words is written by the server; the focus stays where it was
  async tell() {
    const answer = await fetch(`/run/${encodeURIComponent(this.id)}/story`);
    if (!answer.ok) return;
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["story", "verdict", "state"]) {
      const [old, fresh] = [document.getElementById(id), found.getElementById(`new-${id}`)];
      if (fresh && old.innerHTML !== fresh.innerHTML && !old.contains(document.activeElement)) old.replaceChildren(...fresh.childNodes);
    }
    this.story();
  }

  story() {
    const line = document.getElementById("timeline"), end = Math.max(this.view.last, this.total ?? 0, 1);
    const bands = this.view.shaded.map(({ kind, first, end: last }) => { const band = make("i", { class: kind }); band.style.left = `${100 * first / end}%`; band.style.width = `${100 * (last - first) / end}%`; return band; });
    const marks = this.events.filter(({ kind }) => kind in SIGNS).map(({ step, kind, text }) => {
      const button = make("button", { type: "button", class: kind === "resumed" || kind === "cooling" || kind === "stopped" ? null : "grave", "data-show": step, title: `step ${step}: ${text}`, "aria-label": `show step ${step}: ${kind}` }, SIGNS[kind]);
      button.style.left = `${Math.min(Math.max(100 * step / end, 1), 99)}%`;
      return button;
    });
    line.replaceChildren(...bands, ...marks);
    line.hidden = !marks.length;
  }

  click(event) {
    const shown = event.target.closest("[data-show]");
    if (!shown) return;
    const layers = (shown.dataset.layers ?? "").split("|").filter(Boolean);
    if (shown.dataset.show !== "") {
      const step = Number(shown.dataset.show), room = Math.max(20, Math.round(this.view.last / 20));
      this.view.show(Math.max(0, step - room), step + room);
    }
    this.heat.light(layers);
    const place = layers.length && !document.getElementById("layers").hidden ? document.getElementById("layers") : document.getElementById("charts");
    place.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth", block: "start" });
  }
}

const sent = embedded();
if (sent) document.page = new RunPage(sent);
