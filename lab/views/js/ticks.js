// Where ticks stand: as many as fit, on round places. Arguments: figure, across, log, whole, percent,
// bare,
// layout (a script to run when the figure's size has changed).
let room = 300, size = null;
try {
  room = (across ? figure.inner_width : figure.inner_height) || room;
  size = room + " " + figure.inner_height;
} catch { /* not laid out yet */ }
// Bokeh tells nobody about a new layout, but it asks for ticks whenever it paints
if (layout && across && size) {
  if (figure.__size != size) {
    figure.__size = size;
    Promise.resolve().then(() => layout.execute(figure));
  }
}
if (bare) return [];
const {start, end} = cb_data;
const found = [];
if (log && end > start && start > 0) {
  const low = Math.log10(start), high = Math.log10(end);
  const most = Math.max(2, Math.floor(room / (across ? 62 : 34)));
  const step = Math.max(1, Math.ceil((high - low) / most));
  if (high - low > 1.2) {
    if (across) for (let e = Math.ceil(low - 1e-6); e <= high + 1e-6; e += step) found.push(10 ** e);
    else for (let e = Math.floor(high + 1e-6); e >= low - 1e-6; e -= step) found.push(10 ** e);
    return found;
  }
  for (let e = Math.floor(low); e <= high; e++)
    for (const m of [1, 2, 5]) {
      const v = m * 10 ** e;
      if (v >= start * 0.999 && v <= end * 1.001) found.push(v);
    }
  return found;
}
const span = end - start;
if (!(span > 0)) return found;
const most = Math.max(across && room > 180 ? 3 : 2,
  Math.min(across ? 12 : 6, Math.floor(room / (across ? 120 : 42))));
if (percent && span > 0.9 && span < 1.1) return most < 5 ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1];
let base = 10 ** Math.floor(Math.log10(span / most)), step = base;
for (const m of [1, 2, 2.5, 5, 10]) {
  step = m * base;
  if (span / step <= most + 1e-6) break;
}
if (whole && step < 1) step = 1;
for (let i = Math.ceil(start / step - 1e-6); i * step <= end + 1e-6 * step; i++)
  found.push(i * step);
return found;
