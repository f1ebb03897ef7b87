// The plane: paths of runs, points, arrows, places to reach.
export function render({model, el}) {
  const desk = stand(model, el, paint, hear);
  desk.paths = [];
  zoomable(desk, () => null);
  draggable(desk);
  desk.canvas.report = () => ({k: desk.k, n: desk.paths.map((p) => p.n), steps: desk.paths.map((p) => p.step ?? desk.k), frame: desk.frame, ring: desk.ring,
    heads: (desk.heads || []).map(({px, py}) => [px, py]), labels: desk.boxes || []});
}

function hear(desk, message) {
  if (message.kind == "plan") {
    desk.plan = message;
    if ((window.labCursor || {})[desk.model.ident] == null) desk.k = message.k;
    desk.paths = message.paths.map((look, i) => Object.assign(desk.paths[i] || {n: 0, room: 0}, look));
    desk.stale = true;
    return;
  }
  if (!desk.plan) return;   // what came before the whole was asked for is in the whole
  if (message.kind == "rows") takeRows(desk.paths, message);
  else if (message.kind == "steps") desk.paths.forEach((path, i) => { path.step = message.steps[i]; });
  else if (message.kind == "marks") { takeMarks(desk, message); desk.stale = true; }
}

function paint(desk) {
  const {pen} = desk, plan = desk.plan && fitting(desk);
  if (!plan) return;
  const frame = desk.frame = plan.equal ? equalFrame(desk, plan) : frameOf(desk, plan);
  const tell = tellOf(frame), {left, top, wide, tall} = frame;
  if (!plan.equal) {
    drawAxes(desk, frame, plan);
    if (!plan.low) words(desk, left, top - 8, plan.aside, {color: "ink2"});
    else {
      words(desk, left + wide, top + desk.letter, plan.aside && "up: " + plan.aside, {color: "ink2", align: "right", halo: true});
      words(desk, left + 6, top + tall - 7, plan.low, {color: "ink2", halo: true});
    }
  }
  for (const path of desk.paths) pixels(path, frame, tell);
  pen.save();
  pen.beginPath();
  pen.rect(left - 8, top - 8, wide + 16, tall + 16);
  pen.clip();
  for (const layer of ["fill", "field", "lines", "trails", "points"]) drawLayer(desk, layer);
  const drawn = desk.heads = [];
  desk.paths.forEach((path, i) => {
    const m = reached(path, path.step ?? desk.k);
    if (!m) return;
    drawPath(desk, path, m);
    if (!path.ghost) drawn.push({i, path, m, px: path.px[m - 1], py: path.py[m - 1]});
  });
  pen.restore();
  const crosses = drawTargets(desk), ring = desk.ring = startOf(desk, drawn);
  if (ring) drawRing(desk, ring);
  for (const {path, px, py} of drawn) bead(desk, path.marker, px, py, 12, path.color, 2.4);
  planeLabels(desk, drawn, ring, crosses, tell);
}

// A low picture gives its height to the paths: the title stays, the words below go inside.
function fitting({plan, H}) {
  if (H > 220) return plan;
  return {...plan, top: Math.min(plan.top, 38), bottom: Math.min(plan.bottom, 26), below: "", low: plan.below};
}

function reached({k, x, y, n}, step) {
  let m = upTo(k || [], step, n);
  if (n && m == 0) m = 1;
  while (m > 1 && !(Number.isFinite(x[m - 1]) && Number.isFinite(y[m - 1]))) m--;
  return m;
}

// A path that goes round and round is a comet: a thin line, a bold tail, fading points.
function drawPath(desk, {px, py, color, marker, dash, ghost}, m) {
  const {pen, frame: {wide, tall}} = desk, size = wide + tall;
  pen.strokeStyle = pen.fillStyle = desk.color(color);
  pen.lineJoin = pen.lineCap = "round";
  pen.setLineDash(dash);
  if (ghost) {
    pen.globalAlpha = 0.6;
    pen.lineWidth = 1;
    through(pen, px, py, 0, m);
  } else {
    const far = new Float64Array(m);
    let length = 0, tail = m - 1;
    for (let j = m - 1; j > 0; j--) {
      const d = Math.hypot(px[j] - px[j - 1], py[j] - py[j - 1]);
      length += Number.isFinite(d) ? d : 0;
      far[j - 1] = length;
      if (length < 0.45 * size) tail = j - 1;
    }
    const comet = length > 3 * size, cut = comet ? tail : 0, reach = Math.max(far[tail], 1), gap = comet ? 9 : 14;
    if (comet) {
      pen.globalAlpha = 0.5;
      pen.lineWidth = 1.2 * desk.thick;
      through(pen, px, py, 0, cut + 1);
      pen.globalAlpha = 1;
    }
    pen.lineWidth = 2 * desk.thick;
    through(pen, px, py, cut, m);
    pen.setLineDash([]);
    pen.lineWidth = 1;
    let x = NaN, y = NaN;
    for (let j = m - 1; j >= cut; j--) {   // points that would melt together are left out
      if (Math.hypot(px[j] - x, py[j] - y) < gap) continue;
      x = px[j]; y = py[j];
      pen.globalAlpha = comet ? 0.28 + 0.72 * (1 - far[j] / reach) : 1;
      pen.beginPath();
      if (shape(pen, marker, x, y, 6.8 * desk.mark)) pen.fill(); else pen.stroke();
    }
  }
  pen.globalAlpha = 1;
  pen.lineCap = "butt";
  pen.setLineDash([]);
}

// A cross with a hole, 7 to 13 px from each target; where there are many, a small one without.
function drawTargets(desk) {
  const found = [];
  for (const {columns: [x, y], n} of desk.layers?.target || []) {
    const few = n <= 6, [from, to] = few ? [7, 13] : [0, 4.5];
    desk.pen.strokeStyle = desk.color("ink");
    desk.pen.lineWidth = 1.4;
    desk.pen.beginPath();
    for (let i = 0; i < n; i++) {
      const px = desk.frame.X.at(x[i]), py = desk.frame.Y.at(y[i]);
      found.push([px, py, to]);
      for (const [dx, dy] of [[-1, 0], [1, 0], [0, -1], [0, 1]]) {
        desk.pen.moveTo(px + from * dx, py + from * dy);
        desk.pen.lineTo(px + to * dx, py + to * dy);
      }
    }
    desk.pen.stroke();
  }
  return found;
}

function startOf(desk, drawn) {
  if (desk.drag) return desk.drag;
  if (!drawn.length || !(desk.plan.start || drawn[0].m > 1)) return null;
  return [drawn[0].path.px[0], drawn[0].path.py[0]];
}

function drawRing(desk, [x, y]) {
  const {pen} = desk;
  pen.beginPath();
  pen.arc(x, y, desk.plan.start ? 7.5 : 6, 0, 2 * Math.PI);
  pen.fillStyle = desk.color("stage");
  pen.strokeStyle = desk.color("ink");
  pen.lineWidth = 2;
  pen.fill();
  pen.stroke();
}

// The start follows the pointer; the server hears of it once in a frame. Meanwhile the picture keeps
// what it shows: a box that went along with the start would run away from the hand.
function draggable(desk) {
  const {canvas} = desk, near = (event) => desk.plan?.start && desk.ring
    && Math.hypot(event.offsetX - desk.ring[0], event.offsetY - desk.ring[1]) < 16;
  const tell = (done) => {
    const {X, Y} = desk.frame, [px, py] = desk.drag;
    desk.send({start: [X.back(px), Y.back(py)], done});
  };
  desk.listen(canvas, "pointerdown", (event) => {
    if (!near(event)) return;
    canvas.setPointerCapture(event.pointerId);
    desk.drag = [event.offsetX, event.offsetY];
    const {X, Y} = desk.frame;
    desk.before = desk.zoom;
    desk.zoom = {x: [X.start, X.end], y: [Y.start, Y.end]};
    event.preventDefault();
  });
  desk.listen(canvas, "pointermove", (event) => {
    if (!desk.drag) { canvas.style.cursor = near(event) ? "grab" : ""; return; }
    desk.drag = [event.offsetX, event.offsetY];
    desk.later();
    if (desk.asked) return;
    desk.asked = true;
    requestAnimationFrame(() => { desk.asked = false; if (desk.drag) tell(false); });
  });
  for (const name of ["pointerup", "pointercancel"]) desk.listen(canvas, name, () => {
    if (!desk.drag) return;
    tell(true);
    desk.drag = null;
    desk.zoom = desk.before;
    desk.later();
  });
}
