// Bars: lying with name and number when few, upright on an axis of indices when many.
export function render({model, el}) {
  const desk = stand(model, el, paint, hear);
  desk.canvas.report = () => ({layers: desk.layers, upright: desk.plan?.upright});
}

function hear(desk, message) {
  if (message.kind == "plan") desk.plan = message;
  else if (message.kind == "marks") takeMarks(desk, message);
}

function paint(desk) {
  const bars = desk.layers?.marks || [];
  if (!desk.plan || !bars.length || !desk.plan.names.length) return;
  const {low, high, log} = desk.plan;
  const f = log ? (v) => Math.log10(Math.max(v, low)) : (v) => v, a = f(low), b = f(high);
  const share = (v) => Number.isFinite(v) ? Math.max(0, Math.min(1, (f(v) - a) / (b - a))) : 0;
  const zero = !log && low < 0 ? share(0) : 0;
  const ink = ({color, colors, pick}, i) => colors ? colors[pick[i]] : color;
  if (desk.plan.upright) uprightBars(desk, bars, share, zero, ink); else lyingBars(desk, bars, share, zero, ink);
}

function saidOf(v) { return Number.isInteger(v) && Math.abs(v) < 1e6 ? countText(v) : numberText(v); }

function lyingBars(desk, bars, share, zero, ink) {
  const {plan: {names, left: edge, right, top, bottom}, pen, W, H, letter} = desk, n = names.length, slots = bars.length;
  const left = edge + Math.min(W * 0.4, Math.max(...names.map((t) => widthOf(desk, t, letter))) + 12);
  const tail = 12 + Math.max(...bars.flatMap(({columns: [v]}) => Array.from(v, (one) => widthOf(desk, saidOf(one), letter, true))));
  const step = Math.min((H - top - bottom) / n, slots > 1 ? 26 * slots : 44), thick = Math.max(2, Math.min(16, (step - 6) / slots));
  const digits = thick < letter ? Math.min(letter, 11) : letter;   // bars that are close have smaller numbers
  const wide = Math.max(20, W - right - left - tail), z = left + wide * zero, gap = slots > 1 ? 1 : 0;
  bars.forEach((mark, slot) => mark.columns[0].forEach((v, i) => {
    const y = top + (i + 0.5) * step + (slot - (slots - 1) / 2) * thick, p = left + wide * share(v);
    pen.fillStyle = desk.color(ink(mark, i));
    pen.fillRect(Math.min(p, z), y - thick / 2 + gap / 2, Math.max(Math.abs(p - z), 1), thick - gap);
    if (thick >= 9) words(desk, Math.max(p, z) + 6, y + 0.36 * digits, saidOf(v), {color: slots > 1 ? ink(mark, i) : "ink", size: digits, bold: true});
  }));
  names.forEach((t, i) => { if (step >= 11) words(desk, left - 8, top + (i + 0.5) * step + 0.36 * letter, t, {align: "right", size: letter}); });
  hairline(desk, z, top, z, top + n * step);
}

function uprightBars(desk, bars, share, zero, ink) {
  const {plan: {names, left: edge, right, top, bottom: foot, log, low, high}, pen, W, H, letter} = desk;
  const n = names.length, slots = bars.length, left = edge + 40, bottom = H - foot - 30, tall = bottom - top - 4;
  const step = (W - right - left) / n, each = step / slots, z = bottom - tall * zero, gap = each > 4 ? 1 : 0;
  bars.forEach((mark, slot) => mark.columns[0].forEach((v, i) => {
    const x = left + i * step + slot * each, p = bottom - tall * share(v);
    pen.fillStyle = desk.color(ink(mark, i));
    pen.fillRect(x + gap / 2, Math.min(p, z), Math.max(each - gap, 0.8), Math.max(Math.abs(p - z), 1));
  }));
  hairline(desk, left, z, W - right, z);
  const every = Math.max(1, Math.ceil(40 / step)), said = (v) => log ? powerOfTen(Math.round(Math.log10(v))) : tickText(v);
  for (let i = every - 1; i < n; i += every) words(desk, left + (i + 0.5) * step, bottom + 18, names[i], {align: "center", size: letter});
  words(desk, left - 8, top + 12, said(high), {align: "right", size: letter});
  words(desk, left - 8, bottom + 4, said(low), {align: "right", size: letter});
}
