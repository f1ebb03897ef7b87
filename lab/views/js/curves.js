// Curves: quantities against the step, an axis that counts cost, or a control of a study.
export function render({model, el}) {
  const desk = stand(model, el, paint, hear);
  desk.curves = [];
  const stack = () => desk.plan && {ident: model.ident, axis: desk.plan.stack || "own" + model.index};
  zoomable(desk, stack);
  hovering(desk, stack);
  desk.canvas.report = () => ({k: desk.k, n: desk.curves.map((c) => c.n), frame: desk.frame,
    heads: (desk.heads || []).map(({px, py}) => [px, py]), labels: desk.boxes || []});
}

function hear(desk, message) {
  if (message.kind == "plan") {
    desk.plan = message;
    if ((window.labCursor || {})[desk.model.ident] == null) desk.k = message.k;
    desk.curves = message.curves.map((look, i) => Object.assign(desk.curves[i] || {n: 0, room: 0}, look));
    desk.stale = true;
    return;
  }
  if (!desk.plan) return;   // what came before the whole was asked for is in the whole
  if (message.kind == "rows") takeRows(desk.curves, message); else takeSeeds(desk.curves, message);
}

function takeSeeds(curves, {parts, values}) {
  const data = floatsOf(values);
  let at = 0;
  const next = (n) => data.subarray(at, at += n);
  for (const {i, n, seeds} of parts)
    curves[i].seeds = n ? {x: next(n), low: next(n), high: next(n), lines: Array.from({length: seeds}, () => next(n))} : null;
}

// Where the cursor stands on the x axis: at the least cost that a run had spent at that step, so
// that every run has come so far. A run that ended before counts no more while another goes on.
function standing(desk) {
  const {plan, k} = desk;
  if (plan.steps || !plan.live) return plan.xlog ? k + 1 : k;
  const runs = desk.curves.filter((curve) => curve.n && !curve.ghost && !curve.reference);
  const going = runs.filter((c) => !c.end || c.k[c.n - 1] >= k), all = going.length ? going : runs;
  return all.length ? Math.min(...all.map((c) => costOf(c, k))) : plan.xlog ? 1 : 0;
}

function costOf(c, k) {
  const m = upTo(c.k, k, c.n), at = c.x[Math.max(m - 1, 0)];
  if (m == 0 || m == c.n) return at;
  return at + (c.x[m] - c.x[m - 1]) * (k - c.k[m - 1]) / (c.k[m] - c.k[m - 1]);   // between two rows
}

// How much of a curve is past, and where the cursor crosses it between two rows.
function passed(desk, curve, at) {
  const {plan} = desk, {x, px, py, n} = curve;
  let m = !plan.live || curve.reference || curve.ghost ? n : plan.steps ? upTo(curve.k, desk.k, n) : upTo(x, at * (1 + 1e-12), n);
  if (n && m == 0) m = 1;
  let cut = null;
  if (m > 0 && m < n && Number.isFinite(py[m - 1]) && Number.isFinite(py[m])) {
    const p = px[m - 1], q = px[m], c = desk.frame.X.at(at);
    if (q > p && c > p && c < q) cut = [c, py[m - 1] + (py[m] - py[m - 1]) * (c - p) / (q - p)];
  }
  let j = m - 1;
  while (j >= 0 && !Number.isFinite(py[j])) j--;
  return j < 0 ? null : {m, cut, j, px: cut ? cut[0] : px[j], py: cut ? cut[1] : py[j]};
}

function paint(desk) {
  const {plan, pen} = desk;
  if (!plan) return;
  const frame = desk.frame = frameOf(desk, plan), {X, left, right, top, bottom} = frame;
  const tell = tellOf(frame);
  drawAxes(desk, frame, plan);
  for (const curve of desk.curves) pixels(curve, frame, tell);
  const at = standing(desk), drawn = [];
  desk.curves.forEach((curve, i) => {
    const past = curve.n ? passed(desk, curve, at) : null;
    if (past) drawn.push({i, curve, ...past});
  });
  const px = X.at(at), inside = plan.live && px >= left - 1 && px <= right + 1 && drawn.length > 0;
  const marks = captionsOf(desk, inside ? px : null);
  for (const p of marks.rules) hairline(desk, Math.round(p) + 0.5, top, Math.round(p) + 0.5, bottom, "line", 1, [2, 3]);

  pen.save();
  pen.beginPath();
  pen.rect(left - 1, top - 4, right - left + 2, bottom - top + 8);
  pen.clip();
  for (const curve of desk.curves) if (curve.seeds) overSeeds(desk, curve);
  for (const guide of plan.guides) slopeLine(desk, guide);
  for (const d of drawn) drawCurve(desk, d);
  pen.restore();

  if (inside) cursorLine(desk, px, cursorTop(desk, px, top), plan.under ? desk.H : bottom);
  for (const [x, y, text] of marks.texts) words(desk, x, y, text, {color: "ink2", size: desk.letter});
  for (const [x, text, before] of marks.edits) editFlag(desk, x, top, text, before);
  desk.heads = drawn.filter(({curve}) => plan.live && !curve.reference && !curve.ghost);
  for (const d of desk.heads) drawEnd(desk, d);
  for (const {curve, px: x, py: y} of desk.heads) if (y > top - 8 && y < bottom + 8 && x < right + 8) {
    const thin = ["x", "cross"].includes(curve.marker);
    bead(desk, curve.marked ? curve.marker : "circle", x, y, curve.marked && thin ? 9 : 11, curve.color);
  }
  curveLabels(desk, drawn, tell, inside ? px : null, marks.boxes);
  if (marks.flag) flagOf(desk, ...marks.flag);
  drawHover(desk, drawn);
}

function drawCurve(desk, {curve, m, cut}) {
  const {pen, thick} = desk, {px, py, n} = curve;
  pen.strokeStyle = desk.color(curve.color);
  pen.lineJoin = "round";
  pen.lineCap = "butt";
  pen.setLineDash(curve.dash);
  if (m < n) {
    pen.globalAlpha = AFTER;
    pen.lineWidth = 1.3 * thick;
    through(pen, px, py, cut ? m : Math.max(m - 1, 0), n, cut);
  }
  pen.globalAlpha = curve.ghost ? 0.6 : 1;
  pen.lineWidth = curve.width * thick;
  through(pen, px, py, 0, m, null, cut);
  pen.globalAlpha = 1;
  pen.setLineDash([]);
  if (!curve.marked) return;
  pen.fillStyle = pen.strokeStyle;
  pen.lineWidth = 1;
  pen.beginPath();
  let filled = true;
  for (const j of markers(desk, curve, m)) filled = shape(pen, curve.marker, px[j], py[j], 6.5 * desk.mark);
  if (filled) pen.fill();
  pen.stroke();
}

// The rows that bear a marker: all when few, else evenly spread over the axis.
function markers(desk, {x, y, n, i}, m) {
  const {plan, frame: {X, wide}} = desk, found = new Set();
  const add = (v) => {
    if (v < x[0] || v > x[m - 1]) return;
    let j = Math.max(upTo(x, v, m) - 1, 0);
    if (j + 1 < m && Math.abs(x[j + 1] - v) < Math.abs(x[j] - v)) j++;
    if (Number.isFinite(y[j])) found.add(j);
  };
  if (n <= (plan.live ? 12 : 24)) for (let j = 0; j < m; j++) add(x[j]);
  else if (plan.xlog) {
    const gap = Math.max(1, Math.ceil(44 / Math.max(X.at(2) - X.at(1), 1)));
    for (let e = Math.floor(Math.log2(X.start) / gap) * gap; 2 ** e <= X.end; e += gap) add(2 ** e);
  } else {
    const parts = Math.max(4, Math.round(wide / 64));
    for (let j = 0; j <= parts; j++) add(X.start + (X.end - X.start) * (j + 0.5 * (i % 2)) / parts);
  }
  return found;
}

// How a run ended: an open arrow where it diverged, a bar where it finished.
function drawEnd(desk, {curve, j}) {
  if (!curve.end) return;
  const {pen} = desk, open = curve.end == "diverged";
  let e = curve.n - 1;
  while (e > 0 && !Number.isFinite(curve.py[e])) e--;
  if (!open && e <= j) return;
  const x = curve.px[e], y = Math.max(curve.py[e], desk.frame.top);
  pen.strokeStyle = desk.color(curve.color);
  pen.fillStyle = desk.color("stage");
  pen.lineWidth = 2;
  pen.beginPath();
  if (open) { shape(pen, "triangle", x, y, 13); pen.fill(); } else { pen.moveTo(x, y - 6.5); pen.lineTo(x, y + 6.5); }
  pen.stroke();
}

function overSeeds(desk, {seeds: {x, low, high, lines}, color}) {
  const {pen, frame: {X, Y}} = desk, px = Array.from(x, X.at);
  pen.fillStyle = pen.strokeStyle = desk.color(color);
  pen.globalAlpha = BAND;
  pen.beginPath();
  const kept = [...px.keys()].filter((j) => Number.isFinite(Y.at(low[j]) + Y.at(high[j])));
  for (const j of kept) pen.lineTo(px[j], Y.at(high[j]));
  for (const j of kept.reverse()) pen.lineTo(px[j], Y.at(low[j]));
  pen.fill();
  pen.globalAlpha = THIN_LINE;
  pen.lineWidth = 1;
  for (const line of lines) through(pen, px, Array.from(line, Y.at), 0, px.length);
  pen.globalAlpha = 1;
}

function slopeLine(desk, {x, y, power}) {   // straight, because both axes are logarithmic
  const {X, Y, left, right} = desk.frame, height = (p) => Y.at(y * (X.back(p) / x) ** power);
  hairline(desk, left, height(left), right, height(right), "bound", 1.5, [2, 4]);
}
