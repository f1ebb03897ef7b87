// Pictures of the classroom, drawn as SVG: axes, curves, marks, cells. Colours are classes of
// class.css, so that light and dark follow the browser. Texts are only ever set as text.

const NS = "http://www.w3.org/2000/svg";

/** An SVG element with attributes. */
export function svg(tag, attributes = {}, parent = null) {
  const made = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes))
    if (value != null) made.setAttribute(name, value);
  parent?.append(made);
  return made;
}

/** An HTML element: properties by name, `aria-...`, `data-...` and `for` as attributes. */
export function tag(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value == null) continue;
    if (key.includes("-") || key === "for" || key === "role") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.filter((child) => child != null && child !== false));
  return made;
}

// -- numbers as they are read --------------------------------------------------------------------

const sup = (n) => String(n).replace(/[-0-9]/g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);

/** Three digits, as the whole lab writes numbers: 0.529, 8 400, 41.2 k, 1.68 · 10⁻⁸. */
export function told(value) {
  if (value == null || !Number.isFinite(value)) return "unknown";
  const size = Math.abs(value);
  let text;
  if (size !== 0 && (size < 1e-3 || size >= 1e9)) {
    const [digits, power] = size.toExponential(2).split("e");
    text = `${digits} · 10${sup(Number(power))}`;
  } else if (size >= 1e6) text = `${(size / 1e6).toPrecision(3)} M`;
  else if (size >= 1e4) text = `${(size / 1e3).toPrecision(3)} k`;
  else if (Number.isInteger(size)) text = String(size).replace(/(\d)(\d{3})$/, "$1\u2009$2");
  else if (size >= 1e3) text = told(Math.round(size));
  else text = size.toPrecision(3);
  return value < 0 ? `−${text}` : text;
}

/** A name of a control or a quantity as words. */
export const words = (name) => name.replaceAll("_", " ");

function tick(value) {
  const size = Math.abs(value);
  const plain = (v, unit) => `${Number(v.toPrecision(3))}${unit}`.replace("-", "−");
  if (size >= 1e6) return plain(value / 1e6, " M");
  if (size >= 1e3) return plain(value / 1e3, " k");
  return plain(value, "");
}

const power = (e) => (e === 0 ? "1" : e === 1 ? "10" : `10${sup(e)}`);

function even(low, high, most) {
  const rough = (high - low) / most;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const gap = [1, 2, 2.5, 5, 10].map((m) => m * unit).find((g) => g >= rough * 0.999);
  const found = [];
  for (let i = Math.ceil(low / gap - 1e-9); i * gap <= high + gap * 1e-9; i++) found.push(i * gap);
  return found;
}

function decades(low, high, most) {
  const [from, to] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const gap = Math.max(1, Math.ceil((to - from) / most));
  const found = [];
  for (let e = to; e >= from; e -= gap) found.push(e);
  return found;
}

// -- the axes of a run ---------------------------------------------------------------------------

/** Where a value stands in the picture of `runs`, 0 (low) to 1 (high), held inside. */
export function height(value, runs) {
  const v = Math.min(Math.max(value, runs.low), runs.high);
  return runs.log
    ? Math.log(v / runs.low) / Math.log(runs.high / runs.low)
    : (v - runs.low) / (runs.high - runs.low);
}

/** The value at a height of 0 to 1. */
export function valueAt(share, runs) {
  const h = Math.min(Math.max(share, 0), 1);
  return runs.log
    ? runs.low * (runs.high / runs.low) ** h
    : runs.low + h * (runs.high - runs.low);
}

/** The index of the last value of a curve that is known; -1 of none. */
export const headOf = (curve) => curve.findLastIndex((value) => value != null);

/** SVG path data of a curve; `x` of an index, `y` of a value; gaps stay gaps. */
export function trace(curve, x, y) {
  let data = "";
  let pen = "M";
  curve.forEach((value, i) => {
    if (value == null) {
      pen = "M";
      return;
    }
    data += `${pen}${x(i).toFixed(1)},${y(value).toFixed(1)}`;
    pen = "L";
  });
  return data;
}

/**
 * A picture over the steps of a run. `show` says what is in it; it is drawn with the next frame of
 * the browser, and again when its place changes its size.
 *
 * Layers, from the back: {curve, look, label, wide, head}, {crowd (curves), look}, {between: [a, b]},
 * {when (step), look, label}, {level (value), look, label}, {spot: [step, value], look, label}.
 */
export class Picture {
  constructor(host, label = "") {
    this.host = host;
    this.far = host.closest(".wall") !== null; // read from the back of the room
    this.root = svg("svg", { class: "pic", role: "img", "aria-label": label }, host);
    this.spec = null;
    this.due = 0;
    this.size = new ResizeObserver(() => this.soon());
    this.size.observe(host);
  }

  show(runs, layers, label = null) {
    this.spec = { runs, layers };
    if (label !== null) this.root.setAttribute("aria-label", label);
    this.soon();
  }

  close() {
    cancelAnimationFrame(this.due);
    this.size.disconnect();
    this.root.remove();
  }

  soon() {
    if (!this.due)
      this.due = requestAnimationFrame(() => {
        this.due = 0;
        this.draw();
      });
  }

  /** The plot's box for the present size. */
  box() {
    const [w, h] = [this.host.clientWidth, this.host.clientHeight];
    const [text, scale] = this.far ? [17, 1.5] : w < 460 ? [13, 1] : w < 900 ? [14, 1.2] : [16, 1.4];
    const runs = this.spec?.runs;
    const left = runs?.log ? text * 3.2 : text * (this.yTicks().some((t) => t[1].length > 4) ? 3.6 : 2.9);
    return { w, h, text, scale, left, right: w - 10, top: text * 1.6, bottom: h - text * 2 };
  }

  yTicks() {
    const runs = this.spec.runs;
    return runs.log
      ? decades(runs.low, runs.high, 4).map((e) => [10 ** e, power(e)])
      : even(runs.low, runs.high, 4).map((v) => [v, tick(v)]);
  }

  /** Step and value under a place on the screen; held inside the picture. */
  at(clientX, clientY) {
    const box = this.box();
    const place = this.host.getBoundingClientRect();
    const across = (clientX - place.left - box.left) / (box.right - box.left);
    const up = (box.bottom - (clientY - place.top)) / (box.bottom - box.top);
    return {
      share: Math.min(Math.max(across, 0), 1),
      step: Math.min(Math.max(across, 0), 1) * this.spec.runs.steps,
      value: valueAt(up, this.spec.runs),
    };
  }

  draw() {
    if (!this.spec || !this.host.clientWidth) return;
    const { runs, layers } = this.spec;
    const box = this.box();
    const x = (step) => box.left + (step / runs.steps) * (box.right - box.left);
    const y = (value) => box.bottom - height(value, runs) * (box.bottom - box.top);
    const xi = (n) => (i) => box.left + (i / (n - 1)) * (box.right - box.left);
    const made = svg("g", { "font-size": box.text });
    this.axes(made, runs, box, x, y);
    const drawn = { made, box, x, y, xi, runs, names: [], taken: [] };
    const named = layers.filter((layer) => layer.curve && layer.label);
    for (const layer of layers) this.layer(layer, drawn, named);
    made.append(...drawn.names);
    this.root.setAttribute("viewBox", `0 0 ${box.w} ${box.h}`);
    this.root.replaceChildren(made);
  }

  axes(made, runs, box, x, y) {
    for (const [value, label] of this.yTicks()) {
      svg("line", { class: "grid", x1: box.left, x2: box.right, y1: y(value), y2: y(value) }, made);
      svg("text", { x: box.left - 7, y: y(value) + box.text * 0.35, "text-anchor": "end" }, made).textContent = label;
    }
    svg("line", { class: "base", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }, made);
    const below = box.bottom + box.text * 1.45;
    const end = `${tick(runs.steps)} steps`;
    for (const step of even(0, runs.steps, box.w < 460 ? 3 : 4)) {
      if (x(step) > box.right - (end.length + 2) * box.text * 0.58) continue;
      svg("text", { x: x(step), y: below, "text-anchor": "middle" }, made).textContent = tick(step);
    }
    svg("text", { x: box.right, y: below, "text-anchor": "end" }, made).textContent = end;
    svg("text", { x: box.left, y: box.text }, made).textContent = words(runs.quantity);
  }

  layer(layer, drawn, named) {
    const { made, box, x, y, xi, runs } = drawn;
    const look = layer.look ?? "me";
    const wide = (layer.wide ?? 3) * box.scale;
    if (layer.crowd) {
      const data = layer.crowd.map((curve) => trace(curve, xi(curve.length), y)).join("");
      svg("path", { class: look, d: data, "stroke-width": 1.2 * box.scale }, made);
    } else if (layer.between) {
      this.between(layer.between, drawn);
    } else if (layer.curve) {
      const head = headOf(layer.curve);
      if (head < 0) return;
      const data = trace(layer.curve, xi(layer.curve.length), y);
      if (look !== "past" && look !== "seed") svg("path", { class: "under", d: data, "stroke-width": wide + 3 }, made);
      svg("path", { class: look, d: data, "stroke-width": wide }, made);
      const [cx, cy] = [xi(layer.curve.length)(head), y(layer.curve[head])];
      if (layer.head)
        svg("circle", { class: `head ${look}`, cx, cy, r: 3 + 2 * box.scale, "stroke-width": 2.5 }, made);
      if (layer.label) drawn.names.push(this.name(layer, drawn, named, [cx, cy]));
    } else if (layer.when != null) {
      const at = x(layer.when);
      if (layer.pen) svg("rect", { class: "nowband", x: at - 5, width: 10, y: box.top, height: box.bottom - box.top }, made);
      svg("line", { class: layer.pen ? "nowline" : look, x1: at, x2: at, y1: box.top, y2: box.bottom,
        "stroke-width": layer.pen ? 1.5 : wide }, made);
      if (layer.label) {
        const left = at > (box.left + box.right) / 2;
        drawn.names.push(this.word(layer.label, look, at + (left ? -8 : 8), box.top + box.text * (1 + (layer.row ?? 0) * 1.3), left ? "end" : "start", box));
      }
    } else if (layer.level != null) {
      const at = y(layer.level);
      svg("line", { class: look, x1: box.left, x2: box.right, y1: at, y2: at, "stroke-width": wide }, made);
      if (layer.label) drawn.names.push(this.word(layer.label, look, box.left + 8 + (layer.row ?? 0) * box.text * 9, at + (at < box.top + 24 ? box.text * 1.3 : -7), "start", box));
    } else if (layer.spot) {
      const [cx, cy] = [x(layer.spot[0]), y(layer.spot[1])];
      const r = look === "crowd" ? 3 * box.scale : 6 * box.scale;
      svg("circle", { class: layer.pen ? "pen" : look, cx, cy, r, "stroke-width": look === "truth" ? 3 * box.scale : 2 }, made);
      if (layer.label) {
        const left = cx > (box.left + box.right) / 2;
        drawn.names.push(this.word(layer.label, look, cx + (left ? -r - 6 : r + 6), cy + box.text * 0.35, left ? "end" : "start", box));
      }
    }
  }

  between([one, other], { made, y, xi }) {
    const known = one.map((v, i) => v != null && other[i] != null);
    const till = known.indexOf(false) < 0 ? known.length : known.indexOf(false);
    if (till < 2) return;
    const x = xi(one.length);
    const way = (curve, i) => `${x(i).toFixed(1)},${y(curve[i]).toFixed(1)}`;
    const there = Array.from({ length: till }, (_, i) => way(one, i));
    const back = Array.from({ length: till }, (_, i) => way(other, i)).reverse();
    svg("path", { class: "between", d: `M${[...there, ...back].join("L")}Z` }, made);
  }

  word(text, look, x, y, anchor, box) {
    const made = svg("text", { class: `name ${look}`, x, y, "text-anchor": anchor,
      "font-size": box.text * (box.scale > 1.3 ? 1.1 : 1) });
    made.textContent = text;
    return made;
  }

  /** The label of a curve: beside its head while it goes, else where it is furthest from others. */
  name(layer, { box, y, xi, taken }, named, [cx, cy]) {
    const text = layer.label;
    const room = text.length * box.text * 0.56 + 16;
    const n = layer.curve.length;
    const x = xi(n);
    if (layer.head && headOf(layer.curve) < n - 1) {
      const left = cx + room > box.right;
      let at = Math.max(cy + 5, box.top + 8);
      const x = cx + (left ? -12 : 12);
      while (hits(taken, left ? x - room : x, at, room, box.text)) at += box.text * 0.6;
      taken.push([left ? x - room : x, at, room]);
      return this.word(text, layer.look, x, at, left ? "end" : "start", box);
    }
    let best = null;
    for (let i = 0; i < n; i += Math.max(1, Math.round(n / 15))) {
      if (layer.curve[i] == null || x(i) + room > box.right || x(i) < box.left + 4) continue;
      for (const side of [-1, 1]) {
        const at = y(layer.curve[i]) + side * box.text * 1.1 + 4;
        if (at < box.top + 6 || at > box.bottom - 4 || hits(taken, x(i), at, room, box.text)) continue;
        const far = Math.min(90, ...named.flatMap((other) =>
          [0, 0.5, 1].map((share) => {
            const j = Math.min(other.curve.length - 1, i + Math.round((share * room * n) / (box.right - box.left)));
            return other.curve[j] == null ? 90 : Math.abs(y(other.curve[j]) - at + 4) - (other === layer ? 0 : 6);
          })));
        if (!best || far > best.far + 4) best = { far, x: x(i), y: at };
      }
    }
    best ??= { x: box.right - room, y: Math.max(cy - 8, box.top + 10) };
    taken.push([best.x, best.y, room]);
    return this.word(text, layer.look, best.x, best.y, "start", box);
  }
}

/** Whether a text of `room` pixels would lie over one that is there. */
function hits(taken, x, y, room, text) {
  return taken.some(([left, at, wide]) => Math.abs(at - y) < text * 1.2 && x < left + wide && left < x + room);
}

/** The rule that a step is asked for ("above 0.95"), as a line. */
export function ruleLayers({ truth, runs }) {
  const bound = Number(truth?.split(" ")[1]);
  return truth && bound >= runs.low && bound <= runs.high ? [{ level: bound, look: "rule", label: truth, wide: 1.2 }] : [];
}

/** The layers of the class's run: one or several curves with their heads. */
export function runLayers(runs, frame) {
  if (!frame) return [];
  const many = runs.labels.length > 4; // seeds: one look for all
  return runs.labels.map((label, i) => ({
    curve: frame.curves[label] ?? [], look: many ? "seed" : `run${i}`, wide: many ? 2 : 3.4,
    label: many ? "" : label || "the run", head: !frame.over,
  }));
}

/** One answer as a layer. */
export function answerLayer(shape, value, look, label, more = {}) {
  const kind = { curve: "curve", step: "when", number: "level", point: "spot" }[shape];
  return value == null || !kind ? [] : [{ [kind]: value, look, label, ...more }];
}

// -- the picture that a class computes -----------------------------------------------------------

const RAMPS = {
  light: ["#ffffff", "#cfe6df", "#6db3ae", "#1f6c86", "#12294a"],
  dark: ["#0c0f11", "#14323d", "#1d6b72", "#62b98a", "#e6f2b8"],
};
const dark = matchMedia("(prefers-color-scheme: dark)");

function shade(share) {
  const stops = RAMPS[dark.matches ? "dark" : "light"].map((hex) =>
    [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const i = Math.min(Math.floor(at), stops.length - 2);
  const mixed = stops[i].map((c, j) => Math.round(c + (stops[i + 1][j] - c) * (at - i)));
  return { fill: `rgb(${mixed})`, ink: mixed[0] * 0.3 + mixed[1] * 0.59 + mixed[2] * 0.11 > 120 ? "#14181b" : "#ffffff" };
}

/** The cells of two controls, row 0 at the bottom; the own one has a yellow edge. */
export class Grid {
  constructor(host) {
    this.host = host;
    this.root = svg("svg", { class: "pic", role: "img" }, host);
    this.size = new ResizeObserver(() => this.draw());
    this.size.observe(host);
    this.theme = () => this.draw();
    dark.addEventListener("change", this.theme);
  }

  show(cells, runs, own = null) {
    Object.assign(this, { cells, runs, own });
    const made = Object.keys(cells.values).length;
    this.root.setAttribute("aria-label",
      `${words(runs.quantity)} by ${words(cells.x)} and ${words(cells.y)}: `
      + `${made} of ${cells.xs.length * cells.ys.length} cells are made`);
    this.draw();
  }

  close() {
    dark.removeEventListener("change", this.theme);
    this.size.disconnect();
    this.root.remove();
  }

  draw() {
    const [w, h] = [this.host.clientWidth, this.host.clientHeight];
    if (!this.cells || !w) return;
    const { cells, runs, own } = this;
    const text = this.host.closest(".wall") ? 18 : w < 460 ? 12 : 14;
    const place = (v) => (typeof v === "string" ? v : tick(v));
    const longest = Math.max(...cells.ys.map((v) => place(v).length));
    const left = Math.min(Math.max(text * 2.4, longest * text * 0.58 + 8), w * 0.34);
    const [right, top, bottom] = [w - 4, text * 1.9, h - text * 3.1];
    const [nx, ny] = [cells.xs.length, cells.ys.length];
    const [dx, dy] = [(right - left) / nx, (bottom - top) / ny];
    const made = svg("g", { "font-size": text });
    const word = (x, y, said, anchor, look = "") => {
      svg("text", { x, y, "text-anchor": anchor, class: look }, made).textContent = said;
    };
    for (let row = 0; row < ny; row++)
      for (let column = 0; column < nx; column++) {
        const cell = row * nx + column;
        const value = cells.values[cell];
        const [x, y] = [left + column * dx, bottom - (row + 1) * dy];
        const color = value == null ? null : shade(height(value, runs));
        const look = value == null ? "cell none" : "cell";
        svg("rect", { x, y, width: dx, height: dy, class: look }, made).style.fill = color?.fill ?? "";
        const said = told(value);
        if (color && dx > said.length * text * 0.55 && dy > text * 1.3) {
          word(x + dx / 2, y + dy / 2 + text * 0.35, said, "middle");
          made.lastChild.style.fill = color.ink;
        }
      }
    if (own != null) {
      const place = { x: left + (own % nx) * dx + 2.5, width: dx - 5, height: dy - 5,
        y: bottom - (Math.floor(own / nx) + 1) * dy + 2.5 };
      svg("rect", { class: "edge", ...place, "stroke-width": 8 }, made);
      svg("rect", { class: "own", ...place }, made);
    }
    const sparse = Math.max(1, Math.ceil((text * 3) / dx));
    cells.xs.forEach((v, i) => i % sparse || word(left + (i + 0.5) * dx, bottom + text * 1.3, tick(v), "middle"));
    cells.ys.forEach((v, i) => word(left - 6, bottom - (i + 0.5) * dy + text * 0.35, place(v), "end"));
    word(right, bottom + text * 2.7, words(cells.x), "end");
    if (cells.y !== "arm") word(2, text, words(cells.y), "start");
    const bar = { x: right - 90, w: 64 };
    for (let i = 0; i < 16; i++)
      svg("rect", { x: bar.x + (i * bar.w) / 16, y: text * 0.3, width: bar.w / 16 + 0.5, height: text * 0.7 }, made)
        .style.fill = shade(i / 15).fill;
    word(bar.x - 5, text, `${words(runs.quantity)}  ${tick(runs.low)}`, "end");
    word(bar.x + bar.w + 5, text, tick(runs.high), "start");
    this.root.setAttribute("viewBox", `0 0 ${w} ${h}`);
    this.root.replaceChildren(made);
  }
}

// -- votes ----------------------------------------------------------------------------------------

export const LETTERS = "ABCDEF";

/** Bars of a vote. */
export function bars(choices, counts, { mine = null, right = null, letters = false } = {}) {
  const most = Math.max(1, ...counts);
  return tag("ul", { className: "bars" }, ...choices.map((choice, i) => {
    const picture = svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
    svg("rect", { class: "rail", width: 100, height: 10 }, picture);
    svg("rect", { class: "fill", width: (100 * counts[i]) / most, height: 10 }, picture);
    const text = tag("span", {}, letters && tag("b", { className: "letter" }, LETTERS[i]), choice);
    const row = tag("li", {}, text, tag("b", {}, String(counts[i])), picture);
    if (i === mine) row.classList.add("mine");
    if (i === right) row.classList.add("hit");
    return row;
  }));
}
