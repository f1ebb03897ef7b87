// The strip: one bar, coloured by who leads, under the frame of the curves above it.
const BAR = 14;

export function render({model, el}) {
  const desk = stand(model, el, paint, hear);
  desk.listen(window, "lab-range", ({detail}) => {   // the curves above were zoomed
    if (!desk.plan || detail.ident != model.ident || detail.axis != desk.plan.stack) return;
    desk.zoom = detail.x;
    desk.later();
  });
}

function hear(desk, message) {
  desk.plan = message;
  if ((window.labCursor || {})[desk.model.ident] == null) desk.k = message.k;
}

function cursorAt({plan, k}) {
  if (plan.steps) return plan.xlog ? k + 1 : k;
  const [ks, xs] = plan.cursor.length ? plan.cursor : [[0], [plan.x[0]]];
  const m = Math.min(Math.max(upTo(ks, k), 1), ks.length - 1);
  if (ks.length < 2) return xs[0];
  const share = Math.min(Math.max((k - ks[m - 1]) / (ks[m] - ks[m - 1]), 0), 1);
  return xs[m - 1] + (xs[m] - xs[m - 1]) * share;
}

function paint(desk) {
  const {plan, pen, letter, small, W} = desk;
  if (!plan) return;
  const {left, right} = edges(desk, plan), X = scaleOf(desk.zoom || plan.x, plan.xlog, left, right);
  const px = X.at(cursorAt(desk)), tall = small ? 10 : BAR;
  const inside = px >= left - 1 && px <= right + 1;
  if (inside) cursorLine(desk, px, 0, tall + 3);
  pen.save();
  pen.beginPath();
  pen.rect(left, 0, right - left, tall);
  pen.clip();
  for (const [low, high, name, token] of plan.parts) {
    const a = Math.max(X.at(low), left), b = Math.min(X.at(high), right), said = name && name + " leads";
    if (!(b > a)) continue;
    pen.fillStyle = desk.color(token);
    pen.fillRect(a, 0, Math.max(b - a - 1.5, 1), tall);
    if (said && !small && b - a > widthOf(desk, said, 11, true) + 24)
      words(desk, b - 12, 11, said, {color: "stage", size: 11, bold: true, align: "right"});
  }
  pen.restore();
  if (!plan.parts.length) hairline(desk, left, tall / 2, right, tall / 2, "line");
  if (inside) hairline(desk, Math.round(px), 0, Math.round(px), tall + 3, "now-edge");
  if (!small) words(desk, left - 8, 11, "first", {align: "right", size: letter});
  for (const v of ticksOf(X, {across: true, whole: plan.steps}))
    words(desk, X.at(v), tall + 5 + letter, tickWords(v, plan.xlog, false), {align: "center", size: letter});
  if (!small) words(desk, right, tall + 8 + 2.3 * letter, plan.below, {color: "ink2", align: "right", size: letter});
}
