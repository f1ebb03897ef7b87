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
const SMALL = "static/extensions/panel/css/loading.css"; // asked for to see if the server is back
const SPEAK_MS = 5000; // a screen reader hears a new summary at most this often

class Shell {
  constructor(model, view, root) {
    Object.assign(this, { model, view, root });
    this.state = { k: 0, head: 0, end: 100, status: null, rate: 0, query: "" };
    this.lost = false;
    this.off = [];
    this.$ = (selector) => root.querySelector(selector);
    this.cursor = null;
    this.summaries = { shown: 0, next: null, timer: 0 };
  }

  start() {
    const { root, model } = this;
    this.track = new Track(this.$(".seek"), (k) => this.seek(k));
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
    const doc = this.view.model.document;
    doc?.on_event("connection_lost", () => this.connection(false));
    doc?.on_event("client_reconnected", () => this.connection(true));
    this.send({
      do: "hello",
      dark: root.dataset.theme === "dark",
      still: matchMedia("(prefers-reduced-motion: reduce)").matches,
      on: document.visibilityState === "visible",
    });
  }

  stop() {
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
    if (message.state) this.update(message.state);
    if (message.seen) requestAnimationFrame(() => this.send({ do: "seen" }));
    if (message.controls)
      for (const [name, value] of Object.entries(message.controls))
        this.fields.get(name)?.show(value);
    if (message.refused) this.fields.get(message.refused.name)?.refuse(message.refused.text);
    if (message.sought) { this.seeking = 0; this.flushSeek(); }
    if (message.set_done) { this.setting = null; this.flushSet(); }
    if (message.until !== undefined) this.untilSaid(message.until);
    if (message.say) this.say(message.say);
    if (message.numbers !== undefined) this.numbers(message.numbers);
    if (message.summaries) this.speak(message.summaries);
    if (message.copy !== undefined) this.copyText(message.copy, message.what);
    if (message.save) this.save(message.save);
    if (message.pressed) this.press(message.pressed);
    if (message.study) this.study(message.study);
    if (message.fill) this.fill(message.fill);
    if (message.pong) this.ponged = true;
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
    const { k, head, end, marks, ended } = this.state;
    this.track.update({ k, head, end, marks: marks || [], ended: ended || "", dim: this.lost });
    this.$(".kflag").textContent = count(k);
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

  connection(on) {
    this.lost = !on;
    this.root.classList.toggle("lost", !on);
    if (on) {
      clearInterval(this.retry);
      this.$(".bars [data-lost]")?.remove();
      this.ponged = false;
      this.send({ do: "hello", dark: this.root.dataset.theme === "dark", back: true,
        still: false, on: document.visibilityState === "visible" });
      // a server that was started again does not know this page: its address holds the whole run
      setTimeout(() => { if (!this.ponged && this.model.whole) location.reload(); }, 3000);
      return;
    }
    this.status({ shape: "dashed", sentence: "reconnecting, your run goes on",
      button: this.$(".run").textContent.trim(), glyph: "", do: "", disabled: true });
    this.place();
    this.say({ text: "The connection was lost. Rejoining; your run goes on.", lost: true });
    clearInterval(this.retry);
    if (this.model.whole)
      this.retry = setInterval(async () => {
        const reply = await fetch(SMALL, { cache: "no-store" }).catch(() => null);
        // Bokeh tries five times by itself; when it has given up, the address brings all back
        if (reply && this.lost && ++this.answers > 2) location.reload();
      }, 4000);
    this.answers = 0;
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

  // A study that is made beside the page: how far it is, or why it ended.
  study({ name, done, total, over, error, stopped }) {
    for (const node of this.root.querySelectorAll(`.ask[data-study="${CSS.escape(name)}"]`)) {
      const [make, stop] = node.querySelectorAll("button");
      const line = node.querySelector("small");
      if (done !== undefined) line.textContent = `${count(done)} of ${count(total)} runs`;
      if (error) line.textContent = error;
      if (stopped) line.textContent = `stopped at ${line.textContent}`;
      node.classList.toggle("busy", !over || Boolean(done) || Boolean(stopped));
      node.classList.toggle("made", Boolean(over && !error && !stopped));
      make.hidden = !over;
      stop.hidden = over;
    }
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

  set(name, value, done) {
    if (name === "") { if (done) this.send({ do: "reseed", seed: value }); return; }
    this.setWanted = { do: "set", name, value };
    if (done || !this.setting) this.flushSet();
  }

  flushSet() {
    if (!this.setWanted) return;
    this.setting = this.setWanted;
    this.setWanted = null;
    this.send(this.setting);
  }

  click(event) {
    const node = event.target.closest("[data-do]");
    const pop = this.$(".pop .menu");
    if (!event.target.closest(".pop") && pop) this.menu(false);
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
      case "keys": return this.$("dialog.sheet").showModal();
      case "dismiss": return this.root.getRootNode().activeElement?.closest(".bar")?.remove();
      case "until-menu": return this.menu(this.$(".pop .menu").hidden);
      case "until":
        this.menu(false);
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
    if (node.dataset.do === "speed") this.send({ do: "speed", hz: Number(node.value) });
    else this.send({ do: node.dataset.do, name: node.value });
  }

  submit(event) {
    event.preventDefault();
    const form = event.target;
    if (form.dataset.form !== "until")
      return this.send({ do: form.dataset.form, fields: Object.fromEntries(new FormData(form)) });
    const text = form.elements.rule.value.trim();
    if (text) this.send({ do: "until", rule: text });
  }

  untilSaid(problem) {
    const note = this.$(".menu small");
    if (!problem) return this.menu(false);
    note.dataset.names ??= note.textContent;
    note.textContent = problem;
    note.className = "no";
  }

  menu(open) {
    const menu = this.$(".pop .menu");
    if (!menu || menu.hidden === !open) return;
    menu.hidden = !open;
    this.$('[data-do="until-menu"]').setAttribute("aria-expanded", String(open));
    const note = menu.querySelector("small");
    if (note.dataset.names) { note.textContent = note.dataset.names; note.className = ""; }
    if (open) menu.querySelector("input").focus();
    else if (menu.contains(this.root.getRootNode().activeElement)) this.$(".run").focus();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const from = event.composedPath()[0];
    const tag = from?.tagName;
    if (this.$("dialog.sheet").open) return;
    if (!this.model.whole && !event.composedPath().includes(this.root)) return;
    if (event.key === "Escape") return this.menu(false);
    const typing = ["TEXTAREA", "SELECT"].includes(tag) || from?.isContentEditable ||
      (tag === "INPUT" && from.type !== "range" && from.type !== "checkbox");
    if (typing) return;
    const pressable = ["BUTTON", "A", "SUMMARY"].includes(tag) || from?.type === "checkbox";
    if (event.key === " " && pressable && !from.closest?.(".run")) return;
    if (event.key === "Enter") return;
    const { k, head } = this.state;
    const marks = (this.state.marks || []).map((m) => m[0]).concat([0, head]).sort((a, b) => a - b);
    const percent = Math.max(1, Math.round(head / 100));
    const keys = {
      " ": () => this.act("primary"),
      ".": () => this.act("step", { n: 1 }),
      ">": () => this.act("step", { n: 10 }),
      ":": () => this.act("step", { n: 10 }),
      ",": () => this.seek(k - 1),
      ArrowLeft: () => this.seek(k - percent),
      ArrowRight: () => this.seek(k + percent),
      Home: () => this.seek(0),
      End: () => this.seek(head),
      "[": () => this.seek(marks.filter((m) => m < k).pop() ?? 0),
      "]": () => this.seek(marks.find((m) => m > k) ?? head),
      u: () => this.menu(true),
      b: () => this.act("branch"),
      r: () => this.act("again"),
      c: () => this.act("copy"),
      n: () => this.act("numbers"),
      d: () => this.act("theme"),
      p: () => this.root.classList.toggle("projector"),
      "/": () => { if (this.model.whole) location.href = "./#find"; },
      "?": () => this.act("keys"),
    };
    const axis = this.$(`[data-do=axis][data-key="${CSS.escape(event.key)}"]`);
    if (axis) { axis.click(); event.preventDefault(); return; }
    if (/^[1-9]$/.test(event.key)) {
      const preset = this.root.querySelectorAll(".try button")[Number(event.key) - 1];
      if (preset) { preset.click(); event.preventDefault(); }
      return;
    }
    const seekKey = event.key.startsWith("Arrow") || ["Home", "End"].includes(event.key);
    if (seekKey && tag === "INPUT") return;
    if (["ArrowUp", "ArrowDown"].includes(event.key)) return;
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
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

  link() {
    const { origin, pathname } = location;
    return this.state.query ? `${origin}${pathname}?${this.state.query}` : location.href;
  }

  async copyText(text, what) {
    try {
      await navigator.clipboard.writeText(text);
      this.$("[data-live]").textContent = `${what} copied`;
      this.flash(what === "link" ? "Link copied" : `${what} copied`);
    } catch {
      this.say({ text, name: "copy" });
    }
  }

  flash(text) {
    const tool = this.$('.top [data-do="copy"] .no-s');
    if (!tool) return;
    tool.dataset.was ??= tool.textContent;
    tool.textContent = text;
    clearTimeout(this.flashing);
    this.flashing = setTimeout(() => { tool.textContent = tool.dataset.was; }, 1600);
  }

  save({ name, text, type }) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}

function stored() {
  try { return localStorage.getItem("lab-theme"); } catch { return null; }
}
function systemDark() { return matchMedia("(prefers-color-scheme: dark)").matches; }

function isDark(model) {
  if (model.whole && document.documentElement.dataset.theme)
    return document.documentElement.dataset.theme === "dark";
  const jupyter = document.body.dataset.jpThemeLight;
  return jupyter !== undefined ? jupyter === "false" : systemDark();
}

export function render({ model, view }) {
  const root = document.createElement("div");
  root.className = "lab";
  root.dataset.theme = isDark(model) ? "dark" : "light";
  root.innerHTML = model.html; // made by the server, every text in it escaped
  const children = model.get_child("pictures");
  for (const [i, child] of children.entries())
    root.querySelector(`.fig[data-view="${i}"] .slot`)?.append(child);
  const shell = new Shell(model, view, root);
  model.on("after_render", () => {
    if (shell.track) return;
    document.getElementById("lab-first")?.remove(); // the first paint, now replaced by this
    shell.start();
  });
  model.on("remove", () => shell.stop());
  return root;
}
