// Names and values beside the curves, where there is room. A place is looked for now and then; in
// between, a label that stands beside the head goes along with it.
function curveLabels(desk, drawn, tell, px, taken) {
  const {plan} = desk, boxes = [];
  const heads = drawn.filter(({curve}) => !curve.ghost && (curve.label || plan.live));
  const methods = heads.filter(({curve}) => !curve.reference);
  // three and more, and the room of the bars beside a heat map is free: there they stand in a row
  const margin = plan.beside && !desk.small && plan.live && methods.length > 2;
  const rest = heads.filter(({curve}) => !margin || curve.reference)
    .sort((p, q) => Boolean(p.curve.reference) - Boolean(q.curve.reference));
  const key = tell + rest.map(({i}) => i).join() + (desk.stale ? performance.now() : "");
  if (placingDue(desk, key)) { desk.stale = false; placeLabels(desk, rest, drawn, px, taken); }
  if (margin) inMargin(desk, methods);
  for (const d of rest) {
    const spot = desk.spots.get(d.i);
    if (!spot) continue;
    const {size, second} = spot, line = lineOf(desk, d);
    const width = Math.max(widthOf(desk, line, size, !d.curve.reference), widthOf(desk, second, desk.letter));
    const {left, right, top, bottom} = desk.frame;
    let x = spot.x, y = spot.y;
    if (spot.beside) {
      x = d.px + spot.dx - (spot.before ? width : 0);
      y = Math.max(top + 2, Math.min(d.py + spot.dy, bottom - spot.height));
    }
    x = Math.max(left + 3, Math.min(x, right - 3 - width));
    boxes.push([x, y, x + width, y + spot.height]);
    const color = d.curve.reference ? "ink2" : d.curve.color;
    words(desk, x, y + size, line, {color, size, bold: !d.curve.reference, halo: true});
    words(desk, x, y + size + desk.letter + 5, second, {color: "ink2", size: desk.letter, halo: true});
  }
  for (const {x, y, text} of desk.guideSpots || [])
    words(desk, x, y + desk.letter, text, {color: "ink2", size: desk.letter, halo: true});
  desk.boxes = boxes;
}

const LONG = 0.4;   // of the frame's width; a longer name gives way to its short form

function lineOf(desk, {curve, j}) {
  const {plan} = desk, long = widthOf(desk, curve.label, desk.letter, true) > LONG * desk.frame.wide;
  const name = long && curve.short || curve.label;
  if (curve.reference || !plan.live) return name;
  return (name ? name + " " : "") + valueText(curve.y[j], plan.percent);
}

function placeLabels(desk, rest, drawn, px, taken) {
  const {plan, frame, letter, small} = desk, {X, Y, left, right, top, bottom} = frame;
  const room = new Room(frame), kept = desk.spots || new Map(), found = new Map();
  for (const {curve} of drawn) room.line(curve.px, curve.py, curve.n);
  const height = ({x, y, power}, p) => Y.at(y * (X.back(p) / x) ** power);
  for (const guide of plan.guides) room.segment(left, height(guide, left), right, height(guide, right));
  room.sum();
  for (const box of taken) room.take(box);
  const more = (box) => {
    let cost = px !== null && box[0] < px + 7 && box[2] > px - 7 ? 25 : 0;
    for (const d of desk.heads)
      if (d.px > box[0] - 5 && d.px < box[2] + 5 && d.py > box[1] - 5 && d.py < box[3] + 5) cost += 40;
    return cost;
  };
  for (const d of rest) {
    const {curve, i} = d, {reference} = curve, line = lineOf(desk, d);
    if (!line) continue;
    const size = reference ? letter : small || frame.tall < 130 ? letter : letter + 2;
    const second = plan.fit && !reference && !small ? slopeText(plan, curve, d.m) : "";
    const width = Math.max(widthOf(desk, line, size, !reference), widthOf(desk, second, letter));
    const tall = size + 4 + (second ? letter + 6 : 0), places = [], own = !reference && plan.live;
    const {px: x, py: y} = d;
    if (own) {
      places.push([x + 12, y - tall / 2, 0], [x - 12 - width, y - tall - 5, 2], [x - 12 - width, y + 9, 3],
        [x + 12, y - tall - 6, 4], [x + 12, y + 9, 4], [x - 12 - width, y - tall - 22, 7], [x - 12 - width, y + 30, 7]);
      for (const dy of [18, 36, 54, 72])
        places.push([x + 12, y - tall / 2 - dy, 4 + dy / 8], [x + 12, y - tall / 2 + dy, 4 + dy / 8]);
      if (frame.tall < 130) // where few fit one over the other, side by side
        for (const aside of [1, 2, 3].map((j) => j * (width + 14)))
          for (const dy of [0, -18, 18])
            places.push([x + 12 + aside, y - tall / 2 + dy, 14 + aside / 50], [x - 12 - width - aside, y - tall / 2 + dy, 15 + aside / 50]);
    }
    const close = places.length, n = curve.n, last = own ? x : Math.min(curve.px[n - 1], right);
    if (!plan.live) places.push([last + 6, curve.py[n - 1] - tall / 2, 0]);
    const begin = Math.max(curve.px[0], left);
    for (const share of [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]) {
      const p = begin + (last - begin) * share, q = curve.py[Math.max(upTo(curve.px, p, n) - 1, 0)];
      for (const gap of reference ? [6] : [8, 26, 60]) {
        const cost = 8 + 10 * Math.abs(reference ? share - 0.35 : 1 - share) + gap / 3;
        places.push([p, q - tall - gap, cost], [p - width, q + gap, cost + 1], [p - width, q - tall - gap, cost + 1], [p, q + gap, cost]);
      }
    }
    const best = room.choose(width, tall, places, kept.get(i)?.index, more);
    if (best.total > (reference ? 60 : frame.tall < 130 ? 290 : Infinity)) continue;   // it would lie on another
    room.take(best.box);
    const beside = best.index < close, before = best.x < x;
    found.set(i, {index: best.index, x: best.x, y: best.y, height: tall, size, second, beside, before,
      dx: best.x - x + (before ? width : 0), dy: best.y - y});
  }
  desk.spots = found;
  desk.guideSpots = [];
  for (const guide of plan.guides) {
    const places = [], width = widthOf(desk, guide.text, letter);
    for (const share of [0.9, 0.75, 0.6, 0.45, 0.3]) {
      const x = left + (right - left) * share, y = height(guide, x);
      if (y > top + 4 && y < bottom - 4) places.push([x + 4, y - letter - 5, 3 * (1 - share)], [x - width - 4, y + 3, 1 + 3 * (1 - share)]);
    }
    const best = places.length ? room.choose(width, letter + 3, places, null, more) : null;
    if (!best || best.total > 250) continue;
    room.take(best.box);
    desk.guideSpots.push({x: best.x, y: best.y, text: guide.text});
  }
}

function slopeText(plan, curve, m) {
  const found = slopeOf(curve.x, curve.y, m), step = plan.steps ? 1 : 0;
  if (!found || Math.abs(found.value) < 0.05) return "";
  return "fitted slope " + found.value.toFixed(2).replace("-", MINUS) + ", k "
    + countText(Math.max(Math.round(found.low) - step, 0)) + " to " + countText(Math.round(found.high) - step);
}

// A row in the margin, each as near to its curve as the others leave it.
function inMargin(desk, methods) {
  const {plan, letter, frame: {right, top, bottom}} = desk, free = desk.W - right - 18;
  const two = methods.length * 34 <= bottom - top + 58, step = two ? 34 : Math.min(18, (bottom - top + 58) / methods.length);
  const fitting = (curve, before, bold) => {
    for (const text of [curve.label, curve.short])
      if (text && widthOf(desk, before + text, letter, bold) <= free) return before + text;
    let text = before + (curve.short || curve.label);
    while (text.length > 3 && widthOf(desk, text + "\u2026", letter, bold) > free) text = text.slice(0, -1).trimEnd();
    return text + "\u2026";
  };
  const row = [...methods].sort((p, q) => p.py - q.py), tops = row.map((d) => d.py - step / 2), last = row.length - 1;
  for (let pass = 0; pass < 40; pass++) {
    tops[0] = Math.max(tops[0], top - 22);
    for (let j = 1; j <= last; j++)
      if (tops[j] < tops[j - 1] + step) {
        const push = (tops[j - 1] + step - tops[j]) / 2;
        tops[j] += push; tops[j - 1] -= push;
      }
    tops[last] = Math.min(tops[last], bottom + 36 - step);
  }
  row.forEach(({curve, j}, place) => {
    const value = valueText(curve.y[j], plan.percent), {color} = curve, y = tops[place];
    if (two) {
      words(desk, right + 14, y + 12, fitting(curve, "", false), {color: "ink2", size: letter});
      words(desk, right + 14, y + 28, value, {color, size: letter + 2, bold: true});
    } else words(desk, right + 14, y + step / 2 + 4, fitting(curve, value + " ", true), {color, size: letter, bold: true});
  });
}
