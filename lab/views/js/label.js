// Labels along curves that have no cursor, and the words under the x axis.
once(figure, {figure, styles, lines, labels, corner, xlog, ylog, below}, (desk) => {
  const {figure, styles, lines, labels, corner, xlog, ylog, below} = desk.args;
  const room = sizes(figure);
  if (!room) return;
  const {W, H, small} = room;
  const X = scale(figure.x_range, xlog, W, false), Y = scale(figure.y_range, ylog, H, true);
  put(corner, {x: [figure.x_range.end], y: [figure.y_range.start], text: [small ? "" : below]});
  const spots = [], boxes = [], out = {x: [], y: [], text: [], color: [], size: [], weight: []};
  const shown = lines.map((source, i) => {
    const {x, y} = source.data, points = [];
    for (let j = 0; j < x.length; j++) {
      const p = [X.to(x[j]), Y.to(y[j])];
      if (!Number.isFinite(p[0] + p[1])) continue;
      points.push(p);
      if (points.length > 1) {
        const q = points[points.length - 2], far = Math.hypot(p[0] - q[0], p[1] - q[1]);
        for (let s = 6; s < far && s < 400; s += 6)
          spots.push([q[0] + (p[0] - q[0]) * s / far, q[1] + (p[1] - q[1]) * s / far]);
      }
      spots.push(p);
    }
    return points;
  });
  const size = small ? 12 : 13;
  shown.forEach((points, i) => {
    const text = styles.data.label[i];
    if (!text || !points.length) return;
    const w = widthOf(text, size, true), h = size + 4, places = [];
    for (const share of [1, 0.85, 0.7, 0.55, 0.4, 0.25, 0.1]) {
      const [x, y] = points[Math.min(points.length - 1, Math.round(share * (points.length - 1)))];
      for (const gap of [7, 22, 44])
        places.push([x - w / 2, y - h - gap, gap / 3 + 4 * (1 - share)], [x - w / 2, y + gap, gap / 3 + 1 + 4 * (1 - share)],
          [x - w - gap, y - h / 2, gap / 3 + 2], [x + gap, y - h / 2, gap / 3 + 2]);
    }
    const peak = points.reduce((p, q) => q[1] < p[1] ? q : p);
    places.push([peak[0] + 10, peak[1] - 2, 0], [peak[0] - w - 10, peak[1] - 2, 0.5],
      [peak[0] + 26, peak[1] + 8, 2], [peak[0] - w - 26, peak[1] + 8, 2]);
    const found = roomFor(w, h, places, {W, H, spots, boxes, keep: desk.kept[i]});
    desk.kept[i] = found.index;
    boxes.push(found.box);
    out.x.push(X.back(found.x)); out.y.push(Y.back(found.y + size / 2 + 2)); out.text.push(text);
    out.color.push(styles.data.color[i]); out.size.push(size + "px"); out.weight.push("bold");
  });
  put(labels, out);
});
