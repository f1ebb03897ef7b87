// What the student's page shows at each kind of step. A scene has a `root` (nodes), `update(room)`,
// and where it needs them `head(room)`, `queued(ahead)`, `refused()` and `close()`.

import { Grid, Picture, answerLayer, bars, height, ruleLayers, runLayers, tag, told, valueAt, words } from "/class/drawing.js";
import { fieldFor } from "/class/fields.js";

const frameOf = ({ frame, state }) => (frame && frame.step === state.asked ? frame : null);

/** A text, a question to talk about. */
export class Talk {
  root = [];
  update() {}
}

/** A question: an answer is made, sent, and may be changed until answers close. */
export class Question {
  constructor(room) {
    const { state, you, work } = room;
    this.step = state.step;
    this.room = room;
    const begun = work.drafts[this.step] ?? work.unsure[this.step];
    this.editing = begun !== undefined;
    this.field = fieldFor(state, begun ?? you.answer, (value) => {
      if (value != null) room.draft(this.step, value);
      this.editing = true;
      this.update(room);
    });
    this.said = tag("p", { className: "said", role: "status" });
    this.refusal = tag("p", { className: "alert", role: "alert" });
    this.send = tag("button", { className: "main", type: "button", onclick: () => this.onSend() }, "Send");
    this.clear = tag("button", { type: "button", onclick: () => this.onClear() }, "Clear");
    this.edit = tag("div", { className: "scene" }, this.field.root, this.said, this.field.more, this.refusal, tag("div", { className: "grow" }),
      tag("div", { className: "row" }, this.field.clears ? this.clear : null, this.send));
    this.dots = tag("div", { className: "dots", role: "img" });
    this.count = tag("dd");
    this.mini = tag("div", { className: "host picture small" });
    this.change = tag("button", { type: "button", onclick: () => this.onChange() }, `Change my ${this.field.noun}`);
    this.votes = tag("div");
    this.rest = tag("div", { className: "scene" }, this.dots,
      tag("dl", {}, tag("div", { className: "tick" }, tag("dt", {}, "sent"), this.count)), this.votes, this.mini,
      tag("div", { className: "grow" }), tag("div", { className: "row" }, this.change));
    this.picture = null;
    this.root = [this.edit, this.rest];
  }

  onSend() {
    const value = this.field.value();
    if (value == null) return;
    this.editing = false;
    this.room.send(this.step, value);
  }

  onClear() {
    this.field.clear();
    this.room.draft(this.step, null);
    this.editing = true;
    this.update(this.room);
  }

  onChange() {
    this.editing = true;
    this.update(this.room);
    this.room.scene === this && this.field.focus();
  }

  refused() {
    this.editing = true;
  }

  /** The answer that the server has, if this is still its step. */
  answer({ you }) {
    return you.step === this.step ? you.answer : null;
  }

  resting(room) {
    return room.state.locked || (this.answer(room) != null && !this.editing && !room.pending(this.step));
  }

  head(room) {
    const { state } = room;
    if (!this.resting(room)) return [state.title, state.text];
    if (!state.locked) return ["Sent. You can still change it.", state.title];
    return [this.answer(room) == null ? "Answers are closed." : "Answers are closed. Yours is in.", state.title];
  }

  update(room) {
    const { state } = room;
    if (state.step !== this.step) return;
    const rests = this.resting(room);
    this.edit.hidden = rests;
    this.rest.hidden = !rests;
    if (rests) this.showRest(room);
    else this.showEdit(room);
  }

  showEdit(room) {
    const pending = room.pending(this.step);
    const value = this.field.value();
    this.send.disabled = pending || value == null;
    this.send.textContent = pending ? "Sending" : this.answer(room) == null ? "Send" : "Send again";
    if (!pending) this.said.textContent = this.field.says();
    else this.said.textContent = room.online() ? "Sending your answer." : "Kept here. It is sent when the network is back.";
    this.refusal.textContent = room.error;
    document.getElementById("title").textContent = this.head(room)[0];
  }

  showRest(room) {
    const { state } = room;
    const mine = this.answer(room);
    const [title, text] = this.head(room);
    document.getElementById("title").textContent = title;
    document.getElementById("text").textContent = text;
    document.getElementById("text").hidden = false;
    this.change.hidden = state.locked;
    this.count.textContent = `${state.sent} of ${state.awaited}`;
    this.dots.hidden = state.awaited > 60;
    this.dots.setAttribute("aria-label", `${state.sent} of ${state.awaited} have sent`);
    const seats = Array.from({ length: state.awaited }, (_, i) => {
      const dot = document.createElement("i");
      const own = i === 0 && mine != null;
      dot.className = own ? "you" : i < state.sent ? "in" : "";
      return dot;
    });
    this.dots.replaceChildren(...seats);
    const vote = state.kind === "ask" || state.shape === "choice";
    if (vote) {
      const said = tag("p", { className: "sub" }, mine == null ? "You sent nothing." : "You chose ", mine == null ? "" : tag("b", {}, state.choices[mine]));
      this.votes.replaceChildren(state.tally ? bars(state.choices, state.tally, { mine }) : said);
    }
    this.mini.hidden = vote || mine == null;
    if (!this.mini.hidden) {
      this.picture ??= new Picture(this.mini);
      this.picture.show(state.runs, [...ruleLayers(state), ...answerLayer(state.shape, mine, "me", "you")], `Your answer. ${this.field.describe(mine)}`);
    }
  }

  close() {
    this.field.close();
    this.picture?.close();
  }
}

/** The class's run, as it goes. */
export class Run {
  constructor() {
    this.host = tag("div", { className: "host picture" });
    this.far = tag("p", { className: "said" });
    this.picture = new Picture(this.host);
    this.root = [this.host, this.far];
  }

  update(room) {
    const { state } = room;
    if (!state.runs) return;
    const frame = frameOf(room);
    this.picture.show(state.runs, runLayers(state.runs, frame), far(state, frame));
    this.far.textContent = far(state, frame);
  }

  close() {
    this.picture.close();
  }
}

function far(state, frame) {
  if (!frame) return state.running ? "The run is being made." : "The run starts when your teacher says so.";
  return frame.over ? `The run is over: ${told(state.runs.steps)} steps.` : `Step ${told(frame.k)} of ${told(state.runs.steps)}.`;
}

/** The run over the own prediction, then what it was worth. */
export class Reveal {
  constructor() {
    this.host = tag("div", { className: "host picture" });
    this.far = tag("p", { className: "said" });
    this.big = tag("p", { className: "big" });
    this.means = tag("p", { className: "sub" });
    this.rows = tag("dl");
    this.picture = new Picture(this.host);
    this.root = [this.host, this.far, this.big, this.means, this.rows];
    this.done = false;
  }

  head({ state }) {
    return state.result ? [state.title, state.text] : ["Here is the run.", ""];
  }

  update(room) {
    const { state, you } = room;
    if (state.kind !== "reveal" || !state.runs) return;
    const frame = frameOf(room);
    const mine = you.step === state.step ? you.answer : null;
    const run = runLayers(state.runs, frame);
    const { shape, result } = state;
    const layers = [...ruleLayers(state), ...answerLayer(shape, mine, "me", "you", { wide: 3 })];
    if (shape === "curve" && mine && run[0]) layers.unshift({ between: [mine, run[0].curve] });
    layers.push(...run);
    if (result && shape !== "curve") layers.push(...answerLayer(shape, result.truth, "truth", "", { wide: 3 }));
    this.picture.show(state.runs, layers, `The run${mine == null ? "" : " over your answer"}. ${far(state, frame)}`);
    const over = result && you.points != null;
    this.far.hidden = Boolean(over);
    this.far.textContent = mine == null ? `${far(state, frame)} You sent no answer.` : far(state, frame);
    this.big.hidden = !over;
    if (over) this.big.replaceChildren(String(you.points), tag("small", {}, " of 100"));
    this.means.hidden = !over || !you.means;
    this.means.textContent = you.means ?? "";
    this.rows.replaceChildren(...(result ? this.told(state, mine) : []));
    if (over && !this.done) {
      this.done = true;
      room.announce(`${you.points} of 100 points: ${you.means}`);
    }
  }

  told({ shape, result, choices, runs }, mine) {
    const rows = [];
    const row = (name, value) => rows.push(tag("div", { className: "tick" }, tag("dt", {}, name), tag("dd", {}, value)));
    const said = (value) => sayAnswer(shape, value, { choices, runs });
    if (shape !== "curve") {
      if (mine != null) row("you said", said(mine));
      row("the run", said(result.truth));
    }
    if (result.middle != null) row("middle of the class", `${result.middle} points`);
    return rows;
  }

  close() {
    this.picture.close();
  }
}

/** An answer in words. */
export function sayAnswer(shape, value, { choices, runs }) {
  if (shape === "choice") return choices[value] ?? "nothing";
  if (value == null) return "it never happens";
  if (shape === "step") return value >= runs.steps ? "never" : `step ${told(Math.round(value))}`;
  if (shape === "point") return `step ${told(Math.round(value[0]))}, ${told(value[1])}`;
  return told(value);
}

/** The own run by sliders, or the own cell of the class's picture. */
export class Explore {
  constructor(room) {
    const { state, you } = room;
    this.room = room;
    this.step = state.step;
    this.past = [];
    this.asked = null; // what was tried and has not come back: the own run before it
    this.wanted = false;
    this.sliders = (state.free ?? []).map((free) => this.slider(free, you.own?.controls?.[free.name]));
    this.said = tag("p", { className: "said", role: "status" });
    this.refusal = tag("p", { className: "alert", role: "alert" });
    this.host = tag("div", { className: "host picture" });
    this.picture = this.sliders.length || !state.cells ? new Picture(this.host) : null;
    this.square = tag("div", { className: "host picture square" });
    this.grid = state.cells ? new Grid(this.square) : null;
    this.make = tag("button", { className: "main", type: "button", onclick: () => this.attempt() }, "Make my cell");
    this.root = [
      this.grid && this.square, this.picture && this.host, this.said,
      ...this.sliders.map((slider) => slider.root), this.refusal,
      tag("div", { className: "grow" }), this.grid && tag("div", { className: "row" }, this.make),
    ].filter(Boolean);
  }

  slider(free, own) {
    const axis = { low: free.low, high: free.high, log: free.log };
    const start = own ?? valueAt(0.5, axis);
    const id = `free-${free.name}`;
    const out = tag("output", { for: id });
    const input = tag("input", { type: "range", id, min: 0, max: 1000, step: 1, value: Math.round(1000 * height(start, axis)) });
    const value = () => {
      const exact = Number(valueAt(input.value / 1000, axis).toPrecision(4));
      return free.whole ? Math.round(exact) : exact;
    };
    const tell = () => {
      out.textContent = told(value());
      input.setAttribute("aria-valuetext", told(value()));
    };
    input.addEventListener("input", () => {
      tell();
      clearTimeout(this.soon);
      this.soon = setTimeout(() => this.attempt(), 250);
    });
    tell();
    const root = tag("div", { className: "slide" }, tag("label", { for: id }, free.text || words(free.name)), out, input);
    return { root, input, name: free.name, value };
  }

  attempt() {
    const controls = Object.fromEntries(this.sliders.map((slider) => [slider.name, slider.value()]));
    const { you } = this.room;
    const same = you.own && Object.entries(controls).every(([name, value]) => you.own.controls[name] === value);
    if (same && you.own.curve && !this.asked && !(this.grid && !this.mineIsMade())) return;
    this.wanted = !this.room.attempt(this.step, controls);
    if (!this.wanted) this.asked = { before: JSON.stringify(you.own), ahead: null };
    this.update(this.room);
  }

  mineIsMade() {
    const { state, you } = this.room;
    return you.cell != null && state.cells?.values[you.cell] != null;
  }

  queued(ahead) {
    if (this.asked) this.asked.ahead = ahead;
  }

  refused() {
    this.asked = null;
  }

  update(room) {
    const { state, you } = room;
    if (state.step !== this.step || you.step !== this.step) return;
    if (this.wanted && room.online()) {
      this.attempt();
      return;
    }
    const own = JSON.stringify(you.own);
    if (this.asked && own !== this.asked.before) this.asked = null;
    if (own !== this.shown) {
      if (this.shown && this.shown !== "null") this.past = [...this.past.slice(-3), JSON.parse(this.shown).curve];
      this.shown = own;
    }
    for (const { input } of this.sliders) input.disabled = state.locked;
    this.said.textContent = this.says(room);
    this.refusal.textContent = room.error;
    const curve = you.own?.curve;
    if (this.picture) {
      const layers = this.past.map((old) => ({ curve: old, look: "past", wide: 1.5 }));
      layers.push(...runLayers(state.runs, frameOf(room)));
      if (curve) layers.push({ curve, look: "me", label: "your run", wide: 3.4 });
      this.picture.show(state.runs, layers, this.said.textContent);
    }
    if (this.grid) {
      this.grid.show(state.cells, state.runs, you.cell);
      const made = this.mineIsMade();
      this.make.disabled = state.locked || Boolean(this.asked);
      this.make.hidden = made && !this.sliders.length;
      this.make.textContent = this.asked ? "Your cell is being made" : made ? "Make it again" : "Make my cell";
    }
  }

  says({ state, you, online }) {
    if (state.locked) return "Your teacher has locked the controls.";
    if (this.wanted && !online()) return "No network. Your run is asked for when it is back.";
    if (this.asked) {
      const { ahead } = this.asked;
      return ahead ? `Waiting, ${ahead} ahead of you.` : "Your run is being made.";
    }
    if (state.cells && you.cell != null) {
      const n = state.cells.xs.length;
      const row = state.cells.ys[Math.floor(you.cell / n)];
      const across = `${words(state.cells.x)} ${told(state.cells.xs[you.cell % n])}`;
      const place = `${across}, ${typeof row === "string" ? row : `${words(state.cells.y)} ${told(row)}`}`;
      return this.mineIsMade() ? `Your cell, ${place}: ${told(state.cells.values[you.cell])}.` : `Your cell is the yellow one: ${place}.`;
    }
    if (you.own) return `Your run ends at ${told(you.own.value)}.`;
    return "Move the slider: your own run is made.";
  }

  close() {
    clearTimeout(this.soon);
    this.picture?.close();
    this.grid?.close();
  }
}
