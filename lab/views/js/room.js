// Where labels have room. What is drawn is noted on a grid of small cells; how much of it lies in
// a box is then four look-ups, however many curves there are.
const CELL = 4, PLACED_MS = 150;
class Room {
  constructor({left, right, top, bottom}) {
    Object.assign(this, {left, right, top, bottom, boxes: []});
    this.columns = Math.max(1, Math.ceil((right - left) / CELL)) + 1;
    this.rows = Math.max(1, Math.ceil((bottom - top) / CELL)) + 1;
    this.cells = new Int32Array(this.columns * this.rows);
  }
  mark(x, y) {
    const c = Math.floor((x - this.left) / CELL) + 1, r = Math.floor((y - this.top) / CELL) + 1;
    if (c > 0 && r > 0 && c < this.columns && r < this.rows) this.cells[r * this.columns + c] = 1;
  }
  segment(x0, y0, x1, y1) {
    const far = Math.hypot(x1 - x0, y1 - y0);
    if (!(far < 4000)) return;
    for (let s = 0; s <= far; s += CELL) this.mark(x0 + (x1 - x0) * s / (far || 1), y0 + (y1 - y0) * s / (far || 1));
    this.mark(x1, y1);
  }
  line(px, py, n) {
    let x = NaN, y = NaN;
    for (let j = 0; j < n; j++) {
      if (Math.abs(px[j] - x) + Math.abs(py[j] - y) < 2) continue;
      this.segment(Number.isFinite(x + y) ? x : px[j], Number.isFinite(x + y) ? y : py[j], px[j], py[j]);
      x = px[j]; y = py[j];
    }
  }
  sum() {   // of all cells above and to the left
    const {cells, columns, rows} = this;
    for (let r = 1; r < rows; r++) for (let c = 1, row = 0; c < columns; c++) {
      row += cells[r * columns + c];
      cells[r * columns + c] = row + cells[(r - 1) * columns + c];
    }
  }
  covered([x0, y0, x1, y1]) {
    const {columns, rows, cells, left, top} = this;
    const col = (x) => Math.max(0, Math.min(columns - 1, Math.round((x - left) / CELL)));
    const row = (y) => Math.max(0, Math.min(rows - 1, Math.round((y - top) / CELL))) * columns;
    const a = col(x0), b = col(x1), c = row(y0), d = row(y1);
    return cells[d + b] - cells[c + b] - cells[d + a] + cells[c + a];
  }
  // The cheapest of `places` [left, top, cost]; `keep`: the last choice, `more`: what else a box costs.
  choose(width, height, places, keep, more) {
    let best = null;
    for (const [index, [wished, y, cost]] of places.entries()) {
      const x = Math.max(this.left + 3, Math.min(wished, this.right - 3 - width));
      const box = [x - 3, y - 2, x + width + 3, y + height + 2];
      let total = cost + Math.abs(x - wished) / 8 + (more ? more(box) : 0) + 2 * this.covered(box);
      if (box[0] < this.left || box[2] > this.right || box[1] < this.top || box[3] > this.bottom) total += 400;
      for (const o of this.boxes)
        if (box[0] < o[2] && box[2] > o[0] && box[1] < o[3] && box[3] > o[1]) total += 300;
      if (keep == index) total -= 8;   // no jumping to and fro
      if (!best || total < best.total) best = {x, y, index, total, box};
    }
    return best;
  }
  take(box) { this.boxes.push(box); }
}
// Whether labels are to be placed anew: at once when `tell` has changed, else now and then with a
// picture that is drawn anyway, and once more at rest.
function placingDue(desk, tell) {
  const now = performance.now();
  clearTimeout(desk.placing);
  if (desk.file || desk.placeTell != tell || now - desk.placed >= PLACED_MS) {
    desk.placeTell = tell;
    desk.placed = now;
    return true;
  }
  desk.placing = setTimeout(desk.later, PLACED_MS);
  return false;
}
