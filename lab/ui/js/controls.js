// Controls of the rail: a slider and a field that says the exact value, always in step.
class ControlField {
  constructor(node, send) {
    this.node = node;
    this.name = node.dataset.control;
    this.kind = node.dataset.kind;
    this.live = Boolean(node.closest(".live"));
    this.send = (value, done) => send(this.name, value, done);
    if (this.kind === "number" || this.kind === "integer") this.numeric();
    else if (this.kind === "boolean") this.simple("input", (e) => e.checked);
    else if (this.kind === "selector") this.selector();
    else if (this.kind === "numbers")
      this.simple("input", (e) => e.value.split(/[;,\s]+/).filter(Boolean).map(typed));
    else this.simple("input", (e) => e.value);
  }

  numeric() {
    const data = this.node.dataset;
    this.range = this.node.querySelector("input[type=range]");
    this.field = this.node.querySelector(".val");
    this.low = Number(data.low);
    this.high = Number(data.high);
    this.log = data.log === "1" && this.low > 0;
    this.value = JSON.parse(data.value);
    this.show(this.value);
    if (this.range) {
      this.range.addEventListener("input", () => {
        this.value = this.from(Number(this.range.value) / 1000);
        this.paint(true);
        if (this.live) this.send(this.value, false);
      });
      // a restart control acts when it is released, not while it is dragged
      this.range.addEventListener("change", () => this.send(this.value, true));
      this.range.addEventListener("keydown", (event) => this.nudge(event));
    }
    this.field.addEventListener("focus", () => this.field.select());
    this.field.addEventListener("change", () => {
      const value = typed(this.field.value);
      if (value === null) this.restore();
      else this.send(value, true);
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.field.blur();
      if (event.key === "Escape") { this.restore(); this.field.blur(); }
    });
  }

  nudge(event) {
    const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    let value;
    if (this.kind === "integer") value = this.value + way;
    else {
      const place = this.to(this.value) + way * 0.01;
      value = this.from(Math.min(Math.max(place, 0), 1));
    }
    this.value = Math.min(Math.max(value, this.low), this.high);
    this.paint(false);
    clearTimeout(this.wait);
    if (this.live) this.send(this.value, false);
    else this.wait = setTimeout(() => { this.wait = 0; this.send(this.value, true); }, 250);
  }

  from(place) {
    if (place <= 0) return this.low;
    if (place >= 1) return this.high;
    const raw = this.log
      ? this.low * (this.high / this.low) ** place
      : this.low + place * (this.high - this.low);
    if (this.kind === "integer") return Math.round(raw);
    const unit = this.log
      ? 10 ** (Math.floor(Math.log10(raw)) - 1)
      : 10 ** Math.floor(Math.log10((this.high - this.low) / 100));
    return Number((Math.round(raw / unit) * unit).toPrecision(12));
  }

  to(value) {
    if (!(this.high > this.low)) return 0;
    const place = this.log
      ? Math.log(value / this.low) / Math.log(this.high / this.low)
      : (value - this.low) / (this.high - this.low);
    return Math.min(Math.max(place, 0), 1);
  }

  paint(dragging) {
    if (!this.field.matches(":focus")) // what a person types stays
      this.field.value = exact(this.value);
    this.field.style.width = `${Math.max(this.field.value.length, 2) + 0.6}ch`;
    if (!this.range) return;
    const place = this.to(this.value);
    if (!dragging) this.range.value = String(Math.round(place * 1000));
    this.range.style.setProperty("--p", `${100 * place}%`);
    const unit = this.node.dataset.unit;
    this.range.setAttribute("aria-valuetext", exact(this.value) + (unit ? ` ${unit}` : ""));
  }

  // The value as it is, in place of what was typed.
  restore() {
    this.refuse("");
    this.field.value = exact(this.value);
    this.paint(false);
  }

  selector() {
    const select = this.node.querySelector("select");
    if (select) select.addEventListener("change", () => this.send({ at: Number(select.value) }, true));
    for (const button of this.node.querySelectorAll("[data-choice]"))
      button.addEventListener("click", () => this.send({ at: Number(button.dataset.choice) }, true));
    this.value = null;
  }

  simple(selector, read) {
    this.input = this.node.querySelector(selector);
    this.input.addEventListener("change", () => this.send(read(this.input), true));
  }

  // What the server says the value is; a slider under the finger, or a key's, is left alone.
  show(value) {
    if (value === undefined || this.wait) return;
    this.refuse("");
    if (this.kind === "number" || this.kind === "integer") {
      this.value = value;
      const dragged = this.range && this.range.matches(":active");
      if (!dragged) this.paint(false);
    } else if (this.kind === "boolean") this.input.checked = value;
    else if (this.kind === "selector") {
      const select = this.node.querySelector("select");
      if (select) select.value = String(value.at);
      for (const button of this.node.querySelectorAll("[data-choice]"))
        button.setAttribute("aria-pressed", String(Number(button.dataset.choice) === value.at));
    } else if (!this.input.matches(":focus"))
      this.input.value = Array.isArray(value) ? value.map(exact).join(", ") : value;
  }

  refuse(text) {
    let line = this.node.querySelector(".no");
    if (!text) { line?.remove(); return; }
    if (!line) {
      line = document.createElement("small");
      line.className = "no";
      line.setAttribute("role", "alert");
      this.node.append(line);
    }
    line.textContent = text;
  }
}
