// Everything of a curve figure that depends on the cursor or on pixels.
once(figure, {figure, cursor, styles, full, past, after, marks, now, ends, labels, flag, band, edge,
  captions, laid, lines, flags, xlog, ylog, percent, live, steps, fit, unit, flagged, slopes, quiet,
  corner, below, above, under, beside}, place);


// The power law of the last factor of 16 in x, as in fit.py.
function slopeOf(xs, ys, n) {
  const u = [], v = [];
  const last = xs[n - 1];
  for (let i = upTo(xs, last / 16 * (1 - 1e-12)); i < n; i++)
    if (xs[i] > 0 && ys[i] > 0) { u.push(Math.log(xs[i])); v.push(Math.log(ys[i])); }
  const m = u.length;
  if (m < 6 || u[m - 1] - u[0] < Math.log(4)) return null;
  const w = u.map((_, i) => (u[Math.min(i + 1, m - 1)] - u[Math.max(i - 1, 0)])
    / (Math.min(i + 1, m - 1) - Math.max(i - 1, 0)));
  let sw = 0, su = 0, sv = 0;
  for (let i = 0; i < m; i++) { sw += w[i]; su += w[i] * u[i]; sv += w[i] * v[i]; }
  let a = 0, b = 0;
  for (let i = 0; i < m; i++) {
    const d = u[i] - su / sw;
    a += w[i] * d * (v[i] - sv / sw); b += w[i] * d * d;
  }
  return {value: a / b, low: Math.exp(u[0]), high: last};
}

function place(desk) {
  const {figure, cursor, styles, full, past, after, marks, now, ends, labels, flag, band, edge,
    captions, laid, lines, flags, xlog, ylog, percent, live, steps, fit, unit, flagged, slopes, quiet,
    corner, below, above, under, beside} = desk.args;
  const room = sizes(figure);
  if (!room) return;
  const {W, H, small} = room;
  const X = scale(figure.x_range, xlog, W, false), Y = scale(figure.y_range, ylog, H, true);
  // as in heat.js, which must keep the same frame
  if (beside) {
    const right = small ? 74 : 118;
    if (figure.min_border_right != right) figure.min_border_right = right;
  }
  const k = cursor.data.k[0], style = styles.data, many = full.length;

  // where the cursor stands on this axis, told by the first curve
  let at = xlog ? k + 1 : k;
  if (!steps && live)
    for (const source of full) {
      const d = source.data, m = upTo(d.k, k);
      if (d.k.length) {
        at = d.x[Math.max(m - 1, 0)];
        // between two rows
        if (m > 0 && m < d.k.length)
          at += (d.x[m] - d.x[m - 1]) * (k - d.k[m - 1]) / (d.k[m] - d.k[m - 1]);
        break;
      }
    }

  const head = {x: [], y: [], color: [], marker: [], size: []};
  const stop = {x: [], y: [], color: [], marker: [], angle: []};
  const drawn = [];
  for (let i = 0; i < many; i++) {
    const {k: ks, x: xs, y: ys} = full[i].data, n = xs.length;
    const reference = style.reference[i];
    let m = !live || reference ? n : steps ? upTo(ks, k) : upTo(xs, at * (1 + 1e-12));
    if (n && m == 0) m = 1;
    // between two rows the curve is cut where the cursor crosses it
    let cut = null;
    if (live && !reference && m > 0 && m < n && Number.isFinite(ys[m - 1]) && Number.isFinite(ys[m])) {
      const p = X.to(xs[m - 1]), q = X.to(xs[m]), c = X.to(at);
      if (q > p && c > p && c < q)
        cut = [at, Y.back(Y.to(ys[m - 1]) + (Y.to(ys[m]) - Y.to(ys[m - 1])) * (c - p) / (q - p))];
    }
    const upto = {x: xs.slice(0, m), y: ys.slice(0, m)};
    const rest = m < n ? {x: xs.slice(cut ? m : Math.max(m - 1, 0)), y: ys.slice(cut ? m : Math.max(m - 1, 0))}
      : {x: [], y: []};
    if (cut) {
      upto.x = [...upto.x, cut[0]]; upto.y = [...upto.y, cut[1]];
      rest.x = [cut[0], ...rest.x]; rest.y = [cut[1], ...rest.y];
    }
    put(past[i], upto);
    put(after[i], rest);
    const mark = {x: [], y: []};
    if (style.marked[i] && n) {
      const seen = new Set();
      const add = (v) => {
        if (v < xs[0] || v > xs[m - 1]) return;
        let j = Math.min(upTo(xs, v), m) - 1;
        if (j < 0) j = 0;
        if (j + 1 < m && Math.abs(xs[j + 1] - v) < Math.abs(xs[j] - v)) j++;
        if (!seen.has(j) && Number.isFinite(ys[j])) { seen.add(j); mark.x.push(xs[j]); mark.y.push(ys[j]); }
      };
      if (!live || n <= 12) for (let j = 0; j < m; j++) add(xs[j]);
      else if (xlog) {
        const gap = Math.max(1, Math.ceil(44 / Math.max(X.to(2) - X.to(1), 1)));
        for (let e = -20; e < 60; e += gap) add(2 ** e);
      } else {
        const span = figure.x_range.end - figure.x_range.start, parts = Math.max(4, Math.round(W / 64));
        for (let j = 0; j <= parts; j++) add(figure.x_range.start + span * (j + 0.5 * (i % 2)) / parts);
      }
    }
    put(marks[i], mark);
    let j = m - 1;
    while (j >= 0 && !Number.isFinite(ys[j])) j--;
    if (j < 0) continue;
    const end = cut || [xs[j], ys[j]];
    drawn.push({i, xs, ys, n, m, j, px: X.to(end[0]), py: Y.to(end[1])});
    if (live && !reference) {
      head.x.push(end[0]); head.y.push(end[1]); head.color.push(style.color[i]);
      head.marker.push(style.marked[i] ? style.marker[i] : "circle");
      head.size.push(style.marked[i] && ["x", "cross"].includes(style.marker[i]) ? 9 : 11);
      if (style.end[i]) {
        let e = n - 1;
        while (e > 0 && !Number.isFinite(ys[e])) e--;
        const open = style.end[i] == "diverged";
        if (open || e > j) {
          stop.x.push(xs[e]); stop.y.push(ys[e]); stop.color.push(style.color[i]);
          stop.marker.push(open ? "triangle" : "dash"); stop.angle.push(open ? 0 : Math.PI / 2);
        }
      }
    }
  }
  put(now, head);
  put(ends, stop);

  put(corner, {x: [figure.x_range.end], y: [figure.y_range.start], text: [small ? "" : below]});

  // the cursor: a band of 8 px and an edge of 1 px
  const px = X.to(at), inside = live && px >= -1 && px <= W + 1 && drawn.length > 0;
  const low = figure.y_range.start, high = figure.y_range.end;
  // no further than the canvas: Bokeh never clears its outermost pixels
  const to = under ? Y.back(H + 13) : low, from = above ? Y.back(-43) : high;
  for (const [box, half] of [[band, 4], [edge, 0.5]])
    put(box, inside
      ? {left: [X.back(Math.round(px) - half)], right: [X.back(Math.round(px) + half)], bottom: [to], top: [from]}
      : {left: [], right: [], bottom: [], top: []});
  const said = steps ? "k = " + countText(k) : numberText(at) + " " + unit;
  const wide = widthOf(said, 12, true) + 12, middle = Math.max(-20 + wide / 2, Math.min(px, W + 12 - wide / 2));
  put(flag, inside && flagged
    ? {x: [at], y: [high], text: [said], dx: [middle - px]} : {x: [], y: [], text: [], dx: []});

  // captions above the frame, verticals of stages, flags of edits
  const c = captions.data, text = {x: [], y: [], dx: [], dy: [], text: []};
  const rule = {x: [], y0: [], y1: []}, edits = {x: [], y0: [], y1: [], tip: [], mid: [], text: [], box: []};
  const first = full.length ? full[0].data : {k: [], x: []};
  const toX = (step) => {
    if (steps) return xlog ? step + 1 : step;
    const m = upTo(first.k, step);
    return first.x.length ? first.x[Math.max(m - 1, 0)] : 0;
  };
  const order = c.k.map((_, i) => i).sort((p, q) => c.k[p] - c.k[q]);
  const rows = [[], []];   // what is taken in the two rows above the frame
  if (inside && flagged) rows[0].push([middle - wide / 2 - 4, middle + wide / 2 + 4]);
  let freeFlag = -1e9;
  order.forEach((i, place) => {
    const x = toX(c.k[i]), p = X.to(x), width = widthOf(c.text[i], 12);
    if (!(p >= -2 && p <= W)) return;
    if (c.kind[i] == "edit") {
      if (p < freeFlag) return;
      edits.x.push(x); edits.y0.push(Y.back(28)); edits.y1.push(Y.back(4));
      edits.tip.push(X.back(p + 5)); edits.mid.push(Y.back(9)); edits.text.push(c.text[i]);
      freeFlag = p + width + 24;
      edits.box.push([p, 2, p + 22 + width, 28]);
      return;
    }
    if (!(c.kind[i] == "stage" && p < 2)) { rule.x.push(x); rule.y0.push(low); rule.y1.push(high); }
    if (above) return;   // said once, at the top of the stack
    const next = order.slice(place + 1).filter((q) => c.kind[q] == "stage").map((q) => X.to(toX(c.k[q])))[0];
    if (p < 2 && next != null && next - p < width + 10) return;   // the first stage is no news
    for (const [row, dx] of [[0, 5], [1, 5], [0, -width - 5], [1, -width - 5]]) {
      const l = p + dx - 5, r = p + dx + width + 7;
      if (l < -20 || r > W + 23 || rows[row].some(([a, b]) => l < b && r > a)) continue;
      rows[row].push([l, r]);
      text.x.push(x); text.y.push(high); text.dx.push(dx); text.dy.push(row ? -22 : -6);
      text.text.push(c.text[i]);
      return;
    }
  });
  put(laid, text); put(lines, rule);
  const boxes = edits.box;
  delete edits.box;
  put(flags, edits);

  // labels where there is room
  const size = small || H < 130 ? 12 : 14, spots = [];
  for (const d of drawn) {
    const every = Math.max(1, Math.floor(d.n / 400));
    for (let j = 0; j < d.n; j += every) {
      const x = X.to(d.xs[j]), y = Y.to(d.ys[j]);
      if (x >= -5 && x <= W + 5 && y >= -5 && y <= H + 5) spots.push([x, y, d.i]);
      const q = j + every < d.n ? j + every : d.n - 1;
      const x2 = X.to(d.xs[q]), y2 = Y.to(d.ys[q]), far = Math.hypot(x2 - x, y2 - y);
      for (let s = 6; s < far && s < 600; s += 6)
        spots.push([x + (x2 - x) * s / far, y + (y2 - y) * s / far, d.i]);
    }
  }
  const guides = [];
  if (slopes.data.x0.length)
    slopes.data.x0.forEach((x0, i) => {
      const power = Math.log(slopes.data.y1[i] / slopes.data.y0[i]) / Math.log(slopes.data.x1[i] / x0);
      const yAt = (x) => slopes.data.y0[i] * (x / x0) ** power;
      for (let p = 0; p <= W; p += 6) spots.push([p, Y.to(yAt(X.back(p))), -1]);
      guides.push({text: slopes.data.text[i], yAt});
    });
  const out = {x: [], y: [], text: [], color: [], size: [], weight: []};
  const write = (left, top, textLine, color, px, weight) => {
    out.x.push(X.back(left)); out.y.push(Y.back(top)); out.text.push(textLine);
    out.color.push(color); out.size.push(px + "px"); out.weight.push(weight);
  };
  const choose = (name, width, height, places) => {
    const found = roomFor(width, height, places, {W, H, spots, boxes, keep: desk.kept[name],
      more: (box) => {
        let cost = inside && box[0] < px + 7 && box[2] > px - 7 ? 25 : 0;
        if (live) for (const d of drawn)
          if (d.px > box[0] - 5 && d.px < box[2] + 5 && d.py > box[1] - 5 && d.py < box[3] + 5) cost += 40;
        return cost;
      }});
    desk.kept[name] = found.index;
    return found;
  };
  const ordered = drawn.filter((d) => style.label[d.i] || live).sort((p, q) => style.reference[p.i] - style.reference[q.i]);
  // three and more, and the room of the bars beside a heat map is free: there they stand in a row
  const row = ordered.filter((d) => !style.reference[d.i]);
  const margin = beside && !small && live && row.length > 2;
  if (margin) {
    const free = 100, two = row.length * 34 <= H + 58, step = two ? 34 : Math.min(18, (H + 58) / row.length);
    const trim = (text, size, bold) => {
      if (widthOf(text, size, bold) <= free) return text;
      while (text.length > 3 && widthOf(text + "\u2026", size, bold) > free) text = text.slice(0, -1).trimEnd();
      return text + "\u2026";
    };
    row.sort((p, q) => p.py - q.py);
    const tops = row.map((d) => d.py - step / 2);
    for (let pass = 0; pass < 40; pass++) {
      tops[0] = Math.max(tops[0], -22);
      for (let j = 1; j < tops.length; j++)
        if (tops[j] < tops[j - 1] + step) {
          const push = (tops[j - 1] + step - tops[j]) / 2;
          tops[j] += push; tops[j - 1] -= push;
        }
      const last = tops.length - 1;
      tops[last] = Math.min(tops[last], H + 36 - step);
    }
    row.forEach((d, j) => {
      const value = valueText(d.ys[d.j], percent), color = style.color[d.i];
      if (two) {
        write(W + 14, tops[j] + 8, trim(style.label[d.i], 12), quiet, 12, "normal");
        write(W + 14, tops[j] + 24, value, color, 14, "bold");
      } else write(W + 14, tops[j] + step / 2, trim(value + " " + style.label[d.i], 12, true), color, 12, "bold");
    });
  }
  for (const d of ordered) {
    const reference = style.reference[d.i], value = d.ys[d.j];
    if (margin && !reference) continue;
    const name = style.label[d.i];
    const line = reference || !live ? name : (name ? name + " " : "") + valueText(value, percent);
    if (!line) continue;
    const found = fit && !reference && !small ? slopeOf(d.xs, d.ys, d.m) : null;
    const show = found && Math.abs(found.value) >= 0.05;
    const second = show ? "fitted slope " + found.value.toFixed(2).replace("-", MINUS)
      + ", k " + countText(Math.max(Math.round(found.low) - (steps ? 1 : 0), 0)) + " to "
      + countText(Math.round(found.high) - (steps ? 1 : 0)) : "";
    const big = reference ? 12 : size;
    const width = Math.max(widthOf(line, big, !reference), widthOf(second, 12)), height = big + 4 + (second ? 18 : 0);
    const places = [];
    if (!reference && live) {
      const {px: x, py: y} = d;
      places.push([x + 12, y - height / 2, 0], [x - 12 - width, y - height - 5, 2],
        [x - 12 - width, y + 9, 3], [x + 12, y - height - 6, 4], [x + 12, y + 9, 4],
        [x - 12 - width, y - height - 22, 7], [x - 12 - width, y + 30, 7]);
      for (const dy of [18, 36, 54, 72])
        places.push([x + 12, y - height / 2 - dy, 4 + dy / 8], [x + 12, y - height / 2 + dy, 4 + dy / 8]);
    }
    const left = X.to(d.xs[0]), right = live && !reference ? d.px : Math.min(X.to(d.xs[d.n - 1]), W);
    if (!live) places.push([right + 6, Y.to(d.ys[d.n - 1]) - height / 2, 0]);
    for (const share of [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]) {
      const x = left + (right - left) * share, j = Math.max(upTo(d.xs, X.back(x)) - 1, 0), y = Y.to(d.ys[j]);
      for (const gap of reference ? [6] : [8, 26, 60]) {
        const cost = 8 + 10 * Math.abs(reference ? share - 0.35 : 1 - share) + gap / 3;
        places.push([x, y - height - gap, cost], [x - width, y + gap, cost + 1],
          [x - width, y - height - gap, cost + 1], [x, y + gap, cost]);
      }
    }
    const best = choose("c" + d.i, width, height, places);
    if (best.total > 60 && reference) continue;
    boxes.push(best.box);
    write(best.x, best.y + big / 2 + 2, line, reference ? quiet : style.color[d.i], big, reference ? "normal" : "bold");
    if (second) write(best.x, best.y + big + 13, second, quiet, 12, "normal");
  }
  for (const [g, guide] of guides.entries()) {
    const places = [], width = widthOf(guide.text, 12), height = 15;
    for (const share of [0.9, 0.75, 0.6, 0.45, 0.3]) {
      const x = W * share, y = Y.to(guide.yAt(X.back(x)));
      if (y > 4 && y < H - 4) places.push([x + 4, y - height - 2, 3 * (1 - share)], [x - width - 4, y + 3, 1 + 3 * (1 - share)]);
    }
    if (!places.length) continue;
    const best = choose("g" + g, width, height, places);
    if (best.total > 250) continue;
    boxes.push(best.box);
    write(best.x, best.y + 8, guide.text, quiet, 12, "normal");
  }
  put(labels, out);
}
