// The seek track: ink is past, 35 % is recorded after the cursor, line is not run.
const SVG = "http://www.w3.org/2000/svg";

function draw(parent, tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const name in attributes)
    if (attributes[name] !== null) node.setAttribute(name, attributes[name]);
  parent.append(node);
  return node;
}

class Track {
  constructor(host, onSeek) {
    this.host = host;
    this.state = { k: 0, head: 0, end: 100, marks: [], ended: "", dim: false };
    this.svg = draw(host, "svg", { "aria-hidden": "true" });
    this.back = draw(this.svg, "g", {});
    const line = { "stroke-width": 3, "stroke-linecap": "round", y1: 0, y2: 0 };
    this.rest = draw(this.svg, "line", { ...line, stroke: "var(--ink)", opacity: 0.35 });
    this.past = draw(this.svg, "line", { ...line, stroke: "var(--ink)" });
    this.tail = draw(this.svg, "path", { fill: "none", stroke: "var(--ink)", "stroke-width": 2 });
    this.knob = draw(this.svg, "g", {});
    draw(this.knob, "rect", { x: -6, y: -11, width: 12, height: 22, rx: 2, fill: "var(--now)",
      stroke: "var(--on-now)", "stroke-width": 1.5 });
    draw(this.knob, "line", { y1: -5, y2: 5, stroke: "var(--on-now)", "stroke-width": 1.5 });
    this.shape = "";
    let down = false;
    const at = (event) => {
      const box = host.getBoundingClientRect();
      onSeek(((event.clientX - box.left - 6) / (box.width - 12)) * this.state.end);
    };
    host.addEventListener("pointerdown", (event) => {
      down = true;
      host.setPointerCapture(event.pointerId);
      at(event);
    });
    host.addEventListener("pointermove", (event) => down && at(event));
    const up = () => { down = false; };
    host.addEventListener("pointerup", up);
    host.addEventListener("pointercancel", up);
    this.watch = new ResizeObserver(() => { // asked for here, its size costs no layout
      this.width = host.clientWidth;
      this.height = host.clientHeight;
      this.update({});
    });
    this.watch.observe(host);
  }

  remove() { this.watch.disconnect(); }

  x(k) { return 6 + (Math.min(k, this.state.end) / this.state.end) * (this.width - 12); }

  update(change) {
    const s = Object.assign(this.state, change);
    if (!this.width) return;
    const y = this.height / 2 - 2;
    const shape = JSON.stringify([this.width, this.height, s.end, s.marks, s.queued]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.frame(y);
    }
    const set = (line, from, to) => {
      line.setAttribute("x1", this.x(from));
      line.setAttribute("x2", this.x(to));
      line.setAttribute("y1", y);
      line.setAttribute("y2", y);
      line.setAttribute("visibility", to > from ? "visible" : "hidden");
    };
    set(this.rest, s.k, s.head);
    set(this.past, 0, s.k);
    this.past.setAttribute("opacity", s.dim ? 0.5 : 1);
    const h = this.x(s.head);
    const tail = { end: `M${h},${y - 9}V${y + 9}`, diverged: `M${h - 6},${y - 6}l7,6l-7,6` };
    this.tail.setAttribute("d", tail[s.ended] || "");
    this.tail.setAttribute("stroke", s.ended === "diverged" ? "var(--alert)" : "var(--ink)");
    this.knob.setAttribute("transform", `translate(${this.x(s.k)},${y})`);
    const host = this.host;
    host.setAttribute("aria-valuemax", s.head);
    host.setAttribute("aria-valuenow", s.k);
    host.setAttribute("aria-valuetext", `step ${s.k} of ${s.head}`);
  }

  frame(y) {
    const s = this.state, g = this.back;
    g.replaceChildren();
    draw(g, "line", { x1: 6, x2: this.width - 6, y1: y, y2: y, stroke: "var(--line)",
      "stroke-width": 3, "stroke-linecap": "round", "stroke-dasharray": s.queued ? "0 7" : null });
    for (const [k, kind, label] of s.marks) {
      const x = this.x(k);
      const mark = kind === "edit"
        ? draw(g, "path", { d: `M${x},${y - 4}v-9h7l-2,2.5l2,2.5h-6`, fill: "var(--ink2)",
            stroke: "var(--ink2)", "stroke-linejoin": "round" })
        : kind === "stage"
          ? draw(g, "path", { d: `M${x - 4},${y - 12}h8l-4,6z`, fill: "var(--ink3)" })
          : draw(g, "line", { x1: x, x2: x, y1: y - 11, y2: y - 5, stroke: "var(--ink3)",
              "stroke-width": 1.5 });
      if (label) draw(mark, "title", {}).textContent = `${label}, step ${k}`;
    }
    const parts = this.width < 260 ? 2 : s.end % 3 === 0 ? 3 : s.end % 4 === 0 ? 4 : 2;
    for (let i = 0; i <= parts; i++) {
      const k = (s.end * i) / parts;
      const anchor = i === 0 ? "start" : i === parts ? "end" : "middle";
      const text = draw(g, "text", { x: i === 0 ? 4 : i === parts ? this.width - 4 : this.x(k),
        y: this.height - 2, "text-anchor": anchor });
      text.textContent = k % 1 ? "" : count(k);
    }
  }
}

// A page that shows no single run has none.
const NO_TRACK = { update() {}, remove() {} };
