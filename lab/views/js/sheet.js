// Marks in a frame: profiles, histograms, networks, timelines, as they are now.
export function render({model, el}) {
  const desk = stand(model, el, paint, hear);
  zoomable(desk, () => null);
  desk.canvas.report = () => ({frame: desk.frame, layers: desk.layers, labels: desk.boxes || []});
}

function hear(desk, message) {
  if (message.kind == "plan") desk.plan = message;
  else if (message.kind == "marks") takeMarks(desk, message);
  desk.stale = true;
}

function paint(desk) {
  const {plan, pen} = desk;
  if (!plan) return;
  const frame = desk.frame = plan.equal ? equalFrame(desk, plan) : frameOf(desk, plan), {left, top, wide, tall} = frame;
  if (!plan.bare) drawAxes(desk, frame, plan);
  pen.save();
  pen.beginPath();
  pen.rect(left - 12, top - 12, wide + 24, tall + (plan.bare ? 24 : 13));
  pen.clip();
  for (const layer of ["edges", "marks"]) drawLayer(desk, layer);
  pen.restore();
  sheetLabels(desk, tellOf(frame));
}

// A name beside each line, where there is room.
function sheetLabels(desk, tell) {
  const lines = (desk.layers?.marks || []).filter((mark) => (mark.kind == "line" || mark.kind == "uprights") && mark.n);
  if (placingDue(desk, tell + lines.length + (desk.stale ? performance.now() : ""))) {
    desk.stale = false;
    desk.spots = placeSheet(desk, lines);
  }
  desk.boxes = desk.spots.map(({box}) => box);
  for (const {x, y, text, size, color} of desk.spots)
    words(desk, x, y + size, text, {color, size, bold: true, halo: true});
}

function placeSheet(desk, lines) {
  const {frame, letter, small} = desk, {X, Y} = frame, room = new Room(frame), size = small ? letter : letter + 1;
  const kept = desk.kept || (desk.kept = {}), spots = [];
  const shown = lines.map(({columns: [x, y], n, label, color}) => {
    if (!y) {   // upright lines: the name stands beside the last
      for (const at of x) room.segment(X.at(at), frame.top, X.at(at), frame.bottom);
      const last = X.at(x[n - 1]), tall = frame.bottom - frame.top - 2;
      return {label, color, points: [0, 0.25, 0.5, 0.75, 1].map((share) => [last, frame.bottom - 1 - share * tall])};
    }
    const px = Array.from(x, X.at), py = Array.from(y, Y.at);
    room.line(px, py, n);
    return {label, color, points: px.map((p, j) => [p, py[j]]).filter(([p, q]) => Number.isFinite(p + q))};
  });
  room.sum();
  shown.forEach(({label, color, points}, i) => {
    if (!label || !points.length) return;
    const w = widthOf(desk, label, size, true), h = size + 4, places = [];
    for (const share of [1, 0.85, 0.7, 0.55, 0.4, 0.25, 0.1]) {
      const [x, y] = points[Math.min(points.length - 1, Math.round(share * (points.length - 1)))];
      for (const gap of [7, 22, 44])
        places.push([x - w / 2, y - h - gap, gap / 3 + 4 * (1 - share)], [x - w / 2, y + gap, gap / 3 + 1 + 4 * (1 - share)],
          [x - w - gap, y - h / 2, gap / 3 + 2], [x + gap, y - h / 2, gap / 3 + 2]);
    }
    const peak = points.reduce((p, q) => q[1] < p[1] ? q : p);
    places.push([peak[0] + 10, peak[1] - 2, 0], [peak[0] - w - 10, peak[1] - 2, 0.5],
      [peak[0] + 26, peak[1] + 8, 2], [peak[0] - w - 26, peak[1] + 8, 2]);
    const found = room.choose(w, h, places, kept[i]);
    kept[i] = found.index;
    room.take(found.box);
    spots.push({x: found.x, y: found.y, box: found.box, text: label, size, color});
  });
  return spots;
}
