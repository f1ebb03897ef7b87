// Names in the plane: of the start, of what is to be reached, of the paths.
function planeLabels(desk, drawn, ring, crosses, tell) {
  const key = tell + drawn.length + (desk.stale ? performance.now() : "");
  if (placingDue(desk, key)) { desk.stale = false; placePlane(desk, drawn, ring, crosses); }
  desk.boxes = [];
  for (const {text, x, y, size, color, bold, head} of desk.spots) {
    const at = head === undefined ? null : drawn.find(({i}) => i == head);
    const left = at ? at.px + x : x, top = at ? at.py + y : y;
    desk.boxes.push([left, top, left + widthOf(desk, text, size, bold), top + size + 4]);
    words(desk, left, top + size, text, {color, size, bold, halo: true});
  }
}

function placePlane(desk, drawn, ring, crosses) {
  const {plan, frame, letter, small} = desk, room = new Room(frame), spots = [];
  for (const {path} of drawn) room.line(path.px, path.py, path.n);
  for (const mark of desk.layers?.field || []) if (mark.kind == "pointers") {
    const [x0, y0, x1, y1] = mark.columns, {X, Y} = frame;
    for (let i = 0; i < mark.n; i++) room.segment(...pointer([X.at(x0[i]), Y.at(y0[i])], [X.at(x1[i]), Y.at(y1[i])]));
  }
  room.sum();
  for (const [x, y, reach] of crosses) room.take([x - reach, y - reach, x + reach, y + reach]);
  for (const {px, py} of drawn) room.take([px - 8, py - 8, px + 8, py + 8]);
  const around = (x, y, w, h, gap, cost) => [
    [x + gap, y - h / 2, cost], [x - gap - w, y - h / 2, cost], [x - w / 2, y - h - gap, cost], [x - w / 2, y + gap, cost],
    [x + gap * 0.7, y - h - gap * 0.6, cost + 1], [x - gap * 0.7 - w, y - h - gap * 0.6, cost + 1],
    [x + gap * 0.7, y + gap * 0.6, cost + 1], [x - gap * 0.7 - w, y + gap * 0.6, cost + 1]];
  const kept = desk.kept || (desk.kept = {});
  const put = (name, text, size, bold, color, places, most, head) => {
    const found = room.choose(widthOf(desk, text, size, bold), size + 4, places, kept[name]);
    kept[name] = found.index;
    if (found.total >= most) return;
    room.take(found.box);
    const goes = head && found.index < 8;   // beside its head, it goes along with it
    spots.push({text, size, bold, color, x: found.x - (goes ? head.px : 0), y: found.y - (goes ? head.py : 0), head: goes ? head.i : undefined});
  };
  if (ring) {
    const [x, y] = ring;
    room.take([x - 7, y - 7, x + 7, y + 7]);
    put("start", "start", letter, false, "ink", around(x, y, widthOf(desk, "start", letter), letter + 2, 11, 0), 200);
  }
  if (plan.aim && crosses.length && crosses.length <= 6) {
    const [x, y] = crosses[0];
    put("aim", plan.aim, letter, false, "ink", around(x, y, widthOf(desk, plan.aim, letter), letter + 2, 16, 0), 280);
  }
  for (const {i, path, m, px, py} of drawn) {
    if (!path.label) continue;
    const size = small ? letter : letter + 2, w = widthOf(desk, path.label, size, true), h = size + 4, places = [];
    for (const share of [1, 0.92, 0.84, 0.7, 0.55, 0.4, 0.25, 0.1]) {
      // a path that has come together is labelled where it still had some way to go
      const j = Math.max(0, Math.min(m - 1, Math.round(share * (m - 1))));
      places.push(...around(path.px[j], path.py[j], w, h, 12, 3 * (1 - share)));
    }
    for (const j of [4, 8, 12, 16, 24]) if (j < m) places.push(...around(path.px[j], path.py[j], w, h, 12, 4));
    put("p" + i, path.label, size, true, path.color, places, 200, {i, px, py});
  }
  desk.spots = spots;
}
