const FLAG = 15;   // px from an edit's pole to the far end of its pennant, and a gap
// What stands above the frame: the flag with the step, names of stages and events; flags of edits.
function captionsOf(desk, px) {
  const {plan, letter, frame: {X, left, right, top}} = desk;
  const texts = [], rules = [], edits = [], boxes = [], rows = [[], []];
  let flag = null, free = -1e9;
  if (px !== null && plan.flagged) {
    const text = plan.steps ? "k = " + countText(desk.k) : numberText(standing(desk)) + " " + plan.unit;
    const wide = widthOf(desk, text, letter, true) + 12;
    const middle = flagMiddle(px, wide, left, right);
    flag = [middle, wide, top - 1, text];
    rows[0].push([middle - wide / 2 - 4, middle + wide / 2 + 4]);
  }
  const first = desk.curves.find((curve) => curve.n && !curve.ghost);
  const placeOf = (k) => {
    if (plan.steps) return X.at(plan.xlog ? k + 1 : k);
    return first ? X.at(first.x[Math.max(upTo(first.k, k, first.n) - 1, 0)]) : left;
  };
  const order = plan.captions.map((c) => ({...c, p: placeOf(c.k)})).sort((p, q) => p.k - q.k);
  const say = ({p, text, width}) => {
    for (const [row, dx] of [[0, 5], [1, 5], [0, -width - 5], [1, -width - 5]]) {
      const l = p + dx - 5, r = p + dx + width + 7;
      if (l < left - 20 || r > right + 23 || rows[row].some(([a, b]) => l < b && r > a)) continue;
      rows[row].push([l, r]);
      texts.push([p + dx, top - (row ? 24 : 8), text]);
      return;
    }
  };
  const events = [];   // where there is no room for all, stages are named
  order.forEach(({p, text, kind}, place) => {
    if (!(p >= left - 2 && p <= right)) return;
    const width = widthOf(desk, text, letter);
    if (kind == "edit") {
      const before = p + FLAG + width > desk.W, from = before ? p - FLAG - width : p;   // it turns at the edge
      if (p < free) return;
      edits.push([p, from < free ? "" : text, before]);
      free = before ? p + 24 : p + width + 24;
      boxes.push([from, top + 2, before ? p : p + 22 + width, top + 28]);
      return;
    }
    const opening = kind == "stage" && p < left + 2;
    if (!opening) rules.push(p);
    if (plan.above) return;   // said once, at the top of the stack
    const next = order.slice(place + 1).find((c) => c.kind == "stage");
    if (p < left + 2 && next && next.p - p < width + 10) return;   // the first stage is no news
    if (kind == "stage") say({p, text, width}); else events.push({p, text, width});
  });
  events.forEach(say);
  return {texts, rules, edits, boxes, flag};
}

function editFlag(desk, x, top, text, before) {
  const {pen} = desk, p = Math.round(x) + 0.5, side = before ? -1 : 1;
  hairline(desk, p, top + 4, p, top + 28, "ink", 1.5);
  pen.fillStyle = desk.color("ink");
  pen.beginPath();
  pen.moveTo(p, top + 4);
  pen.lineTo(p + 9 * side, top + 9);
  pen.lineTo(p, top + 14);
  pen.fill();
  words(desk, p + 13 * side, top + 13, text, {color: "ink", size: desk.letter, halo: true, align: before ? "right" : "left"});
}
