// Lines that grow while a run goes on: what came is kept in arrays with room to spare.
function takeRows(lines, {parts, values}) {
  const data = floatsOf(values);
  let at = 0;
  for (const {i, n, whole} of parts) {
    const line = lines[i];
    if (whole) line.n = line.done = 0;
    grow(line, line.n + n);
    for (const name of ["k", "x", "y"]) line[name].set(data.subarray(at, at += n), line.n);
    line.n += n;
  }
}

function grow(line, n) {
  if (line.k && n <= line.room) return;
  line.room = Math.max(256, 2 * n);
  for (const name of ["k", "x", "y", "px", "py"]) {
    const wider = new Float64Array(line.room);
    if (line[name]) wider.set(line[name].subarray(0, line.n));
    line[name] = wider;
  }
}

// Points in pixels, worked out once while the frame stays as it is.
function pixels(line, {X, Y}, tell) {
  if (line.tell != tell) { line.tell = tell; line.done = 0; }
  for (let j = line.done || 0; j < line.n; j++) { line.px[j] = X.at(line.x[j]); line.py[j] = Y.at(line.y[j]); }
  line.done = line.n;
}
