// What the teacher's page and the projector share: the class in one picture, and a tile for each
// student. Tiles that have not changed are not touched.

import { Grid, LETTERS, Picture, answerLayer, headOf, height, ruleLayers, runLayers, svg, tag, told, trace } from "/class/drawing.js";

/** The middle of numbers; null of none. */
export function median(numbers) {
  if (!numbers.length) return null;
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** The middle of curves, point by point. */
export function middleCurve(curves) {
  return curves.length ? curves[0].map((_, i) => median(curves.map((curve) => curve[i]))) : null;
}

/** The middle of points [step, value]. */
export const middlePoint = (points) =>
  points.length ? [0, 1].map((i) => median(points.map((point) => point[i]))) : null;

/** The layers that show answers of a class, faint, and their middle, dashed. */
export function crowdLayers(shape, answers, look = "crowd") {
  if (shape === "curve") return answers.length ? [{ crowd: answers, look }] : [];
  const kind = { step: "when", number: "level", point: "spot" }[shape];
  return kind ? answers.map((value) => ({ [kind]: value, look, wide: 1.2 })) : [];
}

/** The middle of answers, as an answer. */
export function middleOf(shape, answers) {
  if (shape === "curve") return middleCurve(answers);
  return shape === "point" ? middlePoint(answers) : median(answers);
}

/** How many chose each of `n` answers. */
export const tallied = (n, answers) =>
  Array.from({ length: n }, (_, i) => answers.filter((answer) => answer === i).length);

/** Path data of an answer in a tile of 100 by 50. */
export function tilePath(shape, value, runs) {
  if (value == null || !runs) return "";
  const y = (v) => 48 - height(v, runs) * 46;
  const x = (step) => 1 + (98 * step) / runs.steps;
  if (shape === "curve") return trace(value, (i) => 1 + (98 * i) / (value.length - 1), y);
  if (shape === "step") return `M${x(value)},2V48`;
  if (shape === "number") return `M1,${y(value)}H99`;
  if (shape === "point") return `M${x(value[0]) - 3},${y(value[1])}h6M${x(value[0])},${y(value[1]) - 5}v10`;
  return "";
}

/** Shows SVG text as an image, which runs nothing that it holds. */
function showQr(image, text) {
  const whole = text.includes("xmlns=") ? text : text.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"');
  const parsed = new DOMParser().parseFromString(whole, "image/svg+xml");
  image.hidden = !text || parsed.documentElement.localName !== "svg";
  if (image.hidden) return;
  if (image.src) URL.revokeObjectURL(image.src);
  const clean = new XMLSerializer().serializeToString(parsed);
  image.src = URL.createObjectURL(new Blob([clean], { type: "image/svg+xml" }));
}

/** Where the teacher's place is kept; the projector reads it. */
export const PLACE = "iterlab.teach";

/** Whether a step is answered by a choice. */
export const isVote = ({ kind, shape }) => kind === "ask" || shape === "choice";

/** Those who are waited for: who is away has to have done it to be counted. */
export const awaited = (tiles, done) => tiles.filter((one) => one.here || done(one));

/** How many have done what the step asks for, in words. */
export function counted(state, tiles) {
  const asks = ["ask", "predict", "reveal"].includes(state.kind);
  if (!asks && state.kind !== "explore") {
    const here = tiles.filter((one) => one.here).length;
    return [here, here === 1 ? "student" : "students"];
  }
  const done = asks ? (one) => one.sent : (one) => one.own;
  return [tiles.filter(done).length, `of ${awaited(tiles, done).length} ${asks ? "sent" : "have run"}`];
}

/** The class in one picture: answers faint, their middle dashed, the run over them. */
export class ClassPicture {
  constructor(host) {
    this.host = host;
    this.picture = this.grid = null;
    this.key = "";
  }

  /** `open` says whether answers may be seen here. */
  show(state, tiles, frame, open = true) {
    this.host.hidden = !state.runs;
    if (!state.runs) return;
    if (state.cells) {
      this.picture?.close();
      this.picture = null;
      this.grid ??= new Grid(this.host);
      this.grid.show(state.cells, state.runs);
      return;
    }
    this.grid?.close();
    this.grid = null;
    this.picture ??= new Picture(this.host);
    this.picture.show(state.runs, this.layers(state, tiles, frame, open), this.says(state, tiles, frame));
  }

  layers(state, tiles, frame, open) {
    const { kind, shape, runs, result } = state;
    const run = kind === "predict" ? [] : runLayers(runs, frame).map((layer) => ({ ...layer, wide: 3.6,
      label: layer.head ? `${layer.label}, ${told(layer.curve[headOf(layer.curve)])}` : layer.label }));
    if (kind === "explore") return [...crowdLayers("curve", tiles.flatMap((one) => (one.own ? [one.own.curve] : []))), ...run];
    if (!open || (kind !== "predict" && kind !== "reveal")) return [...ruleLayers(state), ...run];
    const answers = tiles.flatMap((one) => (one.answer == null ? [] : [one.answer]));
    const middle = answers.length > 1 && !isVote(state) ? middleOf(shape, answers) : null;
    const layers = [...ruleLayers(state), ...crowdLayers(shape, answers)];
    if (kind === "reveal" && frame && !frame.over) layers.push({ when: frame.k, pen: true });
    layers.push(...answerLayer(shape, middle, "middle", "middle of the class", { wide: 3 }));
    if (result && shape !== "curve") layers.push(...answerLayer(shape, result.truth, "truth", "", { wide: 3 }));
    return [...layers, ...run];
  }

  says({ kind, runs }, tiles, frame) {
    const answers = tiles.filter((one) => (kind === "explore" ? one.own : one.answer != null)).length;
    const far = frame ? `, the run at step ${told(frame.k)} of ${told(runs.steps)}` : "";
    return `${answers} ${kind === "explore" ? "own runs" : "answers"} of the class${far}`;
  }
}

/** A tile for each student, in the order in which they came; pinned ones first. */
export class Tiles {
  /**
   * @param list where they are
   * @param press called with a member when a tile is pressed; without it they are no buttons
   */
  constructor(list, press = null) {
    Object.assign(this, { list, press });
    this.nodes = new Map();
    this.order = "";
  }

  show(state, tiles, selected = []) {
    const sorted = [...tiles].sort((one, other) => other.pinned - one.pinned || one.member - other.member);
    const order = sorted.map((one) => one.member).join();
    const about = [state.step, state.kind, state.shape].join();
    for (const one of sorted) {
      const node = this.nodes.get(one.member) ?? this.make(one.member);
      const said = JSON.stringify([one, about, selected.includes(one.member)]);
      if (node.said === said) continue;
      node.said = said;
      this.fill(node, one, state, selected.includes(one.member));
    }
    for (const [member, node] of this.nodes)
      if (!tiles.some((one) => one.member === member)) {
        node.item.remove();
        this.nodes.delete(member);
      }
    if (order !== this.order) {
      this.order = order;
      this.list.append(...sorted.map((one) => this.nodes.get(one.member).item));
      this.list.style.setProperty("--columns", columns(tiles.length));
    }
  }

  make(member) {
    const inside = this.press ? tag("button", { className: "tile", type: "button", onclick: () => this.press(member) })
      : tag("div", { className: "tile" });
    const picture = svg("svg", { viewBox: "0 0 100 50", preserveAspectRatio: "none", "aria-hidden": "true" });
    const path = svg("path", { class: "ans" }, picture);
    svg("use", { href: "#tile-run" }, picture);
    const letter = tag("span", { className: "letter" });
    const name = tag("span");
    const hand = tag("span", { className: "up" }, "asks");
    const word = tag("b");
    inside.append(picture, letter, tag("p", {}, name, word), hand);
    const node = { item: tag("li", {}, inside), inside, picture, path, letter, name, hand, word };
    this.nodes.set(member, node);
    return node;
  }

  fill(node, one, state, selected) {
    const { kind, shape, runs, choices } = state;
    const curve = kind === "explore" ? one.own?.curve : one.answer;
    const drawn = Boolean(runs) && !isVote(state) && ["predict", "reveal", "explore"].includes(kind);
    node.picture.toggleAttribute("hidden", !drawn);
    node.picture.classList.toggle("gone", !drawn);
    if (drawn) node.path.setAttribute("d", tilePath(kind === "explore" ? "curve" : shape, curve, runs));
    node.letter.hidden = !isVote(state);
    node.letter.textContent = one.answer == null ? "" : LETTERS[one.answer] ?? "";
    node.letter.title = choices[one.answer] ?? "";
    const label = one.name ? `${one.member} ${one.name}` : one.member;
    node.name.textContent = label;
    node.hand.hidden = !one.hand || !this.press;
    const word = wordOf(one, kind);
    node.word.textContent = word;
    node.word.hidden = !word;
    node.inside.className = ["tile", one.pinned && "pinned", !one.here && "away",
      ["ask", "predict"].includes(kind) && !one.sent && "unsent"].filter(Boolean).join(" ");
    if (!this.press) return;
    node.inside.setAttribute("aria-pressed", selected);
    const choice = isVote(state) && one.answer != null ? `, ${choices[one.answer]}` : "";
    node.inside.setAttribute("aria-label", `${label}${choice}, ${word || (one.sent ? "sent" : "here")}${one.hand ? ", hand is up" : ""}${one.pinned ? ", pinned" : ""}`);
  }
}

function wordOf(one, kind) {
  if (!one.here) return "away";
  if (kind === "explore") return one.own ? told(one.own.value) : "";
  if (one.points != null) return String(one.points);
  if (kind === "ask" || kind === "predict") return one.sent ? "" : "not yet";
  return "";
}

const columns = (n) => (n <= 4 ? 2 : n <= 12 ? 3 : n <= 20 ? 4 : n <= 36 ? 6 : n <= 70 ? 7 : 10);

/** Draws the class's run into all tiles at once: they use one path. */
export function tileRun(state, frame) {
  const data = frame && state.runs && state.kind !== "predict" && !isVote(state)
    ? state.runs.labels.map((label) => tilePath("curve", frame.curves[label] ?? [], state.runs)).join("")
    : "";
  const path = document.getElementById("tile-run");
  if (path.getAttribute("d") !== data) path.setAttribute("d", data);
}

/** What the server says of the class, kept; `draw` is called once in a frame, when it fits. */
export class Board {
  tiles = new Map();
  board = null;
  state = null;
  frame = null;
  due = 0;

  constructor(draw) {
    this.draw = draw;
  }

  hear(message) {
    if (message.type === "state") this.state = message;
    if (message.type === "frame") this.frame = message;
    if (message.type === "board" || message.type === "tiles") this.keep(message);
    this.due ||= requestAnimationFrame(() => {
      this.due = 0;
      // what comes may overtake what came: both are to be about the step that the class is at
      if (this.state && this.board?.step === this.state.step) this.draw();
    });
  }

  keep(message) {
    if (message.type === "board") {
      this.board = message;
      this.tiles.clear();
    }
    if (this.board?.step !== message.step) return;
    for (const one of message.tiles) this.tiles.set(one.member, one);
    if (message.tally) this.board.tally = message.tally;
  }

  /** The newest frame, if it belongs to this step. */
  get mine() {
    return this.frame && this.frame.step === this.state.asked ? this.frame : null;
  }

  forget() {
    this.board = this.state = this.frame = null;
    this.tiles.clear();
  }
}

/** What both pages show of a room that they have come into. */
export function showRoom({ code, address, qr }) {
  const $ = (id) => document.getElementById(id);
  $("top").hidden = false;
  $("room-code").textContent = code;
  $("address").textContent = address ? `join at ${address.replace(/^https?:\/\//, "")}` : "join with";
  showQr($("qr"), qr);
  document.title = `Room ${code} · Iterlab`;
}
