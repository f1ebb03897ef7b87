// Brings the server's HTML to life. What the page shows is decided by the server; what must be
// instant (the cursor, a slider under the finger, the theme) happens here and is told afterwards.
const SHAPES = {
  ring: '<circle cx="5" cy="5" r="3.8" fill="none" stroke="currentColor" stroke-width="1.6"/>',
  disc: '<circle cx="5" cy="5" r="4.4" fill="currentColor"/>',
  square: '<rect x="1" y="1" width="8" height="8" fill="currentColor"/>',
  tick: '<circle cx="5" cy="5" r="4.8" fill="currentColor"/><path d="M2.8 5.2l1.6 1.7 2.9-3.4" ' +
    'fill="none" stroke="var(--stage)" stroke-width="1.3"/>',
  bar: '<path d="M0 5h6.5M8 1v8" stroke="currentColor" stroke-width="1.8"/>',
  strike: '<circle cx="5" cy="5" r="4" fill="none" stroke="currentColor" stroke-width="1.4"/>' +
    '<path d="M2.2 7.8l5.6-5.6" stroke="currentColor" stroke-width="1.4"/>',
  alert: '<rect x="1" y="1" width="8" height="8" fill="currentColor"/>',
  triangle: '<path d="M5 .6l4.6 8.6H.4z" fill="currentColor"/>',
  dashed: '<circle cx="5" cy="5" r="4" fill="none" stroke="currentColor" stroke-width="1.6" ' +
    'stroke-dasharray="2 1.6"/>',
  dots: '<circle cx="1.4" cy="5" r="1.3"/><circle cx="5" cy="5" r="1.3"/>' +
    '<circle cx="8.6" cy="5" r="1.3"/>',
  play: '<path d="M1.5 1l7.5 4-7.5 4z" fill="none" stroke="currentColor" stroke-width="1.4"/>',
  record: '<circle cx="5" cy="5" r="4" fill="none" stroke="currentColor" stroke-width="1.2"/>' +
    '<circle cx="5" cy="5" r="1.8" fill="currentColor"/>',
};
const GLYPHS = { run: "M1.5 0l10 6-10 6z", pause: "M1.5 0h3v12h-3zM7.5 0h3v12h-3z" };
const SEEK_MS = 500; // a seek that was never answered does not block the next one for longer
const SPEAK_MS = 5000; // a screen reader hears a new summary at most this often

class Shell {
  constructor(model, view, root) {
    Object.assign(this, { model, view, root });
    this.state = { k: 0, head: 0, end: 100, status: null, rate: 0, query: "" };
    this.lost = 0; // since when
    this.off = [];
    this.$ = (selector) => root.querySelector(selector);
    this.cursor = null;
    this.wanted = new Map(); // values that wait to be sent, by control
    this.sets = []; // controls whose values are on their way, oldest first
    this.summaries = { shown: 0, next: null, timer: 0 };
  }

  start() {
    const { root, model } = this;
    if (!this.isSamePage()) return this.startAnew();
    const seek = this.$(".seek");
    this.track = seek ? new Track(seek, (k) => this.seek(k)) : NO_TRACK;
    this.fields = new Map();
    for (const node of root.querySelectorAll("[data-control]")) {
      const field = new ControlField(node, (name, value, done) => this.set(name, value, done));
      this.fields.set(field.name, field);
    }
    this.listen(root, "click", (event) => this.click(event));
    this.listen(root, "change", (event) => this.change(event));
    this.listen(root, "submit", (event) => this.submit(event));
    this.listen(document, "keydown", (event) => this.key(event));
    this.listen(document, "visibilitychange", () =>
      this.send({ do: "visible", on: document.visibilityState === "visible" }));
    this.listen(matchMedia("(prefers-color-scheme: dark)"), "change", () => {
      if (!stored()) this.theme(systemDark(), false);
    });
    this.theme(root.dataset.theme === "dark", false, true);
    model.on("msg:custom", (message) => this.receive(message));
    this.watchConnection();
    this.hello();
  }

  hello() {
    this.sets = []; // what a lost server has not answered it never will
    this.wanted.clear();
    this.send({
      do: "hello",
      dark: this.root.dataset.theme === "dark",
      still: matchMedia("(prefers-reduced-motion: reduce)").matches,
      on: document.visibilityState === "visible",
    });
  }

  stop() {
    this.stopped = true;
    for (const off of this.off) off();
    this.track?.remove();
    clearTimeout(this.summaries.timer);
  }

  listen(target, name, handler) {
    target.addEventListener(name, handler);
    this.off.push(() => target.removeEventListener(name, handler));
  }

  send(message) { if (!this.lost) this.model.send_msg(message); }

  // -- from the server -------------------------------------------------------------------------

  receive(message) {
    if (this.leaving) return;
    if (message.state) this.update(message.state);
    if (message.seen) this.send({ do: "seen" });
    if (message.controls)
      for (const [name, value] of Object.entries(message.controls))
        if (!this.isNewer(name, message.set_done)) this.fields.get(name)?.show(value);
    if (message.refused) this.fields.get(message.refused.name)?.refuse(message.refused.text);
    if (message.sought !== undefined) this.sought(message.sought);
    if (message.set_done) { this.sets.shift(); this.flushSets(); }
    if (message.until !== undefined) this.untilSaid(message.until);
    if (message.say) this.say(message.say);
    if (message.numbers !== undefined) this.numbers(message.numbers);
    if (message.summaries) this.speak(message.summaries);
    if (message.copy !== undefined) this.copyText(message.copy, message.what);
    if (message.save) this.save(message.save);
    if (message.pressed) this.press(message.pressed);
    if (message.fill) this.fill(message.fill);
    if (message.errand) this.errand(message.errand);
    if (message.spoken) this.$("[data-live]").textContent = message.spoken;
  }

  update(change) {
    const s = this.state;
    const dragging = this.seekWanted !== undefined || Date.now() - (this.seeking || 0) < SEEK_MS;
    if (dragging && !change.follow) delete change.k; // the finger is right, the server is late
    Object.assign(s, change);
    if (change.status) this.status(change.status);
    if (change.rate !== undefined)
      this.$(".rate").textContent = change.rate ? count(Math.round(change.rate)) : "\u2013";
    if (change.query !== undefined && this.model.whole)
      history.replaceState(null, "", change.query ? `?${change.query}` : location.pathname);
    this.place();
  }

  place() {
    const { k, head, end, marks, ended, status } = this.state;
    this.track.update({ k, head, end, marks: marks || [], ended: ended || "", dim: Boolean(this.lost),
      queued: status?.do === "leave" });
    const flag = this.$(".kflag");
    if (flag) flag.textContent = count(k);
    if (this.cursor === null) {
      const doc = this.view.model.document;
      this.cursor = (this.model.cursor && doc?.get_model_by_id(this.model.cursor)) || undefined;
    }
    if (this.cursor && this.cursor.data.k?.[0] !== k) {
      this.moves = (this.moves || 0) + 1;
      this.cursor.data = { k: [k], n: [-this.moves] };
    }
  }

  status(w) {
    const node = this.$(".status");
    node.firstElementChild.innerHTML = SHAPES[w.shape] || "";
    node.lastElementChild.textContent = w.sentence;
    node.classList.toggle("live", w.shape === "disc");
    node.classList.toggle("alert", ["alert", "triangle"].includes(w.shape));
    node.title = w.sentence;
    const run = this.$(".run");
    run.lastElementChild.textContent = w.button;
    run.firstElementChild.style.display = GLYPHS[w.glyph] ? "" : "none";
    if (GLYPHS[w.glyph]) run.querySelector("path").setAttribute("d", GLYPHS[w.glyph]);
    run.dataset.verb = w.do;
    run.disabled = Boolean(w.disabled);
    if (this.spoken !== w.sentence) {
      this.spoken = w.sentence;
      this.$("[data-live]").textContent = w.sentence;
      this.speakNow();
    }
  }

  press(groups) {
    for (const [verb, name] of Object.entries(groups)) {
      for (const node of this.root.querySelectorAll(`button[data-do="${verb}"][data-name]`))
        node.setAttribute("aria-pressed", String(node.dataset.name === name));
      const select = this.$(`select[data-do="${verb}"]`);
      if (select && name !== null) select.value = name;
    }
  }

  say({ text, alert, button, do: verb, lost, name }) {
    const bars = this.$(".bars"), bar = document.createElement("div");
    const key = name || (lost ? "lost" : "");
    if (key) for (const old of bars.querySelectorAll(`[data-name="${key}"]`)) old.remove();
    if (!text) return;
    bar.className = alert ? "bar alert" : "bar";
    bar.setAttribute("role", alert ? "alert" : "status");
    if (key) bar.dataset.name = key;
    if (lost) bar.dataset.lost = "";
    const line = document.createElement("div");
    line.className = "wrap";
    const words = document.createElement("span");
    words.className = "grow";
    words.textContent = text;
    line.append(words);
    const add = (label, name) => {
      const node = document.createElement("button");
      node.className = "plain";
      node.dataset.do = name;
      node.textContent = label;
      line.append(node);
    };
    if (button) add(button, verb);
    add("Close", "dismiss");
    bar.append(line);
    bars.append(bar);
  }

  numbers(html) {
    const node = this.$(".numbers");
    node.innerHTML = html;
    node.hidden = !html;
  }

  // Parts of the frame that the server writes anew, every text in them escaped: {name: HTML}.
  fill(parts) {
    for (const [name, html] of Object.entries(parts))
      for (const node of this.root.querySelectorAll(`[data-fill="${CSS.escape(name)}"]`))
        if (node.innerHTML !== html) node.innerHTML = html;
  }

  // Each picture has one sentence; it changes at most every five seconds and on a change of state.
  speak(lines) {
    const s = this.summaries;
    s.next = lines;
    const wait = SPEAK_MS - (Date.now() - s.shown);
    if (wait <= 0) this.speakNow();
    else if (!s.timer) s.timer = setTimeout(() => this.speakNow(), wait);
  }

  speakNow() {
    const s = this.summaries;
    clearTimeout(s.timer);
    s.timer = 0;
    if (!s.next) return;
    s.shown = Date.now();
    for (const [i, line] of s.next.entries())
      this.$(`.fig[data-view="${i}"] .slot`)?.setAttribute("aria-label", line);
    s.next = null;
  }

  // -- from the person -------------------------------------------------------------------------

  seek(k) {
    if (this.track === NO_TRACK) return;
    const to = Math.max(0, Math.min(Math.round(k), this.state.head));
    this.state.k = to;
    this.place();
    this.seekWanted = to;
    this.flushSeek();
  }

  // One seek is on its way at most; the latest wins.
  flushSeek() {
    if (this.seekWanted === undefined || Date.now() - (this.seeking || 0) < SEEK_MS) return;
    const k = this.seekWanted;
    this.seekWanted = undefined;
    this.seeking = Date.now();
    this.send({ do: "seek", k });
  }

  // Where the cursor is: the step that was asked for may have gone, with the run that had it.
  sought(k) {
    this.seeking = 0;
    this.flushSeek();
    if (this.seeking) return;
    this.state.k = k;
    this.place();
  }

  set(name, value, done) {
    if (name === "") { if (done) this.send({ do: "reseed", seed: value }); return; }
    this.wanted.set(name, value);
    if (done || !this.sets.length) this.flushSets();
  }

  flushSets() {
    for (const [name, value] of this.wanted) {
      this.sets.push(name);
      this.send({ do: "set", name, value });
    }
    this.wanted.clear();
  }

  // Whether a control has moved on: what the server says of it answers an older set, or none.
  isNewer(name, answer) {
    return this.wanted.has(name) || this.sets.includes(name, answer ? 1 : 0);
  }

  click(event) {
    const node = event.target.closest("[data-do]");
    if (!event.target.closest(".pop")) this.menu(false);
    const anchor = event.target.closest('a[href^="#"]');
    if (anchor) {
      event.preventDefault();
      this.$(anchor.getAttribute("href"))?.scrollIntoView({ block: "start" });
      return;
    }
    if (!node || node.tagName === "SELECT") return;
    this.act(node.dataset.do, node.dataset);
  }

  act(verb, data = {}) {
    switch (verb) {
      case "primary": return this.send({ do: this.$(".run").dataset.verb || "run" });
      case "step": return this.send({ do: "step", n: Number(data.n || 1) });
      case "theme": return this.theme(this.root.dataset.theme !== "dark", true);
      case "copy": return this.copyText(this.link(), "link");
      case "keys": return this.$("dialog.sheet:not(.rest)").showModal();
      case "more": return this.$("dialog.rest").showModal();
      case "close": return this.$("dialog[open]")?.close();
      case "export": return this.export(data.format);
      case "dismiss": return this.root.getRootNode().activeElement?.closest(".bar")?.remove();
      case "until-menu": return this.menu(this.$(".pop .menu").hidden);
      case "until":
        this.untilSaid("");
        return this.send({ do: "until", event: data.event });
      case "numbers":
        return this.send({ do: "numbers", on: this.$(".numbers").hidden });
      case "preset": case "arm": case "axis": case "study":
        return this.send({ do: verb, name: data.name });
      default: return this.send({ do: verb, ...(data.name === undefined ? {} : { name: data.name }) });
    }
  }

  change(event) {
    const node = event.target;
    if (node.tagName !== "SELECT" || !node.dataset.do) return;
    if (node.dataset.do === "speed") // it stands in the transport and in the sheet
      for (const other of this.root.querySelectorAll('select[data-do="speed"]'))
        other.value = node.value;
    this.send({ do: node.dataset.do, name: node.value });
  }

  submit(event) {
    event.preventDefault();
    const form = event.target;
    if (form.dataset.form !== "until")
      return this.send({ do: form.dataset.form, fields: Object.fromEntries(new FormData(form)) });
    const text = form.elements.rule.value.trim();
    if (text) this.send({ do: "until", rule: text });
  }

  // What the server says to an expression; both places where one can be typed show it.
  untilSaid(problem) {
    for (const note of this.root.querySelectorAll(".until small")) {
      note.dataset.names ??= note.textContent;
      note.textContent = problem || note.dataset.names;
      note.className = problem ? "no" : "";
    }
    if (problem) return;
    this.menu(false);
    this.$("dialog.rest")?.close();
  }

  menu(open) {
    const menu = this.$(".pop .menu");
    if (!menu || menu.hidden === !open) return;
    menu.hidden = !open;
    this.$('[data-do="until-menu"]').setAttribute("aria-expanded", String(open));
    if (open) menu.querySelector("input").focus();
    else if (menu.contains(this.root.getRootNode().activeElement)) this.$(".run").focus();
  }

  theme(dark, keep, first) {
    this.root.dataset.theme = dark ? "dark" : "light";
    if (this.model.whole) document.documentElement.dataset.theme = this.root.dataset.theme;
    if (keep) try { localStorage.setItem("lab-theme", this.root.dataset.theme); } catch { /* */ }
    if (this.model.whole)
      document.cookie = `lab_theme=${this.root.dataset.theme}; path=/; max-age=31536000; samesite=strict`;
    dispatchEvent(new CustomEvent("lab-theme", { detail: { dark } }));
    if (!first) this.send({ do: "theme", dark });
  }

  // For a room: curves and figures grow, what nobody reads from afar goes.
  projector() {
    const on = this.root.classList.toggle("projector");
    this.root.toggleAttribute("data-projector", on);
    dispatchEvent(new CustomEvent("lab-theme", { detail: { dark: this.root.dataset.theme === "dark" } }));
  }
}
