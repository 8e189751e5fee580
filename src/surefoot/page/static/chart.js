// A chart of one or several columns: the mean, and behind it the least and the greatest of each bucket.
/* global uPlot */
import { said, whole } from "./data.js";
import { DASHES, ink, key, make } from "./theme.js";

const SHADES = { search: "search", "warm-up": "warm", hold: "hold", "cool-down": "cool" };

export class Chart {
  // about: {name, title, log, first}; lines: [{label, column, ink, dots}]; view: what all charts of a page share
  constructor(about, lines, view) {
    this.about = about;
    this.lines = lines;
    this.view = view;
    this.log = about.log;
    this.figure = make("figure", { class: about.first ? "first" : null });
    this.toggle = make("input", { type: "checkbox" });
    this.toggle.checked = this.log;
    this.toggle.addEventListener("change", () => { this.log = this.toggle.checked; this.build(); about.onLog?.(this.log); });
    const caption = make("figcaption", {}, make("h2", {}, about.title), make("label", {}, this.toggle, "log axis"));
    this.legend = make("div", { class: "legend" });
    this.plot = make("div", { class: "plot", role: "img" });
    this.table = make("details", { class: "as-table" }, make("summary", {}, "Show as table"), make("div", { tabindex: "0", role: "region", "aria-label": `${about.title} as a table` }));
    this.table.addEventListener("toggle", () => this.tell());
    this.figure.append(caption, this.legend, this.plot, this.table);
    new ResizeObserver(() => this.size()).observe(this.plot);
  }

  height() { return this.about.first ? 300 : 210; }

  size() {
    const width = this.plot.clientWidth;
    if (!this.drawn && width) this.build();
    else if (this.drawn && width && Math.abs(this.drawn.width - width) > 1) this.drawn.setSize({ width, height: this.height() });
  }

  // x, and for each line least, greatest and mean, all over the same steps
  data() {
    const steps = new Set();
    for (const { column } of this.lines) for (let i = 0; i < column.length; i++) steps.add(column.step(i));
    const across = Float64Array.from(steps).sort();
    const place = new Map();
    across.forEach((step, i) => place.set(step, i));
    const found = [Array.from(across, (step) => step + (this.view.logx ? 1 : 0))];
    for (const line of this.lines) found.push(...this.three(line, place, across.length));
    return found;
  }

  three(line, place, length) {
    const { column } = line;
    const lists = [column.least, column.greatest, line.dots ? column.mean : column.smoothed(this.view.window())];
    return lists.map((values) => {
      const found = new Array(length).fill(null);
      for (let i = 0; i < column.length; i++) {
        const good = Number.isFinite(values[i]) && (values[i] > 0 || !this.log);
        if (good) found[place.get(column.step(i))] = values[i];
      }
      return found;
    });
  }

  build() {
    if (!this.plot.clientWidth) return;
    this.drawn?.destroy();
    this.drawn = new uPlot(this.options(), this.data(), this.plot);
    this.range();
    this.tell();
  }

  options() {
    const grid = { stroke: ink("line"), width: 1 };
    const axis = { stroke: ink("dim"), grid, ticks: { ...grid, size: 4 }, font: `12px ${ink("text")}` };
    const up = { ...axis, size: 62, values: (_, splits) => splits.map((value) => (value === null ? "" : said(value))) };
    const far = { ...axis, size: 34, values: (_, splits) => splits.map((value) => (value === null ? "" : whole(this.view.logx ? value : value))) };
    return {
      width: this.plot.clientWidth, height: this.height(), legend: { show: false }, padding: [10, 26, 0, 0],
      scales: { x: { time: false, distr: this.view.logx ? 3 : 1 }, y: { distr: this.log ? 3 : 1, range: (_, low, high) => (this.log ? decades(low, high) : around(low, high)) } },
      axes: [far, up], series: [{}, ...this.lines.flatMap((line) => this.series(line))],
      bands: this.lines.map((_, i) => ({ series: [3 * i + 2, 3 * i + 1], fill: alpha(ink(`i${this.lines[i].ink % 6}`), 0.2) })),
      cursor: { sync: { key: "steps" }, drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
      hooks: { drawClear: [(u) => this.shade(u)], draw: [(u) => this.mark(u)], setCursor: [(u) => this.read(u)], setSelect: [(u) => this.chosen(u)] },
    };
  }

  series(line) {
    const stroke = ink(`i${line.ink % 6}`);
    const edge = { stroke: alpha(stroke, 0.38), width: 1, points: { show: false }, spanGaps: true };
    const dense = line.column.length > 60;
    return [edge, { ...edge }, {
      stroke, width: 2, dash: DASHES[line.ink % 6], spanGaps: true,
      points: { show: Boolean(line.dots && !line.exact && !dense), size: 5, fill: ink("paper"), stroke },
    }];
  }

  refresh() {
    if (!this.drawn) { this.size(); return; }
    this.drawn.setData(this.data(), false);
    this.range();
    this.tell();
  }

  range() {
    const [low, high] = this.view.range();
    const more = this.view.logx ? 1 : 0;
    this.drawn.setScale("x", { min: Math.max(low, 0) + more, max: Math.max(high, low + 1) + more });
  }

  chosen(u) {
    const { left, width } = u.select;
    if (width < 4) return;
    const more = this.view.logx ? 1 : 0;
    const ends = [u.posToVal(left, "x") - more, u.posToVal(left + width, "x") - more];
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.view.show(Math.max(0, Math.round(ends[0])), Math.round(ends[1]));
  }

  shade(u) {
    const { ctx, bbox } = u;
    const more = this.view.logx ? 1 : 0;
    ctx.save();
    ctx.beginPath(); ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height); ctx.clip();
    for (const { kind, first, end } of this.view.phases()) {
      const from = u.valToPos(Math.max(first, 0) + more, "x", true);
      ctx.fillStyle = ink(SHADES[kind]);
      ctx.fillRect(from, bbox.top, u.valToPos(end + more, "x", true) - from, bbox.height);
    }
    ctx.restore();
  }

  // events as lines from top to bottom with a sign; the best steps as stars on the line of checks
  mark(u) {
    const { ctx, bbox } = u;
    const more = this.view.logx ? 1 : 0, ratio = devicePixelRatio;
    ctx.save();
    ctx.beginPath(); ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height); ctx.clip();
    ctx.font = `${12 * ratio}px ${ink("text")}`; ctx.textAlign = "center"; ctx.textBaseline = "top";
    for (const { step, sign, grave } of this.view.marks()) {
      const at = u.valToPos(step + more, "x", true);
      ctx.strokeStyle = ctx.fillStyle = ink(grave ? "orange" : "edge");
      ctx.setLineDash([3 * ratio, 3 * ratio]); ctx.lineWidth = ratio;
      ctx.beginPath(); ctx.moveTo(at, bbox.top + 15 * ratio); ctx.lineTo(at, bbox.top + bbox.height); ctx.stroke();
      ctx.fillText(sign, at, bbox.top + ratio);
    }
    ctx.restore();
    ctx.save();
    const best = this.about.best?.();
    const [low, high] = this.view.range();
    if (best && best.step >= low && best.step <= high) {
      const [x, y] = [u.valToPos(best.step + more, "x", true), u.valToPos(best.value, "y", true)];
      ctx.textAlign = "center"; ctx.textBaseline = "middle"; ctx.font = `${17 * ratio}px ${ink("text")}`; ctx.fillStyle = ink("ink");
      ctx.fillText("★", x, y - 12 * ratio);
    }
    ctx.restore();
  }

  read(u) {
    const at = u.cursor.idx;
    const live = at !== null && at !== undefined && u.cursor.left >= 0;
    const parts = this.lines.map((line, i) => {
      const value = live ? near(u.data[3 * i + 3], at) : latest(u.data[3 * i + 3]);
      return make("span", {}, key(line.ink), ` ${line.label} `, make("b", {}, said(value)));
    });
    const lost = this.lines.reduce((sum, { column }) => sum + column.bad.reduce((a, b) => a + b, 0), 0);
    const where = live ? make("span", {}, `step ${whole(u.data[0][at] - (this.view.logx ? 1 : 0))}`) : "";
    this.legend.replaceChildren(...parts, lost ? make("span", {}, `⚠ ${whole(lost)} not finite`) : "", where);
  }

  tell() {
    this.plot.setAttribute("aria-label", this.lines.map((line) => sentence(line, this.about)).join(". "));
    if (this.drawn) this.read(this.drawn);
    if (this.table.open) this.table.lastChild.replaceChildren(this.rows());
  }

  rows() {
    const head = make("tr", {}, make("th", { scope: "col" }, "step"));
    for (const { label } of this.lines) head.append(make("th", { scope: "col", class: "right" }, label), make("th", { scope: "col", class: "right" }, "least – greatest"));
    const body = make("tbody");
    const [low, high] = this.view.range();
    const longest = this.lines.map((line) => line.column).reduce((a, b) => (b.length > a.length ? b : a));
    const inside = [...Array(longest.length).keys()].filter((i) => longest.step(i) >= low && longest.step(i) <= high);
    const every = Math.max(1, Math.ceil(inside.length / 40));
    for (const i of inside.filter((_, n) => n % every === 0)) {
      const row = make("tr", {}, make("th", { scope: "row" }, whole(longest.step(i))));
      for (const { column } of this.lines) {
        const at = column === longest ? i : before(column, longest.step(i));
        row.append(make("td", { class: "right figure" }, at < 0 ? "–" : said(column.mean[at])), make("td", { class: "right figure" }, at < 0 ? "–" : `${said(column.least[at])} – ${said(column.greatest[at])}`));
      }
      body.append(row);
    }
    return make("table", {}, make("thead", {}, head), body);
  }
}

function sentence({ label, column }, { title }) {
  const good = column.mean.filter(Number.isFinite);
  if (!good.length) return `${label}: nothing yet`;
  const way = good.at(-1) < good[0] ? "fell" : good.at(-1) > good[0] ? "rose" : "stayed";
  const least = Math.min(...column.least.filter(Number.isFinite)), greatest = Math.max(...column.greatest.filter(Number.isFinite));
  return `${title}, ${label}: ${way} from ${said(good[0])} to ${said(good.at(-1))} by step ${whole(column.step(column.length - 1))}, between ${said(least)} and ${said(greatest)}`;
}

function around(low, high) {
  if (low === null || !Number.isFinite(low)) return [0, 1];
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
}

function decades(low, high) {
  if (!(low > 0)) return [0.1, 1];
  if (high / low > 100) return uPlot.rangeLog(low, high, 10, true);
  const unit = (value) => 10 ** Math.floor(Math.log10(value));
  const ends = [Math.floor(low / unit(low)) * unit(low), Math.ceil(high / unit(high)) * unit(high)];
  return ends[1] > ends[0] ? ends : [ends[0], ends[0] * 2];
}

function before(column, step) {
  let found = -1;
  for (let i = 0; i < column.length && column.step(i) <= step; i++) found = i;
  return found;
}

function near(values, at) {
  for (let i = at; i >= 0 && i > at - 400; i--) if (values[i] !== null && values[i] !== undefined) return values[i];
  return null;
}

function latest(values) {
  return near(values, values.length - 1);
}

function alpha(colour, share) {
  return `${colour}${Math.round(255 * share).toString(16).padStart(2, "0")}`;
}
