// Layers over time as a picture: a row for each tensor, a column for each bucket of steps, colour for size.
import { said, unpack, whole } from "./data.js";
import { ink, make } from "./theme.js";

const RAMP = [[68, 1, 84], [71, 45, 123], [59, 82, 139], [44, 114, 142], [33, 145, 140], [40, 174, 128], [94, 201, 98], [173, 220, 48], [253, 231, 37]];
const WIDEST = 384;
const GONE = 0.995;

// What is a share is drawn as one, from nothing to all; it alone leaves out the tensors that have none.
const SHARES = { dead_share: "share of a layer's outputs that got no gradient" };

export class Heat {
  constructor(place, view) {
    this.place = place;
    this.view = view;
    this.names = make("div", { class: "names", "aria-hidden": "true" });
    this.canvas = make("canvas", { role: "img" });
    this.frame = make("div", { class: "frame", tabindex: "0", role: "group", "aria-label": "layers over time; the arrow keys read single cells" }, this.names, make("div", {}, this.canvas));
    this.scale = make("canvas", { width: 176, height: 1, "aria-hidden": "true" });
    this.low = make("span");
    this.high = make("span");
    this.out = make("output", { "aria-live": "polite" });
    this.words = make("span");
    this.gone = make("p", { class: "gone", hidden: true });
    place.append(this.frame, make("div", { class: "under" }, this.low, this.scale, this.high, this.words, this.out), this.gone);
    this.cell = null;
    this.rows = [];
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => { this.cell = null; this.read(); });
    this.frame.addEventListener("keydown", (event) => this.move(event));
    new ResizeObserver(() => this.draw()).observe(this.frame);
  }

  set(sent) {
    this.tensors = sent.names;
    this.share = SHARES[sent.which];
    this.cell = null;
    this.level = sent.level;
    this.ids = Array.from(unpack(sent.ids, Int32Array));
    this.mean = sent.mean ? this.split(unpack(sent.mean, Float32Array)) : [];
    this.counts = sent.counts ? this.split(unpack(sent.counts, Int32Array)) : [];
    this.bad = sent.bad ? this.split(unpack(sent.bad, Int32Array)) : [];
    this.files(sent.which);
    this.label();
    this.draw();
  }

  // what can be downloaded is what is shown
  files(which) {
    for (const each of document.querySelectorAll("#layer-files a, #layer-files button")) {
      for (const { name, value } of [...each.attributes]) each.setAttribute(name, value.replace(/which=\w+/, `which=${which}`).replace(/\w+(?=\.layers\.png$)/, which));
    }
  }

  split(flat) {
    const wide = this.tensors.length;
    return this.ids.map((_, i) => Array.from(flat.subarray(i * wide, (i + 1) * wide)));
  }

  // later buckets of the same picture; old ones stay
  add(sent) {
    if (!this.ids?.length) { this.set(sent); return; }
    const later = new Later(sent, this.tensors.length);
    while (this.level < later.level) this.halve();
    for (let i = 0; i < later.ids.length; i++) this.put(Math.floor(later.ids[i] / 2 ** (this.level - later.level)), later.mean[i], later.counts[i], later.bad[i]);
    while (this.ids.length > WIDEST) this.halve();
    if (String(this.shown()) !== String(this.rows)) this.label();
    this.draw();
  }

  put(id, mean, counts, bad) {
    const at = this.ids.length - 1;
    if (at >= 0 && id < this.ids[at]) return;
    if (at < 0 || id > this.ids[at]) { this.ids.push(id); this.mean.push(mean); this.counts.push(counts); this.bad.push(bad); return; }
    for (let t = 0; t < mean.length; t++) {
      const [old, more] = [this.counts[at][t], counts[t]];
      if (more) this.mean[at][t] = old ? (this.mean[at][t] * old + mean[t] * more) / (old + more) : mean[t];
      this.counts[at][t] = old + more;
      this.bad[at][t] += bad[t];
    }
  }

  halve() {
    const { ids, mean, counts, bad } = this;
    [this.ids, this.mean, this.counts, this.bad] = [[], [], [], []];
    this.level += 1;
    ids.forEach((id, i) => this.put(Math.floor(id / 2), mean[i], counts[i], bad[i]));
  }

  // the tensors that have a row
  shown() {
    const all = this.tensors.map((_, t) => t), there = this.share ? all.filter((t) => this.counts.some((counts) => counts[t])) : all;
    return there.length ? there : all;
  }

  row() { return this.rows.length <= 40 ? 18 : this.rows.length <= 120 ? 13 : 6; }

  label() {
    this.rows = this.shown();
    this.cell = null;
    const tall = this.row();
    this.names.replaceChildren(...this.rows.map((t) => {
      const name = this.tensors[t];
      const found = make("span", { title: name }, tall > 8 ? make("bdi", {}, name) : "");
      found.style.height = `${tall}px`;
      return found;
    }));
  }

  light(layers) {
    [...this.names.children].forEach((name) => name.classList.toggle("lit", layers.some((each) => name.title === each || name.title.startsWith(`${each}.`))));
    this.names.querySelector(".lit")?.scrollIntoView({ block: "nearest" });
  }

  inside() {
    const [low, high] = this.view.range();
    const wide = 2 ** this.level;
    return this.ids.map((_, i) => i).filter((i) => (this.ids[i] + 1) * wide > low && this.ids[i] * wide <= high);
  }

  ends() {
    if (this.share) return [0, 1];
    const all = this.mean.flat().filter((value) => value > 0 && Number.isFinite(value)).sort((a, b) => a - b);
    if (!all.length) return [1e-3, 1];
    const [low, high] = [all[Math.floor(all.length * 0.02)], all[Math.floor((all.length - 1) * 0.98)]];
    return high > low * 1.01 ? [low, high] : [low / 2, high * 2];
  }

  draw() {
    const width = this.canvas.parentElement.clientWidth;
    if (!this.tensors?.length || !width) return;
    const tall = this.row(), ratio = devicePixelRatio, [low, high] = this.ends();
    this.canvas.width = width * ratio;
    this.canvas.height = tall * this.rows.length * ratio;
    this.canvas.style.height = `${tall * this.rows.length}px`;
    const ctx = this.canvas.getContext("2d");
    ctx.scale(ratio, ratio);
    const colour = this.share ? alarm() : (share) => blend(RAMP, share);
    for (const i of this.inside()) this.drawn(ctx, i, width, tall, (value) => colour(this.at(value, low, high)));
    if (this.cell) this.outline(ctx, width, tall);
    this.legend(low, high, colour);
    this.tell(low, high);
    this.warn();
  }

  // where a value is between the ends of the scale
  at(value, low, high) { return this.share ? value : Math.log(Math.max(value, 1e-300) / low) / Math.log(high / low); }

  says(value) { return this.share && value >= 0 ? `${said(100 * value)} %` : said(value); }

  x(step, width) {
    const [from, to] = this.view.range();
    if (this.view.logx) return (Math.log1p(Math.max(step, 0)) - Math.log1p(Math.max(from, 0))) / (Math.log1p(to) - Math.log1p(Math.max(from, 0))) * width;
    return (step - from) / Math.max(to - from, 1) * width;
  }

  drawn(ctx, i, width, tall, colour) {
    const wide = 2 ** this.level;
    const left = Math.round(this.x(this.ids[i] * wide, width)), right = Math.max(left + 1, Math.round(this.x((this.ids[i] + 1) * wide, width)));
    this.rows.forEach((t, at) => {
      const value = this.mean[i][t], top = at * tall;
      if (value >= 0) {
        ctx.fillStyle = colour(value);
        ctx.fillRect(left, top, right - left, tall - (tall > 8 ? 1 : 0));
      }
      if (this.bad[i][t]) {
        ctx.fillStyle = ink(this.share ? "ink" : "orange"); ctx.fillRect(left, top, Math.max(right - left, 3), tall - 1);
        ctx.fillStyle = ink("paper"); ctx.font = `${Math.min(tall, 11)}px ${ink("text")}`; ctx.fillText("✕", left, top + tall * 0.78);
      }
    });
  }

  outline(ctx, width, tall) {
    const wide = 2 ** this.level, [i, row] = this.cell;
    const left = this.x(this.ids[i] * wide, width);
    ctx.lineWidth = 2; ctx.strokeStyle = ink(this.share ? "ink" : "orange");
    ctx.strokeRect(left, row * tall, Math.max(3, this.x((this.ids[i] + 1) * wide, width) - left), tall - 1);
  }

  legend(low, high, colour) {
    const ctx = this.scale.getContext("2d");
    for (let x = 0; x < 176; x++) { ctx.fillStyle = colour(x / 175); ctx.fillRect(x, 0, 1, 1); }
    this.low.textContent = this.says(low);
    this.high.textContent = this.says(high);
    this.words.textContent = `${this.share ?? "log scale"} · ✕ not finite · blank: no figure`;
  }

  // what has no outputs left at the end stands there in words too
  warn() {
    const last = this.inside().at(-1), gone = this.share && last !== undefined ? this.rows.filter((t) => this.mean[last][t] >= GONE) : [];
    [...this.names.children].forEach((name, at) => name.classList.toggle("gone", gone.includes(this.rows[at])));
    const names = gone.slice(0, 6).map((t) => this.tensors[t]).join(", "), more = gone.length > 6 ? ` and ${gone.length - 6} more` : "";
    this.gone.textContent = gone.length ? `No output of ${names}${more} gets a gradient at the end of what is shown.` : "";
    this.gone.hidden = !gone.length;
  }

  tell(low, high) {
    const what = this.share ?? document.getElementById("which").selectedOptions[0].textContent;
    const size = this.share ? this.shares() : `most between ${said(low)} and ${said(high)}`;
    this.canvas.setAttribute("aria-label", `${what}, of ${this.rows.length} tensors over ${whole((this.ids.at(-1) + 1) * 2 ** this.level)} steps, ${size}`);
  }

  // the largest shares at the end of what is shown
  shares() {
    const last = this.inside().at(-1);
    const found = last === undefined ? [] : this.rows.filter((t) => this.mean[last][t] > 0).sort((a, b) => this.mean[last][b] - this.mean[last][a]);
    const most = found.slice(0, 3).map((t) => `${this.says(this.mean[last][t])} of ${this.tensors[t]}`).join(", ");
    return most ? `at the end ${most}` : "at the end none has such outputs";
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect(), at = event.clientX - box.left;
    const wide = 2 ** this.level;
    const i = this.inside().findLast((each) => this.x(this.ids[each] * wide, box.width) <= at);
    const row = Math.floor((event.clientY - box.top) / this.row());
    this.cell = i === undefined || !(row in this.rows) ? null : [i, row];
    this.read();
  }

  move(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const there = this.inside();
    if (!by || !there.length) return;
    event.preventDefault();
    const [i, row] = this.cell ?? [there.at(-1) - by[0], -by[1]];
    const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
    this.cell = [clamp(i + by[0], there[0], there.at(-1)), clamp(row + by[1], 0, this.rows.length - 1)];
    this.read();
  }

  read() {
    this.draw();
    if (!this.cell) { this.out.textContent = ""; return; }
    const [i, row] = this.cell, t = this.rows[row], wide = 2 ** this.level, first = this.ids[i] * wide;
    const steps = wide === 1 ? `step ${whole(first)}` : `steps ${whole(first)} to ${whole(first + wide - 1)}`;
    this.out.textContent = `${this.tensors[t]} · ${steps} · ${this.says(this.mean[i][t])}${this.bad[i][t] ? " · not finite" : ""}`;
  }
}

class Later {
  constructor(sent, wide) {
    this.level = sent.level;
    this.ids = Array.from(unpack(sent.ids, Int32Array));
    const split = (flat) => this.ids.map((_, i) => Array.from(flat.subarray(i * wide, (i + 1) * wide)));
    this.mean = split(unpack(sent.mean, Float32Array));
    this.counts = split(unpack(sent.counts, Int32Array));
    this.bad = split(unpack(sent.bad, Int32Array));
  }
}

function blend(ramp, share) {
  const at = Math.min(Math.max(share, 0), 1) * (ramp.length - 1), i = Math.min(Math.floor(at), ramp.length - 2);
  const [r, g, b] = ramp[i].map((low, c) => Math.round(low + (ramp[i + 1][c] - low) * (at - i)));
  return `rgb(${r},${g},${b})`;
}

// from the grey of a line to the orange of a fault, in light and in dark
function alarm() {
  const ramp = ["line", "orange"].map((name) => [1, 3, 5].map((at) => parseInt(ink(name).slice(at, at + 2), 16)));
  return (share) => blend(ramp, share);
}
