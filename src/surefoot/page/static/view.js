// What all charts of a page share: the steps that are shown, the smoothing, the phases and the marks.
import { asked, keep } from "./address.js";
import { whole } from "./data.js";

export class View {
  constructor(act) {
    this.act = act;
    this.logx = asked("logx", "") === "1";
    this.smooth = Number(asked("smooth", "1")) || 0;
    const from = Number(asked("from", NaN)), to = Number(asked("to", NaN));
    this.chosen = to > from && from >= 0 ? [from, to] : null;
    this.last = 1;
    this.shaded = [];
    this.marked = [];
    this.wire();
  }

  phases() { return this.shaded; }

  marks() { return this.marked; }

  range() { return this.chosen ?? [0, Math.max(this.last, 1)]; }

  window() { return this.smooth / 100 * Math.max(this.last, 1); }

  show(from, to) {
    const end = Math.max(this.last, 1);
    const all = from <= 0 && to >= end;
    this.chosen = all ? null : [Math.max(0, Math.min(from, end - 2)), Math.min(Math.max(to, from + 2), Math.max(end, from + 2))];
    keep("from", this.chosen ? String(this.chosen[0]) : null, null);
    keep("to", this.chosen ? String(this.chosen[1]) : null, null);
    this.act("range");
    this.say();
  }

  zoom(how) {
    const [low, high] = this.range(), wide = high - low;
    if (how === "all") this.show(0, Infinity);
    if (how === "in") this.show(Math.round(low + wide / 4), Math.round(high - wide / 4));
    if (how === "out") this.show(Math.round(low - wide / 2), Math.round(high + wide / 2));
    const by = Math.round(wide / 3) * (how === "left" ? -1 : how === "right" ? 1 : 0);
    const moved = Math.min(Math.max(by, -low), this.last - high);
    if (by && moved) this.show(low + moved, high + moved);
  }

  say() {
    const shown = document.getElementById("shown");
    if (shown) shown.textContent = this.chosen ? `steps ${whole(this.chosen[0])} to ${whole(this.chosen[1])}` : "all steps";
  }

  wire() {
    const smooth = document.getElementById("smooth"), logx = document.getElementById("logx");
    smooth.value = [...smooth.options].some((each) => Number(each.value) === this.smooth) ? String(this.smooth) : "1";
    logx.checked = this.logx;
    smooth.addEventListener("change", () => { this.smooth = Number(smooth.value); keep("smooth", smooth.value, "1"); this.act("smooth"); });
    logx.addEventListener("change", () => { this.logx = logx.checked; keep("logx", this.logx ? "1" : null, null); this.act("axes"); });
    for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => this.zoom(button.dataset.zoom));
    this.say();
  }
}
