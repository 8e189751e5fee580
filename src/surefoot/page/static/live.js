// The one stream of a tab: closed while the tab is hidden, and taken up where it was left.

export class Stream {
  // where: gives the address to ask, from which on; heard: what to do with each kind of piece
  constructor(where, heard) {
    this.where = where;
    this.heard = heard;
    document.addEventListener("visibilitychange", () => this.turn());
    addEventListener("pagehide", () => this.close());
    this.turn();
  }

  turn() {
    if (document.hidden || this.over) this.close();
    else if (!this.source) this.open();
  }

  open() {
    this.source = new EventSource(this.where());
    this.source.addEventListener("open", () => this.say("live", true));
    this.source.addEventListener("error", () => this.say("no connection", false));
    for (const [kind, act] of Object.entries(this.heard)) this.source.addEventListener(kind, (event) => act(JSON.parse(event.data), event.lastEventId));
  }

  close() {
    this.source?.close();
    this.source = null;
  }

  again() {
    this.close();
    this.turn();
  }

  end() {
    this.over = true;
    this.close();
    this.say("", false);
  }

  say(word, on) {
    const place = document.getElementById("live");
    if (!place) return;
    place.hidden = !word;
    place.textContent = word;
    place.classList.toggle("on", on);
  }
}
