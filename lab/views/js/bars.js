// Bars in pixels: lying with name and number when few, upright on an axis of indices when many.
once(figure, {figure, bars, styles, rects, words, rules, low, high, log, upright, ink, soft, below}, (desk) => {
  const {figure, bars, styles, rects, words, rules, low, high, log, upright, ink, soft, below} = desk.args;
  const said = (v) => Number.isInteger(v) && Math.abs(v) < 1e6 ? countText(v) : numberText(v);
  const room = sizes(figure);
  if (!room) return;
  const {W, H} = room;
  figure.x_range.setv({start: 0, end: W});
  figure.y_range.setv({start: H, end: 0});
  const d = bars.data, names = styles.data.name, n = names.length, slots = Math.max(0, ...d.slot) + 1;
  const f = log ? (v) => Math.log10(Math.max(v, low)) : (v) => v, a = f(low), b = f(high);
  const share = (v) => Number.isFinite(v) ? Math.max(0, Math.min(1, (f(v) - a) / (b - a))) : 0;
  const zero = !log && low < 0 ? share(0) : 0;
  const out = {left: [], right: [], top: [], bottom: [], color: []};
  const text = {x: [], y: [], text: [], color: [], weight: [], align: []};
  const rule = {x0: [], x1: [], y0: [], y1: []};
  const say = (x, y, t, color, weight, align) => {
    text.x.push(x); text.y.push(y); text.text.push(t); text.color.push(color);
    text.weight.push(weight); text.align.push(align);
  };
  const box = (l, r, t, q, color) => {
    out.left.push(l); out.right.push(r); out.top.push(t); out.bottom.push(q); out.color.push(color);
  };
  if (!n) { put(rects, out); put(words, text); put(rules, rule); return; }
  if (!upright) {
    const left = Math.min(W * 0.4, Math.max(...names.map((t) => widthOf(t, 12, false))) + 12);
    const tail = Math.max(...Array.from(d.value, (v) => widthOf(said(v), 12, true))) + 12;
    const step = Math.min(H / n, slots > 1 ? 26 * slots : 44), thick = Math.max(2, Math.min(16, (step - 6) / slots));
    const wide = Math.max(20, W - left - tail);
    for (let i = 0; i < d.value.length; i++) {
      const v = d.value[i], mid = (d.place[i] + 0.5) * step, y = mid + (d.slot[i] - (slots - 1) / 2) * thick;
      const p = left + wide * share(v), z = left + wide * zero, gap = slots > 1 ? 1 : 0;
      box(Math.min(p, z), Math.max(p, z, Math.min(p, z) + 1), y - thick / 2 + gap / 2, y + thick / 2 - gap / 2, d.color[i]);
      if (thick >= 9) say(Math.max(p, z) + 6, y, said(v), slots > 1 ? d.color[i] : ink, "bold", "left");
    }
    names.forEach((t, i) => { if (step >= 11) say(left - 8, (i + 0.5) * step, t, soft, "normal", "right"); });
    rule.x0.push(left + wide * zero); rule.x1.push(left + wide * zero); rule.y0.push(0); rule.y1.push(n * step);
  } else {
    const left = 40, bottom = H - 30, tall = bottom - 4, step = (W - left) / n, each = step / slots;
    for (let i = 0; i < d.value.length; i++) {
      const x = left + d.place[i] * step + d.slot[i] * each, p = bottom - tall * share(d.value[i]), z = bottom - tall * zero;
      const gap = each > 4 ? 1 : 0;
      box(x + gap / 2, x + Math.max(each - gap / 2, 0.8), Math.min(p, z), Math.max(p, z, Math.min(p, z) + 1), d.color[i]);
    }
    rule.x0.push(left); rule.x1.push(W); rule.y0.push(bottom - tall * zero); rule.y1.push(bottom - tall * zero);
    const gap = Math.max(1, Math.ceil(40 / step));
    for (let i = gap - 1; i < n; i += gap) say(left + (i + 0.5) * step, bottom + 14, names[i], soft, "normal", "center");
    say(left - 8, 8, log ? powerOfTen(Math.round(Math.log10(high))) : tickText(high), soft, "normal", "right");
    say(left - 8, bottom, log ? powerOfTen(Math.round(Math.log10(low))) : tickText(low), soft, "normal", "right");
    if (below) say(W, bottom + 14, "", soft, "normal", "right");
  }
  put(rects, out); put(words, text); put(rules, rule);
});
