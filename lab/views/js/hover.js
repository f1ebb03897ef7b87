// Under the pointer: a vertical rule through the stack, and what the curves say there. The table of
// numbers says it too, so nothing is to be had by hovering alone.
function hovering(desk, stack) {
  const tell = (x) => window.dispatchEvent(new CustomEvent("lab-hover", {detail: {...stack(), x, index: desk.model.index}}));
  desk.listen(window, "lab-hover", ({detail}) => {
    const own = stack();
    if (!own || detail.ident != own.ident || detail.axis != own.axis) return;
    desk.hover = detail.x === null ? null : detail;
    desk.later();
  });
  desk.listen(desk.canvas, "pointermove", (event) => {
    const {frame} = desk, p = event.offsetX, q = event.offsetY;
    if (!frame || event.pointerType == "touch") return;
    const inside = p >= frame.left && p <= frame.right && q >= frame.top - 4 && q <= frame.bottom + 4;
    if (inside || desk.hover) tell(inside ? frame.X.back(p) : null);
  });
  desk.listen(desk.canvas, "pointerleave", () => { if (desk.hover) tell(null); });
}

function drawHover(desk, drawn) {
  if (!desk.hover || desk.file) return;
  const {plan, letter, frame: {X, left, right, top, bottom}} = desk, p = X.at(desk.hover.x);
  if (!(p >= left && p <= right)) return;
  const x = Math.round(p) + 0.5;
  hairline(desk, x, plan.above ? 0 : top, x, plan.under ? desk.H : bottom, "ink3");
  if (desk.hover.index != desk.model.index) return;   // said once in a stack
  const lines = [];
  let place = null;
  for (const {curve} of drawn) {
    if (curve.ghost) continue;
    const {px, y, n} = curve;
    let j = Math.max(upTo(px, p, n) - 1, 0);
    if (j + 1 < n && px[j + 1] - p < p - px[j]) j++;
    if (p > px[n - 1] + 6 || !Number.isFinite(y[j])) continue;
    place ??= plan.live && plan.steps ? "k " + countText(curve.k[j]) : numberText(curve.x[j]) + (plan.unit ? " " + plan.unit : "");
    lines.push((curve.label ? curve.label + " " : "") + valueText(y[j], plan.percent));
  }
  if (!lines.length) return;
  lines[0] = place + " \u00b7 " + lines[0];
  const wide = Math.max(...lines.map((line) => widthOf(desk, line, letter, true)));
  const before = x + 10 + wide > right;
  lines.forEach((line, i) => words(desk, before ? x - 8 : x + 8, top + (i + 1) * (letter + 4), line,
    {color: "ink", size: letter, bold: true, halo: true, align: before ? "right" : "left"}));
}
