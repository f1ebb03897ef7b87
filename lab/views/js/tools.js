// What the scripts of figures share. Bokeh's inner sizes throw until they are known.
function upTo(values, v) {
  let low = 0, high = values.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (values[mid] <= v) low = mid + 1; else high = mid;
  }
  return low;
}

function scale(range, log, pixels, flip) {
  const f = log ? Math.log10 : (v) => v, a = f(range.start), b = f(range.end);
  const to = (v) => (f(v) - a) / (b - a) * pixels;
  const back = (p) => { const v = a + p / pixels * (b - a); return log ? 10 ** v : v; };
  return flip ? {to: (v) => pixels - to(v), back: (p) => back(pixels - p)} : {to, back};
}

function same(source, data) {
  for (const name in data) {
    const p = source.data[name], q = data[name];
    if (p == null || p.length != q.length) return false;
    for (let i = 0; i < q.length; i++) if (!Object.is(p[i], q[i])) return false;
  }
  return true;
}

function put(source, data) { if (!same(source, data)) source.data = data; }

function sizes(figure) {
  try {
    const W = figure.inner_width, H = figure.inner_height;
    return W > 0 && H > 0 ? {W, H, small: figure.outer_width < 400} : null;
  } catch { return null; }
}

// One pass for all the changes that arrive in one message.
function once(figure, args, pass) {
  const desk = figure.__desk || (figure.__desk = {kept: {}});
  desk.args = args;
  if (desk.due) return;
  desk.due = true;
  Promise.resolve().then(() => { desk.due = false; pass(desk); });
}


const pen = window.__labPen || (window.__labPen = document.createElement("canvas").getContext("2d"));
function widthOf(text, size, bold) {
  pen.font = (bold ? "600 " : "") + size + "px " + sans;
  return pen.measureText(text).width;
}

// Where a label has room: the cheapest of `places` [left, top, cost] in a frame of W x H px.
// `spots` are points of curves, `boxes` rectangles that are taken, `keep` the last choice.
function roomFor(width, height, places, {W, H, spots, boxes, keep, more}) {
  let best = null;
  for (const [index, [wished, y, cost]] of places.entries()) {
    const x = Math.max(3, Math.min(wished, W - 3 - width));
    const box = [x - 3, y - 2, x + width + 3, y + height + 2];
    let total = cost + Math.abs(x - wished) / 8 + (more ? more(box) : 0);
    if (box[0] < 0 || box[2] > W || box[1] < 0 || box[3] > H) total += 400;
    for (const o of boxes)
      if (box[0] < o[2] && box[2] > o[0] && box[1] < o[3] && box[3] > o[1]) total += 300;
    for (const s of spots)
      if (s[0] > box[0] && s[0] < box[2] && s[1] > box[1] && s[1] < box[3]) total += 3;
    if (keep == index) total -= 8;   // no jumping to and fro
    if (!best || total < best.total) best = {x, y, index, total, box};
  }
  return best;
}
