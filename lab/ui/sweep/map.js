// The map of a sweep: cells by colour, what has no number by pattern, one cell in focus.
const VALUE = 1, SLOW = 2, DIVERGED = 3, FAILED = 4;   // 0: not computed yet
const LEFT = 64, TOP = 12, FOOT = 58, BAR_ROOM = 92, BAR = 14, KEY = 12;

export function render({model, el}) {
  const desk = stand(model, el, paint, hear);
  const {host, canvas} = desk;
  desk.focus = null;
  host.tabIndex = 0;
  host.setAttribute("role", "application");
  host.setAttribute("aria-label", "Map of runs. Arrow keys move, Enter opens the run.");
  host.style.outlineOffset = "-2px";
  desk.read = document.createElement("p");
  desk.read.setAttribute("role", "status");
  desk.read.setAttribute("aria-live", "polite");
  desk.read.className = "read";
  desk.read.style.cssText = "position:absolute;left:0;right:0;bottom:0;margin:0;height:22px;" +
    "font:13px/22px var(--sans);color:var(--ink);white-space:nowrap;overflow:hidden;text-overflow:ellipsis";
  host.append(desk.read);
  const at = (event) => cellAt(desk, event.offsetX, event.offsetY);
  desk.listen(canvas, "pointermove", (event) => {
    const cell = at(event);
    canvas.style.cursor = cell && linkOf(desk, cell) ? "pointer" : "default";
    if (cell) move(desk, cell);
  });
  desk.listen(canvas, "click", (event) => {
    const cell = at(event);
    if (!cell) return;
    move(desk, cell);
    open(desk);
  });
  desk.listen(host, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !desk.map) return;
    const {nx, ny} = desk.map, [i, j] = desk.focus || [0, 0];
    const moves = {ArrowLeft: [i - 1, j], ArrowRight: [i + 1, j], ArrowUp: [i, j + 1], ArrowDown: [i, j - 1],
      Home: [0, j], End: [nx - 1, j]};
    if (event.key == "Enter") open(desk);
    else if (moves[event.key]) {
      const [x, y] = desk.focus ? moves[event.key] : [0, 0];
      move(desk, [Math.max(0, Math.min(nx - 1, x)), Math.max(0, Math.min(ny - 1, y))]);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  desk.listen(host, "focus", () => { if (!desk.focus && desk.map) move(desk, [0, 0]); });
  canvas.report = () => ({focus: desk.focus, frame: desk.frame && {...desk.frame}, map: desk.map && {
    nx: desk.map.nx, ny: desk.map.ny, kinds: [...desk.map.kinds], values: [...desk.map.values]}});
}

function hear(desk, message) {
  const other = !desk.map || desk.map.asked != message.asked;
  desk.map = {...message, kinds: bytesOf(message.kinds), values: floatsOf(message.values), near: floatsOf(message.near)};
  if (other) desk.focus = null;
  say(desk);
}

function move(desk, cell) {
  if (desk.focus && desk.focus[0] == cell[0] && desk.focus[1] == cell[1]) return;
  desk.focus = cell;
  say(desk);
  desk.later();
}

function numberOf({nx}, [i, j]) { return j * nx + i; }
function linkOf({map}, [i, j]) { return map.link + map.xlinks[i] + map.ylinks[j]; }
function open(desk) { if (desk.focus) location.href = linkOf(desk, desk.focus); }

function say(desk) {
  const {map, focus} = desk;
  if (!map) return;
  if (!focus) { desk.read.textContent = map.hint; return; }
  const [i, j] = focus, where = [map.xname && map.xname + " " + map.xs[i], map.yname && map.yname + " " + map.ys[j]];
  desk.read.textContent = where.filter(Boolean).join(", ") + ": " + map.said[numberOf(map, focus)] + ". Enter opens this run";
}

function frameAt(desk) {
  const {map, W, H, letter, small} = desk, grown = letter / 12;
  const left = (small ? 46 : LEFT) * grown, right = W - (small ? 58 : BAR_ROOM) * grown;
  const bottom = H - FOOT * grown, top = TOP + (map.ny > 1 ? 10 * grown : 0);
  return {left, right, top, bottom, w: (right - left) / map.nx, h: (bottom - top) / map.ny};
}

function cellAt(desk, x, y) {
  if (!desk.map || !desk.frame) return null;
  const {left, top, bottom, right, w, h} = desk.frame;
  if (x < left || x >= right || y < top || y >= bottom) return null;
  return [Math.floor((x - left) / w), desk.map.ny == 1 ? 0 : Math.floor((bottom - y) / h)];
}

function paint(desk) {
  const {map} = desk;
  if (!map) return;
  desk.frame = frameAt(desk);
  if (map.ny > 1) paintMap(desk); else paintCurve(desk);
}

function shareOf({low, high, log}, value) {
  const f = log ? Math.log10 : (v) => v;
  return Math.max(0, Math.min(1, (f(value) - f(low)) / (f(high) - f(low) || 1)));
}
// The least value is not the bare stage: a cell that is there must be seen.
function colourOf(ramp, share) {
  const [r, g, b] = [0, 8, 16].map((shift) => ramp[1 + Math.round(254 * (0.06 + 0.94 * share))] >> shift & 255);
  return `rgb(${r} ${g} ${b})`;
}

// What has no number is told by a pattern: stripes, rules, crosses.
function pattern(desk, kind, x, y, w, h) {
  const {pen} = desk, gap = 6;
  pen.save();
  pen.beginPath();
  pen.rect(x, y, w, h);
  pen.clip();
  pen.fillStyle = desk.color("stage");
  pen.fillRect(x, y, w, h);
  pen.strokeStyle = desk.color(kind == DIVERGED ? "alert" : kind == SLOW ? "ink3" : "ink");
  pen.lineWidth = 1.3;
  pen.beginPath();
  if (kind == DIVERGED)
    for (let d = Math.floor((x + y) / gap) * gap; d < x + y + w + h; d += gap) { pen.moveTo(d - y, y); pen.lineTo(d - y - h, y + h); }
  else if (kind == SLOW)
    for (let d = Math.ceil(y / gap) * gap + 0.5; d < y + h; d += gap) { pen.moveTo(x, d); pen.lineTo(x + w, d); }
  else {
    const r = Math.min(w, h) * 0.28, a = x + w / 2, b = y + h / 2;
    pen.moveTo(a - r, b - r); pen.lineTo(a + r, b + r); pen.moveTo(a + r, b - r); pen.lineTo(a - r, b + r);
  }
  pen.stroke();
  pen.restore();
}
// Not computed yet: a dot on the bare stage, over the paler colour of a coarser cell nearby.
function todo(desk, x, y, w, h) {
  const {pen} = desk;
  pen.fillStyle = desk.color("ink3");
  pen.fillRect(x + w / 2 - 1, y + h / 2 - 1, 2, 2);
}

function paintMap(desk) {
  const {map, pen, letter, small} = desk, {left, right, top, bottom, w, h} = desk.frame;
  const ramp = rampOf(desk.color, "power");
  for (let j = 0; j < map.ny; j++) for (let i = 0; i < map.nx; i++) {
    // on whole pixels, so that neither gaps nor overlaps are seen
    const n = numberOf(map, [i, j]), kind = map.kinds[n], x = Math.round(left + i * w), y = Math.round(bottom - (j + 1) * h);
    const wide = Math.round(left + (i + 1) * w) - x, tall = Math.round(bottom - j * h) - y;
    if (kind == VALUE) {
      pen.fillStyle = colourOf(ramp, shareOf(map, map.values[n]));
      pen.fillRect(x, y, wide, tall);
    } else if (kind) pattern(desk, kind, x, y, wide, tall);
    else {
      if (Number.isFinite(map.near[n])) {
        pen.globalAlpha = 0.35;
        pen.fillStyle = colourOf(ramp, shareOf(map, map.near[n]));
        pen.fillRect(x, y, wide, tall);
        pen.globalAlpha = 1;
      }
      todo(desk, x, y, wide, tall);
    }
  }
  pen.strokeStyle = desk.color("line");
  pen.lineWidth = 1;
  pen.strokeRect(left - 0.5, top - 0.5, right - left + 1, bottom - top + 1);
  labels(desk, map.xs, w, (i, text) =>
    words(desk, left + (i + 0.5) * w, bottom + 1.5 * letter, text, {align: "center", size: letter}), (text) => widthOf(desk, text, letter) + 14);
  labels(desk, map.ys, h, (j, text) =>
    words(desk, left - 8, bottom - (j + 0.5) * h + 4, text, {align: "right", size: letter}), () => letter + 8);
  words(desk, right, bottom + 2.8 * letter, map.xname, {align: "right", color: "ink2", size: letter});
  words(desk, small ? 0 : left - 8, top - 8, map.yname, {align: small ? "left" : "right", color: "ink2", size: letter});
  colourBar(desk, ramp);
  if (desk.focus) {
    const [i, j] = desk.focus, x = left + i * w, y = bottom - (j + 1) * h;
    ring(desk, x, y, w, h);
  }
}

// The cell in focus: yellow, between two lines of ink.
function ring(desk, x, y, w, h) {
  const {pen} = desk;
  for (const [token, width] of [["on-now", 5], ["now", 3]]) {
    pen.strokeStyle = desk.color(token);
    pen.lineWidth = width;
    pen.strokeRect(x, y, w, h);
  }
}

// As many of the labels as fit, the first and the last among them.
function labels(desk, texts, each, write, room) {
  const n = texts.length, wide = Math.max(...texts.map(room));
  const step = Math.max(1, Math.ceil(wide / each));
  for (let i = 0; i < n; i += step) write(i, texts[i]);
}

function keys({map}) {
  const there = new Set(map.kinds);
  return [[DIVERGED, "diverged"], [SLOW, map.slow], [FAILED, "no number"], [0, "not yet"]].filter(([kind]) => there.has(kind));
}

// The scale with its numbers, and what the patterns mean.
function colourBar(desk, ramp) {
  const {map, pen, letter} = desk, {right, top, bottom} = desk.frame, x = right + 14;
  const kinds = keys(desk), foot = bottom - kinds.length * (KEY + 22) - (kinds.length ? 8 : 0);
  const Y = scaleOf([map.low, map.high], map.log, foot, top);
  if (map.kinds.includes(VALUE) && foot - top > 30) {
    for (let p = Math.round(top); p < foot; p++) {
      pen.fillStyle = colourOf(ramp, 1 - (p - top) / (foot - top));
      pen.fillRect(x, p, BAR, 1.5);
    }
    pen.strokeStyle = desk.color("line");
    pen.lineWidth = 1;
    pen.strokeRect(x - 0.5, top - 0.5, BAR + 1, foot - top + 1);
    for (const v of ticksOf(Y, {across: false}))
      words(desk, x + BAR + 6, Y.at(v) + 4, tickWords(v, map.log, false), {size: letter});
  }
  kinds.forEach(([kind, text], n) => {
    const y = bottom - (kinds.length - n) * (KEY + 22) + 4;
    if (kind) pattern(desk, kind, x, y, BAR, KEY); else { pen.fillStyle = desk.color("stage"); pen.fillRect(x, y, BAR, KEY); todo(desk, x, y, BAR, KEY); }
    pen.strokeStyle = desk.color("line");
    pen.strokeRect(x - 0.5, y - 0.5, BAR + 1, KEY + 1);
    words(desk, x, y + KEY + 12, text, {size: 11});
  });
}

function paintCurve(desk) {
  const {map, pen, letter} = desk, {left, right, top, bottom, w} = desk.frame;
  const Y = scaleOf([map.low, map.high], map.log, bottom, top), X = (i) => left + (i + 0.5) * w;
  for (const v of ticksOf(Y, {across: false})) {
    hairline(desk, left, Math.round(Y.at(v)) + 0.5, right, Math.round(Y.at(v)) + 0.5, "grid");
    words(desk, left - 8, Y.at(v) + 4, tickWords(v, map.log, false), {align: "right", size: letter});
  }
  hairline(desk, left, bottom + 0.5, right, bottom + 0.5);
  map.kinds.forEach((kind, i) => {
    if (kind > VALUE) pattern(desk, kind, left + i * w, top, w, bottom - top);
    else if (!kind) todo(desk, left + i * w, bottom - 14, w, 10);
  });
  pen.strokeStyle = desk.color("a");
  pen.lineWidth = 2.2 * desk.thick;
  pen.lineJoin = "round";
  pen.beginPath();
  let down = false;
  map.kinds.forEach((kind, i) => {
    if (kind > VALUE) down = false;
    if (kind != VALUE) return;
    const y = Y.at(map.values[i]);
    if (down) pen.lineTo(X(i), y); else pen.moveTo(X(i), y);
    down = true;
  });
  pen.stroke();
  pen.fillStyle = desk.color("a");
  map.kinds.forEach((kind, i) => {
    if (kind != VALUE) return;
    pen.beginPath();
    shape(pen, "circle", X(i), Y.at(map.values[i]), 6.5 * desk.mark);
    pen.fill();
  });
  if (desk.focus) {
    const [i] = desk.focus;
    cursorLine(desk, X(i), top, bottom);
    if (map.kinds[i] == VALUE) bead(desk, "circle", X(i), Y.at(map.values[i]), 11, "a");
  }
  labels(desk, map.xs, w, (i, text) =>
    words(desk, X(i), bottom + 1.5 * letter, text, {align: "center", size: letter}), (text) => widthOf(desk, text, letter) + 14);
  words(desk, right, bottom + 2.8 * letter, map.xname, {align: "right", color: "ink2", size: letter});
  const kinds = keys(desk).filter(([kind]) => kind);
  kinds.forEach(([kind, text], n) => {
    const y = top + n * (KEY + 24);
    pattern(desk, kind, right + 14, y, BAR, KEY);
    words(desk, right + 14, y + KEY + 12, text, {size: 11});
  });
}
