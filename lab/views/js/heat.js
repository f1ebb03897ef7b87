// A vector over the run (one column a recorded step) with the bars of now beside it, or matrices
// and masks as they are now.
export function render({model, el}) {
  const desk = stand(model, el, paint, hear);
  desk.panels = [];
  matrixHand(desk);
  desk.canvas.report = () => ({k: desk.k, cell: desk.cell?.text, zoom: desk.zoom, sorted: desk.panels.some((p) => p.order), flips: desk.panels.map((p) => Boolean(p.flips)),
    fading: desk.panels.some((p) => p.glow),
    boxes: desk.panels.map(({X, Y}) => X && [X.from, Y.from, X.to, Y.to])});
  zoomable(desk, () => desk.plan && desk.plan.over && {ident: model.ident, axis: "steps" + desk.plan.xlog});
}

function hear(desk, message) {
  if (message.kind == "plan") {
    desk.plan = message;
    if (message.k != null && (window.labCursor || {})[desk.model.ident] == null) desk.k = message.k;
    desk.panels = message.panels.map((p, i) => ({...(desk.panels[i] || {}), ...p}));
    desk.stale = true;
  } else if (message.kind == "range") {
    if (desk.plan) desk.plan.x = message.x;
  } else if (message.kind == "columns") {
    const panel = desk.panels[message.panel];
    if (!panel) return;
    const ks = floatsOf(message.k), xs = floatsOf(message.x), v = bytesOf(message.v);
    if (message.whole) Object.assign(panel, {ks, xs, v, rows: message.rows});
    else {
      const join = (Kind, p, q) => { const r = new Kind(p.length + q.length); r.set(p); r.set(q, p.length); return r; };
      panel.ks = join(Float64Array, panel.ks, ks);
      panel.xs = join(Float64Array, panel.xs, xs);
      panel.v = join(Uint8Array, panel.v, v);
    }
    panel.stale = true;
  } else if (message.kind == "frame") {
    const panel = desk.panels[message.panel];
    if (!panel) return;
    takeFrame(desk, panel, message);
  } else if (message.kind == "cell") hearCell(desk, message);
}

function paint(desk) {
  if (!desk.plan) return;
  if (desk.stale) {
    desk.ramp = rampOf(desk.color, desk.plan.signed ? "signed" : desk.plan.square ? "grey" : "power");
    desk.living = desk.plan.signed ? rampOf(desk.color, "living") : desk.ramp;
    desk.panels.forEach((p) => { p.stale = true; });
    desk.stale = false;
  }
  if (desk.plan.over) paintRun(desk); else paintNow(desk);
}

// What a panel's cells are painted on; it holds what was painted before.
function sheet(panel, width, height) {
  if (!panel.sheet) panel.sheet = document.createElement("canvas");
  const canvas = panel.sheet;
  if (!panel.image || canvas.width != width || canvas.height != height) {
    canvas.width = width;
    canvas.height = height;
    panel.image = canvas.getContext("2d").createImageData(width, height);
  }
  return {pen: canvas.getContext("2d"), image: panel.image, pixels: new Uint32Array(panel.image.data.buffer)};
}

// -- over the run --------------------------------------------------------------------------------
function nameOf(plan, i) { return plan.labels[i] || String(i + 1); }

function paintRun(desk) {
  const {plan, pen, W, H, small, color} = desk;
  const {left, right: r} = edges(desk, plan);
  const top = small ? 42 : plan.top, bottom = H - (small ? Math.min(24, plan.bottom) : plan.bottom);
  const n = desk.panels.length, gap = n > 1 ? 22 : 0, height = (bottom - top - gap * (n - 1)) / Math.max(n, 1);
  const X = scaleOf(desk.zoom?.x || plan.x, plan.xlog, left, r), {start, end} = X;
  desk.frame = {left, right: r, top, bottom, X, Y: scaleOf([0, 1], false, bottom, top)};
  const steps = plan.axis == "k", first = desk.panels[0];
  let at = steps ? (plan.xlog ? desk.k + 1 : desk.k) : start;
  if (!steps && first && first.ks && first.ks.length) at = first.xs[Math.max(upTo(first.ks, desk.k) - 1, 0)];
  const px = Math.round(X.at(at)), inside = first && first.ks && first.ks.length && px >= left - 1 && px <= r + 1;

  const text = steps ? "k = " + countText(desk.k) : numberText(at) + " " + plan.unit;
  const wide = widthOf(desk, text, desk.letter, true) + 12, mid = flagMiddle(px, wide, left, r);

  desk.panels.forEach((panel, index) => {
    const t = top + index * (height + gap), b = t + height;
    if (n > 1) {   // the name of a run, out of the way of the cursor
      const near = inside && mid - wide / 2 < left + 110;
      words(desk, near ? r : left, t - 6, panel.label, {color: panel.color, size: 12, bold: true, align: near ? "right" : "left"});
    }
    if (!panel.ks || !panel.ks.length) { hairline(desk, left, b, r, b); return; }
    const rows = panel.rows, across = Math.max(1, Math.round((r - left) * desk.scale)), tell = [across, start, end].join();
    if (panel.stale || panel.tell != tell) {
      const {pen: p2, image, pixels} = sheet(panel, across, rows);
      const last = panel.xs[panel.xs.length - 1];
      pixels.fill(0);
      for (let c = 0; c < across; c++) {
        const x = X.back(left + (c + 0.5) / desk.scale);
        // a column reaches to the next one; the last as far as the one before it reached
        const m = panel.xs.length, reach = m > 1 ? last - panel.xs[m - 2] : 0;
        if (x > last + Math.max(reach, (end - start) * 1e-9) && x > X.back(X.at(last) + 1)) break;
        const j = Math.max(0, upTo(panel.xs, x) - 1) * rows;
        for (let i = 0; i < rows; i++) pixels[(rows - 1 - i) * across + c] = desk.ramp[panel.v[j + i]];
      }
      p2.putImageData(image, 0, 0);
      Object.assign(panel, {stale: false, tell});
    }
    pen.imageSmoothingEnabled = false;
    pen.drawImage(panel.sheet, left, t, r - left, height);
    if (inside && px < r) {   // what comes after the cursor
      pen.globalAlpha = 0.58;
      pen.fillStyle = color("stage");
      pen.fillRect(px + 0.5, t, r - px, height);
      pen.globalAlpha = 1;
    }
    hairline(desk, left, t, r, t, "line2");
    hairline(desk, left, b, r, b);

    const now = Math.max(0, upTo(panel.ks, desk.k) - 1) * rows, strip = height / rows;
    const value = (i) => Math.max(0, panel.v[now + i] - 1) / 254;
    const order = [...Array(rows).keys()].sort((p, q) => value(q) - value(p));
    const most = value(order[0]), keys = [];
    for (const i of order) {   // the few that stand out
      if (keys.length >= (small ? 4 : 6) || value(i) < 0.35 * most || value(i) < 0.08) break;
      if (keys.every((j) => Math.abs(j - i) * strip >= (small ? 11 : 12))) keys.push(i);
    }
    const named = keys.length && keys.length < rows ? keys : ticksOf(scaleOf([1, rows], false, 0, height), {across: false}).map((v) => Math.round(v) - 1);
    for (const i of named) if (i >= 0 && i < rows)
      words(desk, left - 8, b - (i + 0.5) * strip + 4, nameOf(plan, i), {align: "right"});
    if (!plan.beside) return;
    const R = r + 14, room = W - R - 24;
    if (!index) words(desk, R, t - 6, small ? "now" : plan.beside, {size: 11});
    for (let i = 0; i < rows; i++) {
      const key = keys.includes(i), y = b - (i + 1) * strip;
      pen.fillStyle = color(key ? "ink" : "line");
      pen.fillRect(R, y + Math.min(0.5, strip * 0.1), Math.max(1, value(i) * room), Math.max(strip > 3 ? strip - 1 : strip * 0.8, 0.8));
      if (key && !small) words(desk, R + value(i) * room + 5, y + strip / 2 + 4, nameOf(plan, i), {color: "ink", bold: true});
    }
    hairline(desk, R, t, R, b);
  });
  if (plan.ylabel) words(desk, left - 8, top - 6, plan.ylabel, {size: 11, align: "right"});
  if (!plan.under)
    for (const v of ticksOf(X, {across: true, whole: steps}))
      words(desk, X.at(v), bottom + 18, tickWords(v, plan.xlog, false), {align: "center", size: desk.letter});
  if (!small && !plan.under) words(desk, r, bottom + 36, plan.xlabel, {color: "ink2", align: "right", size: desk.letter});
  if (!inside) return;
  cursorLine(desk, px, cursorTop(desk, px, top), plan.under ? H : bottom);
  flagOf(desk, mid, wide, top - 1, text);
}
