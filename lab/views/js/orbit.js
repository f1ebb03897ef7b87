// Everything of a plane that depends on the cursor or on pixels.
once(figure, {figure, cursor, styles, box, full, old, line, recent, now, ring, labels, targets,
  crosses, bold, bolder, equal, aim, quiet, corner, below, dragged}, place);

function place(desk) {
  const {figure, cursor, styles, box, full, old, line, recent, now, ring, labels, targets,
    crosses, bold, bolder, equal, aim, quiet, corner, below, dragged} = desk.args;
  const room = sizes(figure);
  if (!room) return;
  const {W, H, small} = room, k = cursor.data.k[0], style = styles.data;

  if (equal) {   // one unit is as long across as up
    const b = box.data, x0 = b.x0[0], x1 = b.x1[0], y0 = b.y0[0], y1 = b.y1[0];
    const unit = Math.max((x1 - x0) / W, (y1 - y0) / H);
    const cx = (x0 + x1) / 2, cy = (y0 + y1) / 2, tell = [x0, x1, y0, y1, W, H].join();
    if (desk.box != tell) {   // a person's zoom stays until the frame grows
      desk.box = tell;
      figure.x_range.setv({start: cx - unit * W / 2, end: cx + unit * W / 2});
      figure.y_range.setv({start: cy - unit * H / 2, end: cy + unit * H / 2});
    }
  } else put(corner, {x: [figure.x_range.end], y: [figure.y_range.start], text: [small ? "" : below]});
  const X = scale(figure.x_range, false, W, false), Y = scale(figure.y_range, false, H, true);

  const head = {x: [], y: [], color: [], marker: []}, spots = [], drawn = [];
  full.forEach((source, i) => {
    const {k: ks, x: xs, y: ys} = source.data;
    let m = upTo(ks, k);
    if (ks.length && m == 0) m = 1;
    while (m > 1 && !(Number.isFinite(xs[m - 1]) && Number.isFinite(ys[m - 1]))) m--;
    // a path that goes round and round is a comet: a thin line, a bold tail, fading points
    let length = 0, tail = m - 1;
    const far = new Float64Array(m);
    for (let j = m - 1; j > 0; j--) {
      const d = Math.hypot(X.to(xs[j]) - X.to(xs[j - 1]), Y.to(ys[j]) - Y.to(ys[j - 1]));
      length += Number.isFinite(d) ? d : 0;
      far[j - 1] = length;
      if (length < 0.45 * (W + H)) tail = j - 1;
    }
    const comet = length > 3 * (W + H), cut = comet ? tail : 0, reach = Math.max(far[tail], 1);
    put(old[i], comet ? {x: xs.slice(0, cut + 1), y: ys.slice(0, cut + 1)} : {x: [], y: []});
    put(line[i], comet ? {x: [], y: []} : {x: xs.slice(0, m), y: ys.slice(0, m)});
    const fade = {x: [], y: [], alpha: []}, gap = comet ? 9 : 14;
    if (comet) put(line[i], {x: xs.slice(cut, m), y: ys.slice(cut, m)});
    let px = null, py = null;
    for (let j = m - 1; j >= cut; j--) {   // points that would melt together are left out
      const x = X.to(xs[j]), y = Y.to(ys[j]);
      if (px != null && Math.hypot(x - px, y - py) < gap) continue;
      px = x; py = y;
      fade.x.push(xs[j]); fade.y.push(ys[j]);
      fade.alpha.push(comet ? 0.28 + 0.72 * (1 - far[j] / reach) : 1);
    }
    put(recent[i], fade);
    if (!m) return;
    head.x.push(xs[m - 1]); head.y.push(ys[m - 1]);
    head.color.push(style.color[i] || quiet); head.marker.push(style.marker[i] || "circle");
    const step = Math.max(1, Math.floor(m / 500));
    for (let j = 0; j < m; j += step) spots.push([X.to(xs[j]), Y.to(ys[j])]);
    drawn.push({i, xs, ys, m});
  });
  put(now, head);

  const start = drawn.length ? {x: [drawn[0].xs[0]], y: [drawn[0].ys[0]]} : {x: [], y: []};
  if (drawn.length && (dragged || drawn[0].m > 1)) {
    if (!(dragged && desk.start == start.x + " " + start.y)) put(ring, start);
    desk.start = start.x + " " + start.y;
  } else put(ring, {x: [], y: []});

  // a cross with a hole, 7 to 13 px from each target
  const cross = {x0: [], y0: [], x1: [], y1: []}, boxes = [];
  targets.data.x.forEach((x, j) => {
    const px = X.to(x), py = Y.to(targets.data.y[j]);
    boxes.push([px - 13, py - 13, px + 13, py + 13]);
    for (const [dx, dy] of [[-1, 0], [1, 0], [0, -1], [0, 1]]) {
      cross.x0.push(X.back(px + 7 * dx)); cross.y0.push(Y.back(py + 7 * dy));
      cross.x1.push(X.back(px + 13 * dx)); cross.y1.push(Y.back(py + 13 * dy));
    }
  });
  put(crosses, cross);

  // few arrows are pointers: never shorter than 56 px
  const b = bold.data, rods = {x0: [], y0: [], x1: [], y1: [], angle: []};
  b.x0.forEach((x, j) => {
    const p = [X.to(x), Y.to(b.y0[j])], q = [X.to(b.x1[j]), Y.to(b.y1[j])];
    const length = Math.hypot(q[0] - p[0], q[1] - p[1]);
    if (!(length > 0)) return;
    const f = Math.max(1, 56 / length), end = [p[0] + (q[0] - p[0]) * f, p[1] + (q[1] - p[1]) * f];
    rods.x0.push(x); rods.y0.push(b.y0[j]); rods.x1.push(X.back(end[0])); rods.y1.push(Y.back(end[1]));
    rods.angle.push(-Math.atan2(end[1] - p[1], end[0] - p[0]) - Math.PI / 2);
    for (let s = 0; s <= 1; s += 0.05) spots.push([p[0] + (end[0] - p[0]) * s, p[1] + (end[1] - p[1]) * s]);
  });
  put(bolder, rods);

  const out = {x: [], y: [], text: [], color: [], size: [], weight: []};
  const write = (found, text, color, size, weight) => {
    boxes.push(found.box);
    out.x.push(X.back(found.x)); out.y.push(Y.back(found.y + size / 2 + 2)); out.text.push(text);
    out.color.push(color); out.size.push(size + "px"); out.weight.push(weight);
  };
  const choose = (name, width, height, places) => {
    const found = roomFor(width, height, places, {W, H, spots, boxes, keep: desk.kept[name]});
    desk.kept[name] = found.index;
    return found;
  };
  const around = (px, py, w, h, gap, cost) => [
    [px + gap, py - h / 2, cost], [px - gap - w, py - h / 2, cost],
    [px - w / 2, py - h - gap, cost], [px - w / 2, py + gap, cost],
    [px + gap * 0.7, py - h - gap * 0.6, cost + 1], [px - gap * 0.7 - w, py - h - gap * 0.6, cost + 1],
    [px + gap * 0.7, py + gap * 0.6, cost + 1], [px - gap * 0.7 - w, py + gap * 0.6, cost + 1]];
  for (const d of drawn) boxes.push([X.to(d.xs[d.m - 1]) - 8, Y.to(d.ys[d.m - 1]) - 8,
    X.to(d.xs[d.m - 1]) + 8, Y.to(d.ys[d.m - 1]) + 8]);
  if (ring.data.x.length) {
    const px = X.to(start.x[0]), py = Y.to(start.y[0]), w = widthOf("start", 12);
    boxes.push([px - 7, py - 7, px + 7, py + 7]);
    const found = choose("start", w, 14, around(px, py, w, 14, 11, 0));
    if (found.total < 200) write(found, "start", quiet, 12, "normal");
  }
  if (aim && targets.data.x.length) {
    const px = X.to(targets.data.x[0]), py = Y.to(targets.data.y[0]), w = widthOf(aim, 12);
    const found = choose("aim", w, 14, around(px, py, w, 14, 16, 0));
    if (found.total < 280) write(found, aim, quiet, 12, "normal");
  }
  for (const d of drawn) {
    const text = style.label[d.i];
    if (!text) continue;
    const size = small ? 12 : 14, w = widthOf(text, size, true), h = size + 4, places = [];
    for (const share of [1, 0.92, 0.84, 0.7, 0.55, 0.4, 0.25, 0.1]) {
      // a path that has come together is labelled where it still had some way to go
      const j = Math.max(0, Math.min(d.m - 1, Math.round(share * (d.m - 1))));
      places.push(...around(X.to(d.xs[j]), Y.to(d.ys[j]), w, h, 12, 3 * (1 - share)));
    }
    for (const j of [4, 8, 12, 16, 24]) if (j < d.m)
      places.push(...around(X.to(d.xs[j]), Y.to(d.ys[j]), w, h, 12, 4));
    const found = choose("p" + d.i, w, h, places);
    if (found.total < 200) write(found, text, style.color[d.i], size, "bold");
  }
  put(labels, out);
}
