// A page of the lab in a notebook's cell. The kernel keeps the Bokeh document; here it is drawn,
// and changes go both ways over the widget's comm. No port, no request.
const SHARED = Symbol.for("iterlab.scripts");

const pages = (globalThis[SHARED] ??= { loads: new Map() });

function ready(versions) {
  const [bokeh] = versions.split(" ");
  const found = globalThis.Bokeh;
  return found?.version === bokeh && Boolean(found.Models.get("panel.models.esm.JSComponent"));
}

// Bokeh's and Panel's scripts are asked for once for each browser page, of the first kernel.
function load(model) {
  const versions = model.get("versions");
  if (ready(versions)) return Promise.resolve(globalThis.Bokeh);
  if (!pages.loads.has(versions)) {
    pages.loads.set(versions, ask(model).then((text) => {
      run(text);
      return globalThis.Bokeh;
    }).catch((error) => { pages.loads.delete(versions); throw error; }));
  }
  return pages.loads.get(versions);
}

function ask(model) {
  return new Promise((resolve) => {
    const hear = (message, buffers) => {
      if (message.kind !== "scripts") return;
      model.off("msg:custom", hear);
      resolve(new TextDecoder().decode(buffers[0]));
    };
    model.on("msg:custom", hear);
    model.send({ kind: "scripts" });
  });
}

function run(text) {
  const loader = globalThis.define; // a page with a module loader would swallow the scripts
  if (loader?.amd) globalThis.define = undefined;
  const node = document.createElement("script");
  node.textContent = text;
  document.head.append(node);
  node.remove();
  if (loader?.amd) globalThis.define = loader;
}

function buffer(view) {
  return view instanceof ArrayBuffer ? view
    : view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
}

function isDark() {
  const light = document.body.dataset.jpThemeLight;
  return light !== undefined ? light === "false" : matchMedia("(prefers-color-scheme: dark)").matches;
}

// A link of the page leads into what is folded away.
function unfold(event) {
  const link = event.composedPath().find((node) => node.matches?.('a[href^="#"]'));
  for (const fold of link?.getRootNode().querySelectorAll("details.below") || []) fold.open = true;
}

class Page {
  constructor(model, el) {
    Object.assign(this, { model, el, document: null, views: null, place: null, gone: false });
    this.id = Math.random().toString(36).slice(2);
    this.changes = [];
    this.hear = (message, buffers) => this.receive(message, buffers);
    this.lose = () => this.lost();
    this.leave = () => this.send({ kind: "away" }); // perhaps it is only loaded again
    this.back = (event) => { if (event.persisted) this.open(); };
  }

  async start() {
    const { model, el } = this;
    // keys pressed here are the page's: the notebook's own would cut cells
    el.dataset.lmSuppressShortcuts = "true";
    el.addEventListener("click", unfold, true);
    this.poster();
    model.on("msg:custom", this.hear);
    model.on("comm_live_update", this.lose);
    addEventListener("pagehide", this.leave);
    addEventListener("pageshow", this.back);
    this.bokeh = await load(model);
    this.open();
  }

  open() { if (!this.gone) this.send({ kind: "open", dark: isDark() }); }

  // Stands in the cell until the page is drawn.
  poster() {
    const height = `${this.model.get("_height")}px`, place = document.createElement("div");
    this.el.style.minHeight = place.style.height = height;
    place.attachShadow({ mode: "open" }).innerHTML = this.model.get("_poster");
    place.shadowRoot.querySelector(".poster").classList.toggle("dark", isDark());
    place.dataset.poster = "";
    this.el.replaceChildren(place);
  }

  // Says so above the last picture when the kernel is no longer the one that made the page.
  lost() {
    if (this.gone) return;
    this.gone = true;
    const line = document.createElement("p");
    line.setAttribute("role", "alert");
    line.className = "lab-lost";
    line.textContent = "The kernel was restarted; run the cell again.";
    if (this.place) Object.assign(this.place, { inert: true }).style.opacity = 0.5;
    this.el.prepend(line);
  }

  stop() {
    const lost = this.gone;
    this.gone = true;
    this.el.removeEventListener("click", unfold, true);
    this.model.off("msg:custom", this.hear);
    this.model.off("comm_live_update", this.lose);
    removeEventListener("pagehide", this.leave);
    removeEventListener("pageshow", this.back);
    if (!lost) this.send({ kind: "bye" });
    this.clear();
  }

  send(message) { this.model.send({ ...message, page: this.id }); }

  receive(message, buffers) {
    if (this.gone) return;
    if (message.kind === "document" && message.page === this.id) this.draw(message.document);
    else if (message.kind === "patch" && this.document)
      this.document.apply_json_patch(JSON.parse(message.patch),
        new Map(message.ids.map((id, i) => [id, buffer(buffers[i])])));
    else if (message.kind === "fault" && message.page === this.id) this.say(message.text);
  }

  say(text) {
    this.clear();
    this.el.style.minHeight = "";
    const line = document.createElement("p");
    line.textContent = text;
    this.el.replaceChildren(line);
  }

  async draw(json) {
    this.clear();
    const doc = this.bokeh.require("document/index").Document.from_json(json);
    this.document = doc;
    // drawn behind what is there now, so that nothing jumps
    const place = this.place = document.createElement("div");
    place.className = "lab-page";
    place.style.cssText = "position: absolute; inset: 0 0 auto; visibility: hidden";
    this.el.style.position = "relative";
    this.el.append(place);
    doc.on_change((event) => this.changed(event), false);
    this.views = await this.bokeh.embed.add_document_standalone(doc, place);
    place.style.cssText = "";
    this.el.replaceChildren(place);
    if (this.gone) this.clear();
  }

  changed(event) {
    if (event.sync === false) return;
    this.changes.push(event);
    if (this.changes.length > 1) return;
    queueMicrotask(() => {
      const changes = this.changes.splice(0).filter((change) => change.document === this.document);
      if (!changes.length || this.gone) return;
      const patch = JSON.parse(JSON.stringify(this.document.create_json_patch(changes)));
      this.send({ kind: "patch", patch });
    });
  }

  clear() {
    const { views, document: doc, bokeh } = this;
    this.document = this.views = null;
    this.changes.length = 0;
    if (views) for (const view of [...views.roots]) view.remove?.();
    const place = bokeh && doc ? bokeh.documents.indexOf(doc) : -1;
    if (place >= 0) bokeh.documents.splice(place, 1);
  }
}

export default {
  render({ model, el }) {
    const page = new Page(model, el);
    page.start().catch((error) => page.say(String(error)));
    return () => page.stop();
  },
};
