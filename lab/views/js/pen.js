// Type, lines and the few shapes that every picture is made of.
const AFTER = 0.42, BAND = 0.14, THIN_LINE = 0.35;   // opacities, as in palette.py
const measured = new Map();
function fontOf(desk, size, bold) { return (bold ? "600 " : "") + size + "px " + desk.sans; }
function widthOf(desk, text, size = 12, bold = false) {
  if (!text) return 0;
  const font = fontOf(desk, size, bold), key = font + text;
  let width = measured.get(key);
  if (width === undefined) {
    desk.pen.font = font;
    width = desk.pen.measureText(text).width;
    if (measured.size > 4000) measured.clear();
    measured.set(key, width);
  }
  return width;
}
function words(desk, x, y, text, {color = "ink3", size = desk.letter, bold = false, align = "left", halo = false} = {}) {
  if (!text) return 0;
  const pen = desk.pen;
  pen.font = fontOf(desk, size, bold);
  pen.textAlign = align;
  pen.textBaseline = "alphabetic";
  if (halo) {
    pen.strokeStyle = desk.color("stage");
    pen.lineWidth = 4;
    pen.lineJoin = "round";
    pen.strokeText(text, x, y);
  }
  pen.fillStyle = desk.color(color);
  pen.fillText(text, x, y);
  return widthOf(desk, text, size, bold);
}
function hairline(desk, x1, y1, x2, y2, token = "line", width = 1, dash = null) {
  const pen = desk.pen;
  pen.strokeStyle = desk.color(token);
  pen.lineWidth = width;
  if (dash) pen.setLineDash(dash);
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
  if (dash) pen.setLineDash([]);
}
// A line through points in pixels; it breaks where one is missing, and leaves out what melts away.
function through(pen, px, py, from, to, first = null, last = null) {
  let down = false, x = 0, y = 0;
  pen.beginPath();
  if (first) { [x, y] = first; pen.moveTo(x, y); down = true; }
  for (let j = from; j < to; j++) {
    const p = px[j], q = py[j];
    if (!(p > -1e7 && p < 1e7 && q > -1e7 && q < 1e7)) { down = false; continue; }
    if (!down) pen.moveTo(p, q);
    else if (j < to - 1 && Math.abs(p - x) + Math.abs(q - y) < 0.7) continue;
    else pen.lineTo(p, q);
    x = p; y = q; down = true;
  }
  if (last && down) pen.lineTo(last[0], last[1]);
  pen.stroke();
}
// Adds a marker to the path; whether it is to be filled.
function shape(pen, marker, x, y, size) {
  const r = size / 2;
  if (marker == "square") pen.rect(x - r, y - r, size, size);
  else if (marker == "triangle") {
    pen.moveTo(x, y - 1.15 * r);
    pen.lineTo(x + 1.1 * r, y + 0.8 * r);
    pen.lineTo(x - 1.1 * r, y + 0.8 * r);
    pen.closePath();
  } else if (marker == "diamond") {
    pen.moveTo(x, y - 1.3 * r);
    pen.lineTo(x + r, y);
    pen.lineTo(x, y + 1.3 * r);
    pen.lineTo(x - r, y);
    pen.closePath();
  } else if (marker == "x" || marker == "cross") {
    const d = marker == "x" ? 0.75 * r : 0;
    pen.moveTo(x - (d || r), y - d);
    pen.lineTo(x + (d || r), y + d);
    pen.moveTo(x - d, y + (d || r));
    pen.lineTo(x + d, y - (d || r));
    return false;
  } else {
    pen.moveTo(x + r, y);
    pen.arc(x, y, r, 0, 2 * Math.PI);
  }
  return true;
}
// The point of now: yellow, with an edge in the curve's colour.
function bead(desk, marker, x, y, size, token, width = 2.2) {
  const pen = desk.pen;
  pen.beginPath();
  const solid = shape(pen, marker, x, y, size * desk.mark);
  pen.fillStyle = desk.color("now");
  pen.strokeStyle = desk.color(token);
  pen.lineWidth = width;
  if (solid) pen.fill();
  pen.stroke();
}
// The cursor: a band of 8 px and an edge of 1 px.
function cursorLine(desk, px, from, to) {
  const pen = desk.pen, x = Math.round(px);
  pen.fillStyle = desk.color("now");
  pen.globalAlpha = 0.45;
  pen.fillRect(x - 4, from, 8, to - from);
  pen.globalAlpha = 1;
  pen.fillStyle = desk.color("now-edge");
  pen.fillRect(x - 0.5, from, 1, to - from);
}
// Where it begins: it comes from the picture above, but not through the words over this one.
function cursorTop(desk, px, top) {
  const {plan, model: {heading, note}} = desk;
  if (!plan.above) return top;
  const size = 13 * desk.letter / 12, wide = widthOf(desk, heading, size, true) + (note ? 8 + widthOf(desk, note, size) : 0);
  return px - 4 < wide ? 17 + size : 0;
}
// The flag's middle: over the cursor, but left of the frame stand the ticks.
function flagMiddle(px, wide, left, right) {
  return Math.max(left - 4 + wide / 2, Math.min(px, right + 12 - wide / 2));
}
function flagOf(desk, middle, wide, bottom, text) {
  const pen = desk.pen, tall = desk.letter + 7;
  pen.fillStyle = desk.color("now");
  pen.beginPath();
  pen.roundRect(middle - wide / 2, bottom - tall, wide, tall, 2);
  pen.fill();
  words(desk, middle, bottom - 5, text, {color: "on-now", size: desk.letter, bold: true, align: "center"});
}
