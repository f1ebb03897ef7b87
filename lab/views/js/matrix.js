// Matrices and masks as they are now: cells, what died or came back, blocks, the cell pointed at.
const FADE_MS = 300;      // in which the mark of a change pales to a third while pictures go on
const FADING = 250000;    // cells; in larger ones changes are marked in their own picture only
const CROWD = 0.1;        // share of the cells; where more have changed, they are marked less brightly
const SQUARE = 64;        // rows; up to here a matrix with as many columns has square cells
const BLOCK_PX = 4;       // the least size of a cell whose block is outlined

function takeFrame(desk, panel, message) {
  const {rows, columns, texts, said, k} = message, flips = bytesOf(message.flips);
  const shape = rows + "," + columns, same = panel.shape == shape, n = rows * columns;
  const onward = same && k > panel.at && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  const now = performance.now(), kept = onward && n <= FADING ? 3 ** ((panel.heard - now) / FADE_MS) : 0;
  Object.assign(panel, {rows, columns, texts, said, flips, shape, at: k, heard: now, stale: true,
    values: bytesOf(message.values), bits: bytesOf(message.bits), alive: bytesOf(message.alive)});
  if (!same) panel.layers = null;
  glow(panel, kept);
  if (kept && panel.glow) {   // at rest only what the picture itself says is marked
    clearTimeout(desk.rest);
    desk.rest = setTimeout(() => {
      for (const p of desk.panels) { glow(p, 0); p.stale = true; }
      desk.later();
    }, 2 * FADE_MS);
  }
  const cell = desk.cell;
  if (cell && desk.panels[cell.panel] == panel) askCell(desk, cell);
}

// How brightly each cell is marked, 0 to 255, where earlier changes are still seen beside those of
// the picture; else null.
function glow(panel, kept) {
  const {flips, marked, glow: before} = panel;
  panel.marked = flips;
  panel.glow = null;
  if (!kept || !(before || marked)) return;
  const found = panel.glow = new Uint8Array(panel.rows * panel.columns);
  if (before) before.forEach((was, i) => { if (was * kept > 8) found[i] = was * kept; });
  else eachBit(marked, (i) => { found[i] = 255 * kept; });
  if (flips) eachBit(flips, (i) => { found[i] = 255; });
}
function bitOf(bytes, i) { return bytes[i >> 3] >> (7 - (i & 7)) & 1; }
function eachBit(bytes, give) {
  for (let b = 0; b < bytes.length; b++) for (let byte = bytes[b], i = 8 * b; byte; byte = byte << 1 & 255, i++) if (byte & 128) give(i);
}

// The rectangles of a mask that columns without a value keep apart.
function layersOf(panel) {
  const {rows, columns, values, alive} = panel;
  if (panel.layers) return panel.layers;
  const whole = [{r0: 0, r1: rows, c0: 0, c1: columns}];
  if (!values || !alive) return panel.layers = whole;
  const first = new Int32Array(columns).fill(rows), last = new Int32Array(columns).fill(-1);
  for (let i = 0, r = 0; r < rows; r++) for (let c = 0; c < columns; c++, i++)
    if (values[i]) { if (first[c] == rows) first[c] = r; last[c] = r; }
  const found = [];
  for (let c = 0; c < columns; c++) {
    if (last[c] < 0) continue;
    const layer = found[found.length - 1];
    if (layer && layer.c1 == c) {
      layer.c1 = c + 1;
      layer.r0 = Math.min(layer.r0, first[c]);
      layer.r1 = Math.max(layer.r1, last[c] + 1);
    } else found.push({r0: first[c], r1: last[c] + 1, c0: c, c1: c + 1});
  }
  return panel.layers = found.length ? found : whole;
}

// Which cell is drawn at each place: within each layer the rows and columns (whole blocks of them)
// with most survivors come first.
function orderOf(panel, [high, wide]) {
  const {rows, columns} = panel, lives = panel.alive || panel.bits, order = new Uint32Array(rows * columns);
  for (let i = 0; i < order.length; i++) order[i] = i;
  for (const {r0, r1, c0, c1} of layersOf(panel)) {
    const down = new Float64Array(Math.ceil((r1 - r0) / high)), across = new Float64Array(Math.ceil((c1 - c0) / wide));
    for (let r = r0; r < r1; r++) for (let c = c0; c < c1; c++)
      if (bitOf(lives, r * columns + c)) { down[Math.floor((r - r0) / high)]++; across[Math.floor((c - c0) / wide)]++; }
    const from = ranked(down, high, r1 - r0), to = ranked(across, wide, c1 - c0);
    from.forEach((r, p) => to.forEach((c, q) => { order[(r0 + p) * columns + c0 + q] = (r0 + r) * columns + c0 + c; }));
  }
  return order;
}
function ranked(counts, size, n) {   // a last block that is not whole stays last
  const full = Math.floor(n / size), kept = [...counts.keys()].sort((p, q) => (p >= full) - (q >= full) || counts[q] - counts[p]);
  return kept.flatMap((b) => Array.from({length: Math.min(size, n - b * size)}, (_, i) => b * size + i));
}

function paintNow(desk) {
  const {plan, pen, W, H, small, letter, color} = desk, panels = desk.panels.filter((p) => p.rows);
  if (!panels.length) return;
  const labelled = panels.some((p) => p.label || p.said), axis = plan.xlabel || plan.ylabel || plan.xticks;
  const top0 = plan.top, bottom0 = H - (axis ? (small && !plan.xticks ? 14 : plan.xticks ? 42 : 34) : 12);
  const left0 = plan.xticks ? plan.left : 1, head = labelled ? 20 : 0;
  // the number of columns that leaves large panels with cells that are nearly square
  const n = panels.length, longest = Math.max(...panels.map((p) => widthOf(desk, p.label || "", 13, true)));
  const even = plan.square || !plan.xticks && panels.every((p) => p.rows == p.columns && p.rows <= SQUARE);
  let across = 1, best = Infinity;
  for (let c = 1; c <= n; c++) {
    const w = (W - left0 - 14 * (c - 1)) / c, h = (bottom0 - top0) / Math.ceil(n / c) - head;
    const shape = panels[0].rows / panels[0].columns, stretch = Math.log(Math.max(h, 1) / w / Math.min(Math.max(shape, 0.4), 2));
    const large = even ? 2 * Math.log(Math.max(1, Math.min(w / panels[0].columns, h / panels[0].rows))) : Math.log(Math.max(w, 1) * Math.max(h, 1)) - Math.abs(stretch) / 2;
    const cost = (longest > w) - large;   // a name is not to reach into the next
    if (cost < best) { best = cost; across = c; }
  }
  const down = Math.ceil(n / across);
  let w = (W - left0 - 1 - 14 * (across - 1)) / across;
  let h = (bottom0 - top0 - 10 * (down - 1)) / down - head;
  let pitch = w;
  if (even) {   // images keep their shape
    const cell = Math.min(w / panels[0].columns, h / panels[0].rows);
    w = cell * panels[0].columns;
    h = cell * panels[0].rows;
    pitch = Math.max(w, Math.min(pitch, longest));
  }
  const zoom = desk.zoom = plan.square || plan.xticks ? null : within(desk.zoom), {x: [x0, x1], y: [y0, y1]} = zoom || WHOLE;
  panels.forEach((panel, i) => {
    const l = left0 + (i % across) * (pitch + 14), t = top0 + Math.floor(i / across) * (h + head + 10) + head;
    if (panel.stale) fill(desk, panel);
    panel.X = scaleOf([x0 * panel.columns, x1 * panel.columns], false, l, l + w);
    panel.Y = scaleOf([y0 * panel.rows, y1 * panel.rows], false, t, t + h);
    const wide = w / panel.columns / (x1 - x0), high = h / panel.rows / (y1 - y0), shrunk = wide * desk.scale < 1 || high * desk.scale < 1;
    pen.imageSmoothingEnabled = shrunk;
    pen.imageSmoothingQuality = "high";
    if (zoom) pen.drawImage(panel.sheet, x0 * panel.columns, y0 * panel.rows, (x1 - x0) * panel.columns, (y1 - y0) * panel.rows, l, t, w, h);
    else pen.drawImage(panel.sheet, l, t, w, h);
    if (Math.max(...plan.block || [1]) > 1 && Math.min(wide, high) >= BLOCK_PX) drawBlocks(desk, panel, plan.block);
    pen.strokeStyle = color("line");
    pen.lineWidth = 1;
    pen.strokeRect(l - 0.5, t - 0.5, w + 1, h + 1);
    if (labelled) {
      const used = panel.label ? words(desk, l, t - 6, panel.label, {color: panel.color || "ink", size: 13, bold: true}) : 0;
      const parts = panel.said ? panel.said.split(", ") : [], from = used + (used ? 8 : 0);
      const least = used ? 0 : 1;   // a name goes before a number where both have no room
      while (parts.length > least && from + widthOf(desk, parts.join(", "), letter) > w) parts.pop();
      words(desk, l + from, t - 6, parts.join(", "), {color: "ink2"});
    }
    if (panel.texts && wide > 18 && !zoom) {
      for (let c = 0; c < panel.columns; c++) for (let q = 0; q < panel.rows; q++) {
        const text = panel.texts[q * panel.columns + c];
        if (text) words(desk, l + (c + 0.5) * w / panel.columns, t + (q + 0.5) * h / panel.rows + 4, text, {align: "center", color: "ink", halo: true});
      }
    }
    if (plan.xticks && i == 0) {
      plan.xticks.forEach((text, c) => {
        const gap = Math.max(1, Math.ceil(plan.xticks.length * 46 / w));
        if (c % gap == 0) words(desk, l + (c + 0.5) * w / plan.xticks.length, t + h + 18, text, {align: "center"});
      });
      plan.yticks.forEach((text, q) => {
        const gap = Math.max(1, Math.ceil(plan.yticks.length * 22 / h));
        if (q % gap == 0) words(desk, l - 8, t + h - (q + 0.5) * h / plan.yticks.length + 4, text, {align: "right"});
      });
    }
  });
  const line = bottom0 + (plan.xticks ? 36 : 22);
  if (!small && plan.xlabel) words(desk, W - 1, line, plan.xlabel, {color: "ink2", align: "right"});
  if (!small && plan.ylabel) words(desk, left0, line, plan.xticks ? plan.ylabel : "down: " + plan.ylabel, {color: "ink2"});
  drawCell(desk);
  showSort(desk, panels);
}

function fill(desk, panel) {
  const {rows, columns, values, bits, alive} = panel, {pen, image, pixels} = sheet(panel, columns, rows);
  const n = rows * columns, order = panel.order = desk.sorted && (alive || bits) ? orderOf(panel, desk.plan.block || [1, 1]) : null;
  // looked up, not asked: which way a bit goes cannot be guessed, and a wrong guess costs most
  if (bits) {
    const look = Uint32Array.of(solid(desk.color("stage")), solid(desk.color("ink")));
    for (let i = 0; i < n; i++) pixels[i] = look[bitOf(bits, i)];
  } else if (alive) {
    const look = new Uint32Array(512).fill(solid(desk.color("dead")), 1, 256);   // dead, then living
    look.set(desk.living, 256);
    for (let i = 0; i < n; i++) pixels[i] = look[bitOf(alive, i) << 8 | values[i]];
  } else for (let i = 0; i < n; i++) pixels[i] = desk.ramp[values[i]];
  if (panel.glow || panel.flips) {
    const lives = alive || bits, look = [solid(desk.color("test")), solid(desk.color("now"))], {glow} = panel;
    let changed = 0;
    if (panel.flips) eachBit(panel.flips, () => { changed++; });
    const bright = changed > CROWD * n ? 0.5 : 1;
    if (!glow) eachBit(panel.flips, (i) => { pixels[i] = bright < 1 ? blend(pixels[i], look[bitOf(lives, i)], bright) : look[bitOf(lives, i)]; });
    else for (let i = 0; i < n; i++) if (glow[i]) pixels[i] = blend(pixels[i], look[bitOf(lives, i)], bright * glow[i] / 255);
  }
  if (order) pixels.set(order.map((i) => pixels[i]));
  pen.putImageData(image, 0, 0);
  panel.stale = false;
}
function blend(p, q, share) {
  let found = 0xff000000;
  for (const shift of [0, 8, 16]) {
    const a = p >> shift & 255;
    found |= Math.round(a + ((q >> shift & 255) - a) * share) << shift;
  }
  return found >>> 0;
}

// -- the part that is shown ----------------------------------------------------------------------
const WHOLE = {x: [0, 1], y: [0, 1]};
function within(zoom) {
  if (!zoom) return null;
  const inside = ([a, b]) => { const span = Math.min(b - a, 1), low = Math.min(Math.max(a, 0), 1 - span); return [low, low + span]; };
  const x = inside(zoom.x), y = inside(zoom.y);
  return x[1] - x[0] > 0.999 && y[1] - y[0] > 0.999 ? null : {x, y};
}
// Ctrl and the wheel zoom all panels alike, dragging moves what is shown, the pointer asks for a cell.
function matrixHand(desk) {
  const {canvas} = desk;
  const under = ({offsetX: x, offsetY: y}) => desk.plan?.over ? -1 : desk.panels.findIndex(({X, Y}) => X && x >= X.from && x < X.to && y >= Y.from && y < Y.to);
  const frame = (panel) => {
    const {x, y} = desk.zoom || WHOLE;
    desk.frame = desk.plan.square || desk.plan.xticks ? null
      : {X: scaleOf(x, false, panel.X.from, panel.X.to), Y: scaleOf(y, false, panel.Y.from, panel.Y.to)};
  };
  const point = (event) => {
    if (desk.plan?.over || desk.plan?.square || desk.plan?.xticks) return;
    const index = under(event), panel = desk.panels[index];
    if (panel) frame(panel);
    if (desk.grip && desk.zoom) {
      const {x, y, zoom} = desk.grip, {X, Y} = desk.frame || {};
      if (!X) return;
      const dx = (event.offsetX - x) / (X.to - X.from) * (zoom.x[1] - zoom.x[0]), dy = (event.offsetY - y) / (Y.to - Y.from) * (zoom.y[1] - zoom.y[0]);
      desk.zoom = {x: zoom.x.map((v) => v - dx), y: zoom.y.map((v) => v - dy)};
    } else if (panel) {
      const place = Math.floor(panel.Y.back(event.offsetY)) * panel.columns + Math.floor(panel.X.back(event.offsetX));
      if (desk.cell?.panel == index && desk.cell.place == place) return;
      desk.cell = {panel: index, place, text: ""};
      askCell(desk, desk.cell);
    } else if (desk.cell) desk.cell = null;
    else return;
    desk.later();
  };
  desk.listen(canvas, "pointermove", point);
  desk.listen(canvas, "pointerdown", (event) => {
    point(event);
    if (!desk.zoom || under(event) < 0) return;
    canvas.setPointerCapture(event.pointerId);
    desk.grip = {x: event.offsetX, y: event.offsetY, zoom: desk.zoom};
  });
  for (const name of ["pointerup", "pointercancel"]) desk.listen(canvas, name, () => { desk.grip = null; });
  desk.listen(canvas, "pointerleave", () => { if (desk.cell) { desk.cell = null; desk.later(); } });
}

// Values travel as bytes, so the server says what exactly stands in a cell; one question at a time.
function askCell(desk, cell) {
  const panel = desk.panels[cell.panel], index = panel.order ? panel.order[cell.place] : cell.place;
  if (!(index < panel.rows * panel.columns)) return;
  cell.index = index;
  if (desk.asking) { desk.again = true; return; }
  desk.asking = true;
  desk.send({cell: [cell.panel, index]});
}
function hearCell(desk, {panel, cell: index, text}) {
  const cell = desk.cell, again = desk.again;
  desk.asking = desk.again = false;
  if (cell && cell.panel == panel && cell.index == index) cell.text = text;
  if (cell && again) askCell(desk, cell);
}
function drawCell(desk) {
  const {cell, pen, letter, W} = desk, panel = cell && desk.panels[cell.panel];
  if (!panel?.X || desk.file || !cell.text) return;
  const {X, Y, columns} = panel, c = cell.place % columns, r = (cell.place - c) / columns;
  const x = X.at(c), y = Y.at(r), w = Math.max(X.at(c + 1) - x, 3), h = Math.max(Y.at(r + 1) - y, 3);
  pen.strokeStyle = desk.color("now-edge");
  pen.lineWidth = 1.5;
  pen.strokeRect(x - 1, y - 1, w + 2, h + 2);
  const layers = layersOf(panel), own = (cell.index ?? 0) % columns, row = ((cell.index ?? 0) - own) / columns;
  const at = Math.max(0, layers.findIndex((layer) => own >= layer.c0 && own < layer.c1)), {r0, c0} = layers[at];
  const lines = [cell.text, (layers.length > 1 ? `layer ${at + 1}, ` : "") + `row ${row - r0 + 1}, column ${own - c0 + 1}`];
  const wide = Math.max(...lines.map((line) => widthOf(desk, line, letter, true))) + 12, tall = 2 * (letter + 4) + 6;
  const l = x + w + 8 + wide > W ? Math.max(x - 8 - wide, 0) : x + w + 8, t = Math.max(0, Math.min(y - tall / 2, desk.H - tall));
  pen.fillStyle = desk.color("stage");
  pen.fillRect(l, t, wide, tall);
  pen.lineWidth = 1;
  pen.strokeStyle = desk.color("line");
  pen.strokeRect(l + 0.5, t + 0.5, wide - 1, tall - 1);
  words(desk, l + 6, t + letter + 4, lines[0], {color: "ink", size: letter, bold: true});
  words(desk, l + 6, t + 2 * (letter + 4), lines[1], {color: "ink2", size: letter});
}

// The outlines of blocks, from the corner of each layer on.
function drawBlocks(desk, panel, [high, wide]) {
  const {pen} = desk, {X, Y} = panel;
  pen.save();
  pen.beginPath();
  pen.rect(X.from, Y.from, X.to - X.from, Y.to - Y.from);
  pen.clip();
  pen.strokeStyle = desk.color("ink3");
  pen.lineWidth = 1;
  pen.beginPath();
  for (const {r0, r1, c0, c1} of layersOf(panel)) {
    const line = (x, y, u, v) => { pen.moveTo(x, y); pen.lineTo(u, v); };
    const left = Math.max(X.at(c0), X.from), right = Math.min(X.at(c1), X.to), top = Math.max(Y.at(r0), Y.from), bottom = Math.min(Y.at(r1), Y.to);
    for (let r = r0; r <= r1; r += high) if (r >= Y.start && r <= Y.end) line(left, Math.round(Y.at(r)) + 0.5, right, Math.round(Y.at(r)) + 0.5);
    for (let c = c0; c <= c1; c += wide) if (c >= X.start && c <= X.end) line(Math.round(X.at(c)) + 0.5, top, Math.round(X.at(c)) + 0.5, bottom);
  }
  pen.stroke();
  pen.restore();
}

// The button over a mask that sorts it.
function showSort(desk, panels) {
  if (desk.file) return;
  const wanted = panels.some((p) => p.alive || p.bits);
  if (!desk.sorter && wanted) {
    const style = document.createElement("style"), button = desk.sorter = document.createElement("button");
    style.textContent = `.sort { position: absolute; right: 0; top: 10px; padding: 2px 0 2px 8px; border: 0; background: var(--stage);
      font: 12px var(--sans, sans-serif); color: var(--ink2); cursor: pointer; z-index: 2; }
      .sort span { border-bottom: 1px solid var(--line); padding-bottom: 1px; }
      .sort[aria-pressed=true] span { border-color: var(--ink); color: var(--ink); }
      .sort:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
      @media (pointer: coarse) { .sort { top: -3px; height: 44px; min-width: 44px; text-align: right; } }`;
    button.className = "sort";
    button.type = "button";
    button.setAttribute("aria-label", "sort by survivors");
    button.title = "Rows and columns with most survivors first";
    button.append(document.createElement("span"));
    desk.listen(button, "click", () => {
      desk.sorted = !desk.sorted;
      desk.cell = null;
      for (const panel of desk.panels) { glow(panel, 0); panel.stale = true; }
      desk.later();
    });
    desk.host.append(style, button);
  }
  if (!desk.sorter) return;
  desk.sorter.hidden = !wanted;
  desk.sorter.setAttribute("aria-pressed", String(Boolean(desk.sorted)));
  desk.sorter.firstChild.textContent = desk.sorted ? "sorted" : "sort";
}
