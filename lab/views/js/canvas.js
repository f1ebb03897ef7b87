// What every canvas of ours shares: size, colours, the cursor, messages, repainting.
function styleOf(desk) {
  const css = getComputedStyle(desk.host), given = desk.tokens || {};
  return (name) => css.getPropertyValue("--" + name).trim() || given[name] || "#888888";
}
function sansOf(desk) {
  return getComputedStyle(desk.host).getPropertyValue("--sans").trim() || (desk.tokens || {}).sans || "sans-serif";
}
function rgb(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}
// 256 colours as 32 bits, little endian; entry 0 is see-through.
function rampOf(color, kind) {
  const ends = [rgb(color("stage")), rgb(color("ink"))];
  const stops = [0, 1, 2, 3, 4].map((i) => kind == "grey"
    ? ends[0].map((c, n) => c + (ends[1][n] - c) * i / 4) : rgb(color(kind + i))), found = new Uint32Array(256);
  for (let i = 1; i < 256; i++) {
    const share = (i - 1) / 254, at = (kind == "power" ? share ** 0.75 : share) * 4, j = Math.min(3, Math.floor(at)), f = at - j;
    const [r, g, b] = stops[j].map((c, n) => Math.round(c + f * (stops[j + 1][n] - c)));
    found[i] = (255 << 24 | b << 16 | g << 8 | r) >>> 0;
  }
  return found;
}
function solid(hex) {
  const [r, g, b] = rgb(hex);
  return (255 << 24 | b << 16 | g << 8 | r) >>> 0;
}
function bytesOf(value) {
  if (value == null) return null;
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (value.buffer instanceof ArrayBuffer) return new Uint8Array(value.buffer, value.byteOffset || 0, value.byteLength);
  return Uint8Array.from(value);
}
function floatsOf(value) {
  const bytes = bytesOf(value);
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
function stand(model, el, paint, hear) {
  const host = document.createElement("div"), canvas = document.createElement("canvas");
  host.style.cssText = "position:relative;width:100%;height:100%;min-height:60px";
  canvas.style.cssText = "position:absolute;left:0;top:0;width:100%;height:100%;display:block";
  host.append(canvas);
  el.append(host);
  for (const node of [el, el.parentElement])
    if (node && node.style) { node.style.width = "100%"; node.style.height = "100%"; }
  const known = (window.labCursor || {})[model.ident];
  const desk = {host, canvas, el, model, k: known == null ? model.k : known, W: 0, H: 0};
  desk.later = () => {
    if (desk.due) return;
    desk.due = true;
    requestAnimationFrame(() => {
      desk.due = false;
      const W = host.clientWidth, H = host.clientHeight, scale = window.devicePixelRatio || 1;
      if (!W || !H) return;
      if (canvas.width != Math.round(W * scale) || canvas.height != Math.round(H * scale)) {
        canvas.width = Math.round(W * scale);
        canvas.height = Math.round(H * scale);
      }
      const pen = canvas.getContext("2d");
      pen.setTransform(scale, 0, 0, scale, 0, 0);
      pen.clearRect(0, 0, W, H);
      Object.assign(desk, {W, H, scale, pen, color: styleOf(desk), sans: sansOf(desk), small: W < 400});
      paint(desk);
      host.dataset.painted = Number(host.dataset.painted || 0) + 1;
    });
  };
  const moved = (event) => {
    if (event.detail.ident != model.ident) return;
    desk.k = event.detail.k;
    host.dataset.k = desk.k;
    desk.later();
  };
  const ranged = (event) => {
    if (event.detail.ident == model.ident && desk.ranged) desk.ranged(event.detail);
  };
  const renew = () => { desk.stale = true; desk.later(); };
  window.addEventListener("lab-cursor", moved);
  window.addEventListener("lab-range", ranged);
  const theme = new MutationObserver(renew), size = new ResizeObserver(desk.later);
  theme.observe(document.documentElement, {attributes: true, attributeFilter: ["data-theme", "class"]});
  size.observe(host);
  model.on("msg:custom", (event) => {
    const message = event.data || event;
    if (message.tokens) desk.tokens = message.tokens;
    if (message.kind == "theme") renew(); else { hear(desk, message); desk.later(); }
  });
  model.on("remove", () => {
    window.removeEventListener("lab-cursor", moved);
    window.removeEventListener("lab-range", ranged);
    theme.disconnect();
    size.disconnect();
  });
  model.send_msg({ready: true});
  return desk;
}
function words(desk, x, y, text, {color = "ink3", size = 12, bold = false, align = "left", halo = false} = {}) {
  const pen = desk.pen;
  pen.font = (bold ? "600 " : "") + size + "px " + desk.sans;
  pen.textAlign = align;
  pen.textBaseline = "alphabetic";
  if (halo) {
    pen.strokeStyle = desk.color("stage"); pen.lineWidth = 4; pen.lineJoin = "round";
    pen.strokeText(text, x, y);
  }
  pen.fillStyle = color.startsWith("#") ? color : desk.color(color);
  pen.fillText(text, x, y);
  return pen.measureText(text).width;
}
function hairline(desk, x1, y1, x2, y2, token = "line", width = 1) {
  const pen = desk.pen;
  pen.strokeStyle = desk.color(token);
  pen.lineWidth = width;
  pen.beginPath(); pen.moveTo(x1, y1); pen.lineTo(x2, y2); pen.stroke();
}
// As many round ticks as fit.
function roundTicks(start, end, log, pixels, each) {
  const found = [];
  if (log) {
    const low = Math.log10(start), high = Math.log10(end), step = Math.max(1, Math.ceil((high - low) / Math.max(2, pixels / 62)));
    for (let e = Math.ceil(low - 1e-6); e <= high + 1e-6; e += step) found.push(10 ** e);
    return found;
  }
  const span = end - start, most = Math.max(2, Math.floor(pixels / each));
  if (!(span > 0)) return found;
  const base = 10 ** Math.floor(Math.log10(span / most));
  let step = base;
  for (const m of [1, 2, 2.5, 5, 10]) { step = m * base; if (span / step <= most + 1e-6) break; }
  for (let i = Math.ceil(start / step - 1e-6); i * step <= end + 1e-6 * step; i++) found.push(i * step);
  return found;
}
