// Columns by buckets, as surefoot.page.buckets sends them: a bucket of level L holds the steps from id * 2**L on.

const MOST = 2048;

export function unpack(text, Kind) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new Kind(bytes.buffer);
}

export class Column {
  constructor(sent) {
    this.level = sent ? sent.level : 0;
    const take = (name, Kind) => (sent ? Array.from(unpack(sent[name], Kind)) : []);
    this.ids = take("ids", Int32Array);
    this.counts = take("counts", Int32Array);
    this.bad = take("bad", Int32Array);
    this.least = take("least", Float32Array);
    this.mean = take("mean", Float32Array);
    this.greatest = take("greatest", Float32Array);
  }

  get length() { return this.ids.length; }

  step(at) { return (this.ids[at] + 0.5) * 2 ** this.level - 0.5; }

  first() { return this.length ? this.ids[0] * 2 ** this.level : Infinity; }

  last() { return this.length ? (this.ids.at(-1) + 1) * 2 ** this.level - 1 : -Infinity; }

  // Take in what came later; old buckets stay as they are, but for the last.
  add(later) {
    if (later.level > this.level) this.coarsen(later.level);
    if (later.level < this.level) later.coarsen(this.level);
    for (let i = 0; i < later.length; i++) this.put(later, i);
    while (this.length > MOST) this.coarsen(this.level + 1);
  }

  put(from, i) {
    const at = this.length - 1;
    if (at >= 0 && from.ids[i] < this.ids[at]) return;
    if (at < 0 || from.ids[i] > this.ids[at]) {
      for (const name of ["ids", "counts", "bad", "least", "mean", "greatest"]) this[name].push(from[name][i]);
      return;
    }
    const both = this.counts[at] + from.counts[i];
    if (from.counts[i]) {
      this.mean[at] = this.counts[at] ? (this.mean[at] * this.counts[at] + from.mean[i] * from.counts[i]) / both : from.mean[i];
      this.least[at] = this.counts[at] ? Math.min(this.least[at], from.least[i]) : from.least[i];
      this.greatest[at] = this.counts[at] ? Math.max(this.greatest[at], from.greatest[i]) : from.greatest[i];
    }
    this.counts[at] = both;
    this.bad[at] += from.bad[i];
  }

  coarsen(level) {
    const before = Object.assign(new Column(), this);
    for (const name of ["ids", "counts", "bad", "least", "mean", "greatest"]) this[name] = [];
    before.ids = before.ids.map((id) => Math.floor(id / 2 ** (level - before.level)));
    this.level = level;
    for (let i = 0; i < before.length; i++) this.put(before, i);
  }

  // The mean over about so many steps before each bucket; the bands behind it keep every spike.
  smoothed(steps) {
    if (!(steps > 1)) return this.mean;
    const found = [];
    let total = 0, weight = 0, before = 0;
    for (let i = 0; i < this.length; i++) {
      const keep = i ? Math.exp(-(this.step(i) - before) / steps) : 0;
      total = total * keep + (this.counts[i] ? this.mean[i] * this.counts[i] : 0);
      weight = weight * keep + this.counts[i];
      before = this.step(i);
      found.push(weight > 0 ? total / weight : NaN);
    }
    return found;
  }
}

export function said(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e5 || (size > 0 && size < 1e-3)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

export function whole(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

export function embedded() {
  const found = document.getElementById("data");
  return found ? JSON.parse(found.textContent) : null;
}
