// What pictures are made of beside curves: points, segments, areas, boxes, words. A mark has its
// numbers in columns; its colour is a token, or one of `colors` picked for each item.
function takeMarks(desk, {layer, marks}) {
  desk.layers = desk.layers || {};
  desk.layers[layer] = marks.map((mark) => {
    const data = floatsOf(mark.values), n = mark.n, columns = [];
    for (let at = 0; at < data.length; at += n) columns.push(data.subarray(at, at + n));
    return {...mark, columns, pick: bytesOf(mark.pick)};
  });
}

function drawLayer(desk, layer) {
  for (const mark of desk.layers?.[layer] || []) {
    desk.pen.globalAlpha = mark.alpha ?? 1;
    const colors = mark.colors || [mark.color];
    colors.forEach((color, c) => MARKS[mark.kind](desk, mark, desk.color(color), (i) => !mark.pick || mark.pick[i] == c));
    desk.pen.globalAlpha = 1;
  }
}

const MARKS = {
  points(desk, {columns: [x, y, sizes], n, size, marker, edge}, color, mine) {
    const {pen, frame: {X, Y}} = desk, wide = size * desk.mark;
    pen.fillStyle = pen.strokeStyle = color;
    if (wide < 3.5) {   // dots: too small to have a shape
      for (let i = 0; i < n; i++) if (mine(i)) pen.fillRect(X.at(x[i]) - wide / 2, Y.at(y[i]) - wide / 2, wide, wide);
      return;
    }
    pen.lineWidth = 1;
    pen.beginPath();
    let filled = true;
    for (let i = 0; i < n; i++) if (mine(i)) filled = shape(pen, marker, X.at(x[i]), Y.at(y[i]), sizes ? sizes[i] * desk.mark : wide);
    if (filled) pen.fill();
    if (edge) pen.strokeStyle = desk.color(edge);
    if (edge || !filled) pen.stroke();
  },
  segments(desk, {columns: [x0, y0, x1, y1], n, width, dash, tips}, color, mine) {
    const {pen, frame: {X, Y}} = desk;
    pen.strokeStyle = pen.fillStyle = color;
    pen.lineWidth = width || 1;
    pen.setLineDash(dash || []);
    pen.beginPath();
    for (let i = 0; i < n; i++) if (mine(i)) { pen.moveTo(X.at(x0[i]), Y.at(y0[i])); pen.lineTo(X.at(x1[i]), Y.at(y1[i])); }
    pen.stroke();
    pen.setLineDash([]);
    if (tips) for (let i = 0; i < n; i++) pen.fillRect(X.at(x1[i]) - 1.3, Y.at(y1[i]) - 1.3, 2.6, 2.6);
  },
  boxes(desk, {columns: [x0, y0, x1, y1], n}, color, mine) {
    const {pen, frame: {X, Y}} = desk;
    pen.fillStyle = color;
    for (let i = 0; i < n; i++) if (mine(i)) {
      const x = X.at(x0[i]), y = Y.at(y0[i]);
      pen.fillRect(x, y, X.at(x1[i]) - x, Y.at(y1[i]) - y);
    }
  },
  // `fill`: how strongly the area down to zero is coloured
  line(desk, {columns: [x, y], n, width, dash, fill, marker}, color) {
    const {pen, frame: {X, Y, bottom}} = desk, px = Array.from(x, X.at), py = Array.from(y, Y.at);
    pen.strokeStyle = pen.fillStyle = color;
    if (fill && n) {
      const zero = Y.log ? bottom : Math.min(Y.at(0), bottom);
      pen.globalAlpha = fill;
      pen.beginPath();
      for (let j = 0, from = 0; j <= n; j++) {   // each stretch without a gap by itself
        if (j < n && Number.isFinite(py[j])) continue;
        if (j > from) pen.moveTo(px[from], zero);
        for (let i = from; i < j; i++) pen.lineTo(px[i], Math.min(py[i], bottom + 4));
        if (j > from) pen.lineTo(px[j - 1], zero);
        from = j + 1;
      }
      pen.fill();
      pen.globalAlpha = 1;
    }
    pen.lineWidth = (width || 2) * desk.thick;
    pen.lineJoin = "round";
    pen.setLineDash(dash || []);
    through(pen, px, py, 0, n);
    pen.setLineDash([]);
    for (let j = 0; marker && j < n; j++) {
      if (!Number.isFinite(px[j] + py[j])) continue;
      pen.beginPath();
      if (shape(pen, marker, px[j], py[j], 6 * desk.mark)) pen.fill(); else pen.stroke();
    }
  },
  // lines over the whole height
  uprights(desk, {columns: [x], n, width, dash}, color) {
    const {X, top, bottom} = desk.frame;
    for (let i = 0; i < n; i++) hairline(desk, X.at(x[i]), top, X.at(x[i]), bottom, color, (width || 2) * desk.thick, dash);
  },
  // n lines; each column pair is one more point of all of them
  trails(desk, {columns, n}, color, mine) {
    const {pen, frame: {X, Y}} = desk;
    pen.strokeStyle = color;
    pen.lineWidth = 1;
    pen.beginPath();
    for (let i = 0; i < n; i++) if (mine(i)) for (let j = 0; j < columns.length; j += 2) {
      const x = X.at(columns[j][i]), y = Y.at(columns[j + 1][i]);
      if (j) pen.lineTo(x, y); else pen.moveTo(x, y);
    }
    pen.stroke();
  },
  // shares from 0 to 1 on a grid over the square from -far to far, the lowest row first
  map(desk, mark) {
    const {columns: rows, n, far} = mark, {pen, frame: {X, Y}} = desk, look = desk.color("signed0") + desk.color("stage");
    if (mark.look != look) {   // it stays as it is while paths grow
      const sheet = document.createElement("canvas"), ramp = rampOf(desk.color, "signed");
      sheet.width = n;
      sheet.height = rows.length;
      const pen2 = sheet.getContext("2d"), image = pen2.createImageData(n, rows.length), pixels = new Uint32Array(image.data.buffer);
      rows.forEach((row, i) => row.forEach((share, j) => {
        pixels[(rows.length - 1 - i) * n + j] = share >= 0 ? ramp[1 + Math.round(254 * Math.min(share, 1))] : 0;
      }));
      pen2.putImageData(image, 0, 0);
      Object.assign(mark, {sheet, look});
    }
    pen.imageSmoothingEnabled = true;
    pen.drawImage(mark.sheet, X.at(-far), Y.at(far), X.at(far) - X.at(-far), Y.at(-far) - Y.at(far));
  },
  // few arrows are pointers: never shorter than 56 px
  pointers(desk, {columns: [x0, y0, x1, y1], n}, color) {
    const {pen, frame: {X, Y}} = desk;
    pen.strokeStyle = pen.fillStyle = color;
    pen.lineWidth = 1.5;
    for (let i = 0; i < n; i++) {
      const [x, y, u, v] = pointer([X.at(x0[i]), Y.at(y0[i])], [X.at(x1[i]), Y.at(y1[i])]);
      if (!(Math.hypot(u - x, v - y) > 0)) continue;
      const angle = Math.atan2(v - y, u - x), c = Math.cos(angle), s = Math.sin(angle);
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(u, v);
      pen.stroke();
      pen.beginPath();
      pen.moveTo(u + 3 * c, v + 3 * s);
      pen.lineTo(u - 6 * c - 4.5 * s, v - 6 * s + 4.5 * c);
      pen.lineTo(u - 6 * c + 4.5 * s, v - 6 * s - 4.5 * c);
      pen.fill();
    }
  },
};

function pointer([x, y], [u, v]) {
  const length = Math.hypot(u - x, v - y), f = length > 0 ? Math.max(1, 56 / length) : 1;
  return [x, y, x + (u - x) * f, y + (v - y) * f];
}
