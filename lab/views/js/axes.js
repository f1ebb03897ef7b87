// The frame of a picture: scales, ticks, grid, and how a person zooms it.
const BESIDE_SMALL = 74;   // px to the right of a frame, for the bars of now on a narrow page
const NARROW = 400;

function scaleOf([start, end], log, from, to) {
  const f = log ? Math.log10 : (v) => v, a = f(start), rate = (to - from) / (f(end) - a);
  return {
    start, end, log, from, to,
    at: (v) => from + (f(v) - a) * rate,
    back: (p) => { const v = a + (p - from) / rate; return log ? 10 ** v : v; },
  };
}
// As many round places as fit.
function ticksOf({start, end, log, from, to}, {across, whole = false, percent = false}) {
  const room = Math.abs(to - from), found = [];
  if (log && end > start && start > 0) {
    const low = Math.log10(start), high = Math.log10(end);
    const most = Math.max(2, Math.floor(room / (across ? 62 : 34)));
    const step = Math.max(1, Math.ceil((high - low) / most));
    if (high - low > 1.2) {
      if (across) for (let e = Math.ceil(low - 1e-6); e <= high + 1e-6; e += step) found.push(10 ** e);
      else for (let e = Math.floor(high + 1e-6); e >= low - 1e-6; e -= step) found.push(10 ** e);
      return found;
    }
    for (let e = Math.floor(low); e <= high; e++)
      for (const m of [1, 2, 5]) {
        const v = m * 10 ** e;
        if (v >= start * 0.999 && v <= end * 1.001) found.push(v);
      }
    return found;
  }
  const span = end - start;
  if (!(span > 0)) return found;
  const most = Math.max(across && room > 180 ? 3 : 2,
    Math.min(across ? 12 : 6, Math.floor(room / (across ? 120 : 42))));
  if (percent && span > 0.9 && span < 1.1) return most < 5 ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1];
  const base = 10 ** Math.floor(Math.log10(span / most));
  let step = base;
  for (const m of [1, 2, 2.5, 5, 10]) {
    step = m * base;
    if (span / step <= most + 1e-6) break;
  }
  if (whole && step < 1) step = 1;
  for (let i = Math.ceil(start / step - 1e-6); i * step <= end + 1e-6 * step; i++) found.push(i * step);
  return found;
}
function tickWords(v, log, percent) {
  if (percent) return tickText(100 * v) + (Math.abs(v - 1) < 1e-9 ? THIN + "%" : "");
  const e = log ? Math.log10(v) : 0, whole = Math.round(e);
  return log && Math.abs(e - whole) < 1e-6 ? powerOfTen(whole) : tickText(v);
}
// What a picture leaves free at its left and right; the same in all pictures of a stack.
function edges(desk, plan) {
  const grown = desk.letter / 12;
  return {left: plan.left * grown, right: desk.W - (plan.beside && desk.W < NARROW ? BESIDE_SMALL : plan.right * (plan.beside ? grown : 1))};
}
// The frame, with the axes of the plan or those that a person has zoomed to.
function frameOf(desk, plan) {
  const {left, right} = edges(desk, plan), {W, H} = desk, zoom = desk.zoom || {};
  const top = plan.top, bottom = H - plan.bottom * (plan.bottom > 20 ? desk.letter / 12 : 1);
  return {left, right, top, bottom, wide: right - left, tall: bottom - top,
    X: scaleOf(zoom.x || plan.x, plan.xlog, left, right), Y: scaleOf(zoom.y || plan.y, plan.ylog, bottom, top)};
}
// One unit is as long across as up, and the box is in the frame.
function equalFrame(desk, plan) {
  const {wide, tall} = frameOf(desk, plan), {x: [x0, x1], y: [y0, y1]} = plan;
  const unit = Math.max((x1 - x0) / wide, (y1 - y0) / tall), cx = (x0 + x1) / 2, cy = (y0 + y1) / 2;
  return frameOf(desk, {...plan, x: [cx - unit * wide / 2, cx + unit * wide / 2], y: [cy - unit * tall / 2, cy + unit * tall / 2]});
}
// Changes with everything that places depend on.
function tellOf({X, Y, left, right, top, bottom}) {
  return [X.start, X.end, Y.start, Y.end, left, right, top, bottom].join();
}
function drawAxes(desk, frame, plan) {
  const {pen, letter, small} = desk, {X, Y, left, right, top, bottom} = frame;
  const across = ticksOf(X, {across: true, whole: plan.whole});
  const up = plan.names ? [] : ticksOf(Y, {across: false, percent: plan.percent});   // rows may have names
  pen.strokeStyle = desk.color("grid");
  pen.lineWidth = 1;
  pen.beginPath();
  for (const v of across) { const p = Math.round(X.at(v)) + 0.5; pen.moveTo(p, top); pen.lineTo(p, bottom); }
  for (const v of up) { const p = Math.round(Y.at(v)) + 0.5; pen.moveTo(left, p); pen.lineTo(right, p); }
  pen.stroke();
  hairline(desk, left, bottom + 0.5, right, bottom + 0.5);
  for (const v of up)
    words(desk, left - 8, Y.at(v) + 0.36 * letter, tickWords(v, plan.ylog, plan.percent), {align: "right", size: letter});
  for (const [v, name] of plan.names || []) words(desk, left - 8, Y.at(v) + 0.36 * letter, name, {align: "right", size: letter});
  if (plan.under) return;   // the picture below carries the ticks
  for (const v of across)
    words(desk, X.at(v), bottom + 1.5 * letter, tickWords(v, plan.xlog, false), {align: "center", size: letter});
  if (!small && plan.below) words(desk, right, bottom + 3 * letter, plan.below, {color: "ink2", align: "right", size: letter});
}

// Ctrl and the wheel zoom about the pointer; a double click shows all again.
function zoomed({start, end, log, back}, p, factor) {
  const f = log ? Math.log10 : (v) => v, u = log ? (v) => 10 ** v : (v) => v, at = f(back(p));
  return [start, end].map((v) => u(at + (f(v) - at) * factor));
}
function zoomable(desk, shared) {
  const tell = (x) => window.dispatchEvent(new CustomEvent("lab-range", {detail: {...shared(), x}}));
  desk.listen(window, "lab-range", ({detail}) => {
    const own = shared();
    if (!own || detail.ident != own.ident || detail.axis != own.axis) return;
    desk.zoom = detail.x ? {...desk.zoom, x: detail.x} : null;
    desk.later();
  });
  desk.listen(desk.canvas, "wheel", (event) => {
    if (!event.ctrlKey || !desk.frame) return;
    event.preventDefault();
    const {X, Y} = desk.frame, factor = Math.exp(0.002 * event.deltaY);
    const x = zoomed(X, event.offsetX, factor), y = zoomed(Y, event.offsetY, factor);
    desk.zoom = {x, y};
    if (shared()) tell(x);
    desk.later();
  }, {passive: false});
  desk.listen(desk.canvas, "dblclick", () => {
    desk.zoom = null;
    if (shared()) tell(null);
    desk.later();
  });
}
