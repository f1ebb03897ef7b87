// The connection: lost, there again, or there again with a server that does not know this page.
const SMALL = "static/extensions/panel/css/loading.css"; // asked for to see if the server is back
const RETRY_MS = 2000;
const ANSWERS = 4; // so often the server answers without taking this page back
const ANEW = "lab-anew"; // kept while the page loads itself: it says why it did
const ANEW_TEXT = "Your run could not be rejoined; it was started again from its link.";

Object.assign(Shell.prototype, {
  watchConnection() {
    const doc = this.view.model.document;
    doc?.on_event("connection_lost", (_, event) => this.lose(event));
    doc?.on_event("client_reconnected", () => this.regain());
    // who leaves is sent nothing more
    this.listen(window, "pagehide", () => this.send({ do: "visible", on: false }));
    this.listen(window, "pageshow", (event) => event.persisted && location.reload());
    if (takeNote(ANEW)) this.say({ text: ANEW_TEXT, name: "anew" });
  },

  // Whether the server still has the page that this document was opened with. One that was
  // started again makes another, from the link of long ago.
  isSamePage() {
    if (!this.model.whole) return true;
    const kept = document.documentElement.dataset;
    kept.labPage ??= this.model.page;
    return kept.labPage === this.model.page;
  },

  lose(event) {
    if (this.stopped || this.lost || this.leaving) return;
    this.lost = true;
    this.answers = 0;
    this.root.classList.add("lost");
    this.keepPlace();
    this.status({ shape: "dashed", sentence: "reconnecting, your run goes on",
      button: this.$(".run").textContent.trim(), glyph: "", do: "", disabled: true });
    this.place();
    this.say({ text: "The connection was lost. Rejoining; your run goes on.", lost: true });
    if (!this.model.whole) return;
    this.retry = setInterval(async () => {
      const reply = await fetch(SMALL, { cache: "no-store" }).catch(() => null);
      if (!reply || !this.lost || this.stopped) return;
      if (++this.answers > ANSWERS) this.startAnew();
      else event.reconnect();
    }, RETRY_MS);
    this.off.push(() => clearInterval(this.retry));
  },

  regain() {
    if (this.stopped || !this.lost) return;
    clearInterval(this.retry);
    this.lost = false;
    this.root.classList.remove("lost");
    this.$(".bars [data-lost]")?.remove();
    this.hello();
  },

  // The address says where the page stands, so that it can be opened there again.
  keepPlace() {
    if (this.model.whole) history.replaceState(null, "", this.link());
  },

  startAnew() {
    this.leaving = true;
    try { sessionStorage.setItem(ANEW, "1"); } catch { /* then without a word */ }
    location.reload();
  },
});

function takeNote(name) {
  try {
    const found = sessionStorage.getItem(name);
    sessionStorage.removeItem(name);
    return found;
  } catch { return null; }
}
