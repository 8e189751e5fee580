// Layers over time as a picture: a row for each tensor, a column for each bucket of steps, colour for size.
import { said, unpack, whole } from "./data.js";
import { ink, make } from "./theme.js";

const RAMP = [[68, 1, 84], [71, 45, 123], [59, 82, 139], [44, 114, 142], [33, 145, 140], [40, 174, 128], [94, 201, 98], [173, 220, 48], [253, 231, 37]];
const WIDEST = 384;

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
    place.append(this.frame, make("div", { class: "under" }, this.low, this.scale, this.high, make("span", {}, "log scale · ✕ not finite · blank: not stepped"), this.out));
    this.cell = null;
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => { this.cell = null; this.read(); });
    this.frame.addEventListener("keydown", (event) => this.move(event));
    new ResizeObserver(() => this.draw()).observe(this.frame);
  }

  set(sent) {
    this.tensors = sent.names;
    this.level = sent.level;
    this.ids = Array.from(unpack(sent.ids, Int32Array));
    this.mean = sent.mean ? this.split(unpack(sent.mean, Float32Array)) : [];
    this.counts = sent.counts ? this.split(unpack(sent.counts, Int32Array)) : [];
    this.bad = sent.bad ? this.split(unpack(sent.bad, Int32Array)) : [];
    this.label();
    this.draw();
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

  row() { return this.tensors.length <= 40 ? 18 : this.tensors.length <= 120 ? 13 : 6; }

  label() {
    const tall = this.row();
    this.names.replaceChildren(...this.tensors.map((name) => {
      const found = make("span", { title: name }, tall > 8 ? make("bdi", {}, name) : "");
      found.style.height = `${tall}px`;
      return found;
    }));
  }

  light(layers) {
    [...this.names.children].forEach((name, i) => name.classList.toggle("lit", layers.some((each) => this.tensors[i] === each || this.tensors[i].startsWith(`${each}.`))));
    this.names.querySelector(".lit")?.scrollIntoView({ block: "nearest" });
  }

  inside() {
    const [low, high] = this.view.range();
    const wide = 2 ** this.level;
    return this.ids.map((_, i) => i).filter((i) => (this.ids[i] + 1) * wide > low && this.ids[i] * wide <= high);
  }

  ends() {
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
    this.canvas.height = tall * this.tensors.length * ratio;
    this.canvas.style.height = `${tall * this.tensors.length}px`;
    const ctx = this.canvas.getContext("2d");
    ctx.scale(ratio, ratio);
    for (const i of this.inside()) this.drawn(ctx, i, width, tall, low, high);
    if (this.cell) this.outline(ctx, width, tall);
    this.legend(low, high);
    this.tell(low, high);
  }

  x(step, width) {
    const [from, to] = this.view.range();
    if (this.view.logx) return (Math.log1p(Math.max(step, 0)) - Math.log1p(Math.max(from, 0))) / (Math.log1p(to) - Math.log1p(Math.max(from, 0))) * width;
    return (step - from) / Math.max(to - from, 1) * width;
  }

  drawn(ctx, i, width, tall, low, high) {
    const wide = 2 ** this.level;
    const left = Math.round(this.x(this.ids[i] * wide, width)), right = Math.max(left + 1, Math.round(this.x((this.ids[i] + 1) * wide, width)));
    this.mean[i].forEach((value, t) => {
      if (value >= 0) {
        ctx.fillStyle = colour(Math.log(Math.max(value, 1e-300) / low) / Math.log(high / low));
        ctx.fillRect(left, t * tall, right - left, tall - (tall > 8 ? 1 : 0));
      }
      if (this.bad[i][t]) {
        ctx.fillStyle = ink("orange"); ctx.fillRect(left, t * tall, Math.max(right - left, 3), tall - 1);
        ctx.fillStyle = ink("paper"); ctx.font = `${Math.min(tall, 11)}px ${ink("text")}`; ctx.fillText("✕", left, t * tall + tall * 0.78);
      }
    });
  }

  outline(ctx, width, tall) {
    const wide = 2 ** this.level, [i, t] = this.cell;
    const left = this.x(this.ids[i] * wide, width);
    ctx.lineWidth = 2; ctx.strokeStyle = ink("orange");
    ctx.strokeRect(left, t * tall, Math.max(3, this.x((this.ids[i] + 1) * wide, width) - left), tall - 1);
  }

  legend(low, high) {
    const ctx = this.scale.getContext("2d");
    for (let x = 0; x < 176; x++) { ctx.fillStyle = colour(x / 175); ctx.fillRect(x, 0, 1, 1); }
    this.low.textContent = said(low);
    this.high.textContent = said(high);
  }

  tell(low, high) {
    const what = document.getElementById("which").selectedOptions[0].textContent;
    this.canvas.setAttribute("aria-label", `${what} of ${this.tensors.length} tensors over ${whole((this.ids.at(-1) + 1) * 2 ** this.level)} steps, most between ${said(low)} and ${said(high)}`);
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect(), at = event.clientX - box.left;
    const wide = 2 ** this.level;
    const i = this.inside().findLast((each) => this.x(this.ids[each] * wide, box.width) <= at);
    const t = Math.floor((event.clientY - box.top) / this.row());
    this.cell = i === undefined || !(t in this.tensors) ? null : [i, t];
    this.read();
  }

  move(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const there = this.inside();
    if (!by || !there.length) return;
    event.preventDefault();
    const [i, t] = this.cell ?? [there.at(-1) - by[0], -by[1]];
    const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
    this.cell = [clamp(i + by[0], there[0], there.at(-1)), clamp(t + by[1], 0, this.tensors.length - 1)];
    this.read();
  }

  read() {
    this.draw();
    if (!this.cell) { this.out.textContent = ""; return; }
    const [i, t] = this.cell, wide = 2 ** this.level, first = this.ids[i] * wide;
    const steps = wide === 1 ? `step ${whole(first)}` : `steps ${whole(first)} to ${whole(first + wide - 1)}`;
    this.out.textContent = `${this.tensors[t]} · ${steps} · ${said(this.mean[i][t])}${this.bad[i][t] ? " · not finite" : ""}`;
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

function colour(share) {
  const at = Math.min(Math.max(share, 0), 1) * (RAMP.length - 1), i = Math.min(Math.floor(at), RAMP.length - 2);
  const [r, g, b] = RAMP[i].map((low, c) => Math.round(low + (RAMP[i + 1][c] - low) * (at - i)));
  return `rgb(${r},${g},${b})`;
}
