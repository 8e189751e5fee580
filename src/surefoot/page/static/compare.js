// Several runs: one curve of each over another, and what is new in those that go on.
import { asked, keep } from "./address.js";
import { Chart } from "./chart.js";
import { Column, embedded } from "./data.js";
import { Stream } from "./live.js";
import { onTheme } from "./theme.js";
import { View } from "./view.js";

class ComparePage {
  constructor(sent) {
    this.runs = sent.map((each, i) => ({ ...each, letter: "ABCDEFGHIJ"[i], columns: new Map(Object.entries(each.series).map(([name, column]) => [name, new Column(column)])) }));
    this.view = new View((what) => (what === "axes" ? this.chart.build() : this.chart.refresh()));
    this.pick = document.getElementById("column");
    this.choices();
    this.pick.addEventListener("change", () => { keep("column", this.pick.value, "validation_penalty"); this.draw(); });
    this.draw();
    onTheme(() => this.chart.build());
    if (this.runs.some(({ ended }) => !ended)) this.stream = new Stream(() => this.where(), { news: (news) => this.hear(news) });
  }

  choices() {
    const names = new Set(this.runs.flatMap(({ columns }) => [...columns.keys()]));
    const wanted = asked("column", names.has("validation_penalty") ? "validation_penalty" : "penalty");
    this.pick.replaceChildren(...[...names].map((name) => new Option(name.replaceAll("_", " "), name, false, name === wanted)));
  }

  where() {
    const query = new URLSearchParams(this.runs.map(({ id }) => ["run", id]));
    query.set("after", this.runs.map(({ cursor }) => cursor).join("|"));
    return `/compare/events?${query}`;
  }

  lines() {
    const several = new Set(this.runs.map(({ title }) => title)).size < this.runs.length;
    return this.runs.map(({ letter, title, columns }, ink) => ({ label: several || true ? `${letter} · ${title}` : title, column: columns.get(this.pick.value) ?? new Column(), ink, dots: this.sparse(columns.get(this.pick.value)) }));
  }

  sparse(column) { return !column || column.length < 60; }

  draw() {
    const name = this.pick.value, lines = this.lines();
    this.view.last = Math.max(1, ...lines.map(({ column }) => column.last()));
    const usual = ["penalty", "validation_penalty", "gradient_norm", "update_ratio"].includes(name) && lines.every(({ column }) => column.least.every((value) => !(value <= 0)));
    const log = asked("log", usual ? "1" : "0") === "1";
    this.chart = new Chart({ name, title: this.pick.selectedOptions[0].textContent.replace(/^./, (first) => first.toUpperCase()), log, first: true, onLog: (on) => { keep("log", on ? "1" : "0", null); this.files(name, on); } }, lines, this.view);
    document.getElementById("charts").replaceChildren(this.chart.figure);
    this.chart.size();
    this.files(name, log);
  }

  files(name, log) {
    const place = document.getElementById("files"), query = new URLSearchParams(this.runs.map(({ id }) => ["run", id]));
    if (log) query.set("log", "1");
    const where = (kind) => `/compare/${encodeURIComponent(name)}.${kind}?${query}`;
    for (const link of place.querySelectorAll("[data-file]")) link.href = where(link.dataset.file);
    Object.assign(place.querySelector("[data-png]").dataset, { png: where("svg"), name: `compare-${name.replaceAll("/", "-")}.png` });
    place.hidden = false;
  }

  hear(news) {
    for (const each of news) {
      const run = this.runs.find(({ id }) => id === each.id);
      if (!run || each.gone) continue;
      run.cursor = each.cursor;
      run.ended = each.ended;
      if (each.again) run.columns.clear();
      for (const [name, sent] of Object.entries(each.series)) {
        if (!run.columns.has(name)) run.columns.set(name, new Column());
        run.columns.get(name).add(new Column(sent));
      }
    }
    this.chart.lines = this.lines();
    this.view.last = Math.max(1, ...this.chart.lines.map(({ column }) => column.last()));
    this.chart.refresh();
    if (this.runs.every(({ ended }) => ended)) this.stream.end();
  }
}

const sent = embedded();
if (sent) document.page = new ComparePage(sent);
