// The connection: lost, there again, or there again with a server that does not know this page.
const RETRY_MS = 2000;
const KEPT_MS = 35000; // a page that nobody looks at is kept a little longer than that
const ANEW = "lab-anew"; // kept while the page loads itself: it says why it did
const ANEW_TEXT = "Your run could not be rejoined; it was started again from its link.";

Object.assign(Shell.prototype, {
  watchConnection() {
    const doc = this.view.model.document;
    if (doc && this.model.whole) takeWithoutReply(doc);
    doc?.on_event("connection_lost", (_, event) => this.lose(event));
    doc?.on_event("client_reconnected", () => this.regain());
    // who leaves is sent nothing more, and lets others run
    this.listen(window, "pagehide", () =>
      this.send(this.model.whole ? { do: "gone" } : { do: "visible", on: false }));
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
    if (this.stopped || this.leaving) return;
    this.again = event;
    if (this.lost) return;
    this.lost = Date.now();
    this.lostAt = this.link();
    this.root.classList.add("lost");
    this.rail(false);
    this.status({ shape: "dashed", sentence: "reconnecting, your run goes on",
      button: this.$(".run").textContent.trim(), glyph: "", do: "", disabled: true });
    this.place();
    this.say({ text: "The connection was lost. Rejoining; your run goes on.", lost: true });
    if (!this.model.whole) return;
    this.retry = setInterval(() => this.rejoin(), RETRY_MS);
    this.off.push(() => clearInterval(this.retry));
    this.rejoin();
  },

  // A server that was started again, or has let go of this page, would make another one: then
  // the page is opened from its address.
  async rejoin() {
    const serving = (text) => text.match(/name="lab-server" content="(\w+)"/)?.[1];
    const reply = await fetch("explore?name=", { cache: "no-store" }).catch(() => null);
    if (!reply?.ok || !this.lost || this.stopped) return;
    const same = serving(await reply.text()) === serving(document.head.innerHTML);
    if (!same || Date.now() - this.lost > KEPT_MS) this.startAnew();
    else {
      forgetBrokenMessage(this.again.connection?.deref());
      this.again.reconnect();
    }
  },

  regain() {
    if (this.stopped || !this.lost) return;
    clearInterval(this.retry);
    this.lost = 0;
    this.root.classList.remove("lost");
    this.rail(true);
    this.$(".bars [data-lost]")?.remove();
    this.hello();
  },

  // Controls and presets, while there is somebody to hear of them.
  rail(on) {
    for (const part of this.root.querySelectorAll(".rail")) part.inert = !on;
  },

  startAnew() {
    if (this.leaving) return;
    this.leaving = true;
    try { sessionStorage.setItem(ANEW, "1"); } catch { /* then without a word */ }
    location.replace(this.lostAt || location.href);
  },
});

// A message that broke off with the connection: Bokeh would take the first words of the new one
// for its rest, and understand nothing from then on.
function forgetBrokenMessage(connection) {
  const receiver = connection?._receiver;
  if (receiver) receiver._current_consumer = receiver._HEADER;
}

// Who rejoins takes the server's document anew. Bokeh would send every model of it back, and the
// server would find each "already known".
function takeWithoutReply(doc) {
  doc.add_root = (root) => Object.getPrototypeOf(doc).add_root.call(doc, root, { sync: false });
}

function takeNote(name) {
  try {
    const found = sessionStorage.getItem(name);
    sessionStorage.removeItem(name);
    return found;
  } catch { return null; }
}
