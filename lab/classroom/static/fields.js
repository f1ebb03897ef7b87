// Where a student answers: choices, a curve drawn by finger or keys, a step, a number, a point.
// A field has `root`, `value()` (null: not whole yet), `says()`, `describe(value)`, `focus()`,
// `clear()` and `close()`; it calls `changed(value)` when something was done.

import { Picture, answerLayer, height, ruleLayers, tag, told, valueAt, words } from "/class/drawing.js";

/** The field for the question of a step. */
export function fieldFor(state, begun, changed) {
  if (state.kind === "ask" || state.shape === "choice") return new Choice(state, begun, changed);
  if (state.shape === "curve") return new Curve(state, begun, changed);
  return new Marks(state, begun, changed);
}

class Choice {
  clears = false;
  noun = "choice";

  constructor({ choices, title }, begun, changed) {
    this.inputs = choices.map((_, i) => tag("input", { type: "radio", name: "choice", value: String(i),
      checked: begun === i, onchange: () => changed(i) }));
    this.root = tag("fieldset", { className: "choices" }, tag("legend", { className: "quiet" }, title),
      ...choices.map((choice, i) => tag("label", {}, this.inputs[i], tag("span", {}, choice))));
  }

  value() {
    const i = this.inputs.findIndex((input) => input.checked);
    return i < 0 ? null : i;
  }

  says() {
    return "";
  }

  describe() {
    return "";
  }

  focus() {
    (this.inputs.find((input) => input.checked) ?? this.inputs[0]).focus();
  }

  clear() {}
  close() {}
}

/** A curve through equal distances: drawn by a pointer, bent by arrow keys, or set by numbers. */
class Curve {
  clears = true;
  noun = "curve";

  constructor({ runs }, begun, changed) {
    this.runs = runs;
    this.n = runs.points;
    this.changed = changed;
    this.values = Array.isArray(begun) ? [...begun] : Array(this.n).fill(null);
    this.corners = new Set();
    this.pen = 0; // where the arrow keys are
    this.keys = false;
    this.pad = tag("div", { className: "host pad", tabIndex: 0, role: "application",
      "aria-label": "Drawing pad. Left and right move along, up and down bend the curve.",
      "aria-describedby": "pad-said" });
    this.spoken = tag("p", { className: "quiet", id: "pad-said", role: "status" });
    this.when = tag("input", { type: "number", id: "when", min: 0, max: runs.steps, step: "any", inputMode: "decimal" });
    this.high = tag("input", { type: "number", id: "high", min: runs.low, max: runs.high, step: "any", inputMode: "decimal" });
    const set = tag("button", { type: "button", onclick: () => this.byNumbers() }, "Set");
    this.root = tag("div", {}, this.pad, this.spoken);
    this.more = tag("details", {}, tag("summary", {}, "Set points by numbers"),
      tag("div", { className: "numbers" },
        tag("label", { for: "when" }, "when (step)", this.when),
        tag("label", { for: "high" }, "how high", this.high), set));
    this.picture = new Picture(this.pad);
    this.byPointer();
    this.pad.addEventListener("keydown", (event) => this.byKey(event));
    this.pad.addEventListener("blur", () => {
      this.keys = false;
      this.draw();
    });
    this.draw();
  }

  byPointer() {
    let last = null;
    const to = (event) => {
      const { share, value } = this.picture.at(event.clientX, event.clientY);
      const i = Math.round(share * (this.n - 1));
      const [from, was] = last ?? [i, value];
      const way = i > from ? 1 : -1;
      for (let j = from; j !== i; j += way)
        this.values[j] = this.mix(was, value, (j - from) / (i - from));
      this.values[i] = value;
      last = [i, value];
      this.draw();
    };
    this.pad.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      this.pad.setPointerCapture(event.pointerId);
      this.corners.clear();
      this.keys = false;
      last = null;
      to(event);
    });
    this.pad.addEventListener("pointermove", (event) => {
      if (last) for (const part of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) to(part);
    });
    const up = () => {
      if (!last) return;
      last = null;
      this.mend();
      this.done();
    };
    this.pad.addEventListener("pointerup", up);
    this.pad.addEventListener("pointercancel", up);
  }

  /** A value between two, as the axis counts. */
  mix(one, other, share) {
    return valueAt(height(one, this.runs) * (1 - share) + height(other, this.runs) * share, this.runs);
  }

  /** Small gaps at the edges and between strokes are closed. */
  mend() {
    const known = this.values.flatMap((v, i) => (v == null ? [] : [i]));
    const near = this.n * 0.06;
    if (known[0] <= near) this.values.fill(this.values[known[0]], 0, known[0]);
    const end = known.at(-1);
    if (this.n - 1 - end <= near) this.values.fill(this.values[end], end);
    known.slice(1).forEach((i, j) => {
      for (let at = known[j] + 1; at < i; at++)
        this.values[at] = this.mix(this.values[known[j]], this.values[i], (at - known[j]) / (i - known[j]));
    });
  }

  byKey(event) {
    const far = event.shiftKey ? 6 : 1;
    const along = { ArrowLeft: -far, ArrowRight: far, Home: -this.n, End: this.n }[event.key];
    const up = { ArrowUp: 0.02, ArrowDown: -0.02, PageUp: 0.1, PageDown: -0.1 }[event.key];
    if (along == null && up == null) return;
    event.preventDefault();
    this.keys = true;
    if (along != null) this.pen = Math.min(Math.max(this.pen + along, 0), this.n - 1);
    else {
      const now = height(this.values[this.pen] ?? this.runs.low, this.runs);
      this.bend(this.pen, valueAt(now + up, this.runs));
      this.done();
    }
    const value = this.values[this.pen];
    this.spoken.textContent = `step ${told(this.stepAt(this.pen))}: ${value == null ? "nothing yet" : told(value)}`;
    this.draw();
  }

  byNumbers() {
    const [when, high] = [Number(this.when.value), Number(this.high.value)];
    if (this.when.value === "" || this.high.value === "" || !Number.isFinite(when + high)) {
      (this.when.value === "" ? this.when : this.high).focus();
      return;
    }
    const i = Math.round((Math.min(Math.max(when, 0), this.runs.steps) / this.runs.steps) * (this.n - 1));
    this.bend(i, Math.min(Math.max(high, this.runs.low), this.runs.high));
    this.done();
    this.when.focus();
  }

  /** Sets a corner; the curve goes straight to the corners beside it, or level to the edge. */
  bend(i, value) {
    if (!this.corners.size && this.value() != null) {
      this.corners.add(0).add(this.n - 1);
      for (const far of [i - 8, i + 8]) if (far > 0 && far < this.n - 1) this.corners.add(far);
    }
    this.corners.add(i);
    const before = Math.max(...[...this.corners].filter((c) => c < i), -1);
    const after = Math.min(...[...this.corners].filter((c) => c > i), this.n);
    this.values[i] = value;
    for (let j = before + 1; j < i; j++)
      this.values[j] = before < 0 ? value : this.mix(this.values[before], value, (j - before) / (i - before));
    for (let j = i + 1; j < after; j++)
      this.values[j] = after === this.n ? value : this.mix(value, this.values[after], (j - i) / (after - i));
  }

  stepAt(i) {
    return Math.round((i * this.runs.steps) / (this.n - 1));
  }

  done() {
    this.draw();
    this.changed(this.value());
  }

  draw() {
    const layers = [{ curve: this.values, look: "me", wide: 4 }];
    if (this.keys) layers.push({ spot: [this.stepAt(this.pen), this.values[this.pen] ?? this.runs.low], pen: true });
    this.picture.show(this.runs, layers, `Your curve of ${words(this.runs.quantity)}. ${this.says()}`);
  }

  value() {
    return this.values.every((v) => v != null) ? this.values.map((v) => Number(v.toPrecision(6))) : null;
  }

  says() {
    if (this.value()) return `You say: ${this.describe(this.values)}`;
    return this.values.some((v) => v != null) ? "Draw on to both edges." : "Draw the curve, left to right.";
  }

  describe(values) {
    return `from ${told(values[0])} to ${told(values.at(-1))}.`;
  }

  focus() {
    this.pad.focus();
  }

  clear() {
    this.values.fill(null);
    this.corners.clear();
    this.draw();
  }

  close() {
    this.picture.close();
  }
}

/** A step, a number, or both: the picture takes the finger, sliders take the keys. */
class Marks {
  clears = false;

  constructor({ runs, shape, truth }, begun, changed) {
    Object.assign(this, { runs, shape, changed, truth });
    this.noun = shape === "number" ? "number" : shape === "step" ? "mark" : "point";
    const [when, high] = shape === "point" ? begun ?? [] : shape === "step" ? [begun] : [null, begun];
    this.touched = begun != null;
    this.pad = tag("div", { className: "host pad" });
    this.picture = new Picture(this.pad);
    const slide = (id, text, share) => {
      const input = tag("input", { type: "range", id, min: 0, max: 500, step: 1, value: Math.round(500 * share),
        oninput: () => this.moved(), onchange: () => this.done() });
      const out = tag("output", { for: id });
      return { input, out, root: tag("div", { className: "slide" }, tag("label", { for: id }, text), out, input) };
    };
    this.along = shape === "number" ? null : slide("along", "when", when == null ? 0.5 : when / runs.steps);
    this.up = shape === "step" ? null : slide("up", "how high", high == null ? 0.5 : height(high, runs));
    this.root = tag("div", {}, this.pad, this.along?.root, this.up?.root);
    this.byPointer();
    this.draw();
  }

  byPointer() {
    let on = false;
    const to = (event) => {
      const { share, value } = this.picture.at(event.clientX, event.clientY);
      if (this.along) this.along.input.value = Math.round(500 * share);
      if (this.up) this.up.input.value = Math.round(500 * height(value, this.runs));
      this.moved();
    };
    this.pad.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      this.pad.setPointerCapture(event.pointerId);
      on = true;
      to(event);
    });
    this.pad.addEventListener("pointermove", (event) => on && to(event));
    for (const kind of ["pointerup", "pointercancel"])
      this.pad.addEventListener(kind, () => {
        if (on) this.done();
        on = false;
      });
  }

  moved() {
    this.touched = true;
    this.draw();
  }

  done() {
    this.touched = true;
    this.draw();
    this.changed(this.value());
  }

  value() {
    if (!this.touched) return null;
    const step = this.along && Math.round((this.along.input.value / 500) * this.runs.steps);
    const value = this.up && Number(valueAt(this.up.input.value / 500, this.runs).toPrecision(4));
    return this.shape === "point" ? [step, value] : this.shape === "step" ? step : value;
  }

  draw() {
    const value = this.value();
    const layers = [...ruleLayers(this), ...answerLayer(this.shape, value, "me", "", { pen: true, wide: 3 })];
    this.picture.show(this.runs, layers, this.says());
    const step = this.shape === "point" ? value?.[0] : value;
    const tell = (slide, text) => {
      slide.out.textContent = text;
      slide.input.setAttribute("aria-valuetext", text);
    };
    if (this.along) tell(this.along, value == null ? "not set" : sayStep(step, this.runs));
    if (this.up) tell(this.up, value == null ? "not set" : told(this.shape === "point" ? value[1] : value));
  }

  says() {
    const value = this.value();
    return value == null ? "Touch the picture, or move the slider." : this.describe(value);
  }

  describe(value) {
    if (this.shape === "number") return `You say: ${told(value)}.`;
    const [step, high] = [value].flat();
    const when = step >= this.runs.steps ? "never" : `at ${sayStep(step, this.runs)}`;
    return `You say: ${when}${high == null ? "" : `, ${told(high)} high`}.`;
  }

  focus() {
    (this.along ?? this.up).input.focus();
  }

  clear() {}

  close() {
    this.picture.close();
  }
}

function sayStep(step, runs) {
  return step >= runs.steps ? "never" : `step ${told(step)}`;
}
