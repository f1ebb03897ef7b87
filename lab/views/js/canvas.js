// What every canvas of ours stands on: size, colours, the cursor, messages, one drawing a frame.
function stand(model, el, paint, hear) {
  const host = document.createElement("div"), canvas = document.createElement("canvas");
  host.style.cssText = "position:relative;width:100%;height:100%;min-height:60px";
  canvas.style.cssText = "position:absolute;left:0;top:0;width:100%;height:100%;display:block";
  host.append(canvas);
  el.append(host);
  for (const node of [el, el.parentElement])
    if (node && node.style) { node.style.width = "100%"; node.style.height = "100%"; }
  const known = (window.labCursor || {})[model.ident], off = [];
  const desk = {host, canvas, el, model, k: known == null ? model.k : known, W: 0, H: 0, shown: true};
  desk.send = (message) => model.send_msg(message);
  desk.listen = (target, name, handler, options) => {
    target.addEventListener(name, handler, options);
    off.push(() => target.removeEventListener(name, handler, options));
  };
  // whatever has changed, it is drawn once in a frame, and not at all while nobody can see it
  desk.later = () => {
    if (desk.due || !desk.W || !desk.H || !desk.shown) return;
    desk.due = true;
    requestAnimationFrame(draw);
  };
  const draw = () => {
    desk.due = false;
    const {W, H} = desk, scale = window.devicePixelRatio || 1;
    if (!W || !H) return;
    if (canvas.width != Math.round(W * scale) || canvas.height != Math.round(H * scale)) {
      canvas.width = Math.round(W * scale);
      canvas.height = Math.round(H * scale);
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, W, H);
    read(desk);
    Object.assign(desk, {scale, pen, small: W < 400});
    paint(desk);
    host.dataset.painted = Number(host.dataset.painted || 0) + 1;
  };
  const renew = () => { desk.color = null; desk.stale = true; desk.later(); };

  desk.listen(window, "lab-cursor", ({detail}) => {
    if (detail.ident != model.ident || desk.k == detail.k) return;
    desk.k = detail.k;
    host.dataset.k = desk.k;
    desk.later();
  });
  desk.listen(window, "lab-export", ({detail}) => {
    if (detail.ident == model.ident && detail.index == model.index) exported(desk, paint, detail);
  });
  const size = new ResizeObserver(([{contentRect}]) => {
    Object.assign(desk, {W: contentRect.width, H: contentRect.height});
    desk.later();
  });
  size.observe(host);
  const sight = new IntersectionObserver((seen) => {
    desk.shown = seen[seen.length - 1].isIntersecting;
    desk.later();
  }, {rootMargin: "200px"});
  sight.observe(host);
  // the theme and the projector are attributes of the page or of an element in it
  const theme = new MutationObserver(renew);
  for (let node = host; node; node = node.parentNode || node.host)
    if (node.nodeType == 1)
      theme.observe(node, {attributes: true, attributeFilter: ["data-theme", "data-projector", "class"]});
  off.push(() => size.disconnect(), () => sight.disconnect(), () => theme.disconnect());

  model.on("msg:custom", (message) => {
    if (message.tokens) desk.tokens = message.tokens;
    if (message.kind == "theme") { renew(); return; }
    hear(desk, message);
    desk.later();
  });
  model.on("remove", () => off.forEach((end) => end()));
  desk.send({ready: true});
  return desk;
}

// Colours and sizes of the page, read once for each theme.
function read(desk) {
  if (desk.color) return;
  const css = getComputedStyle(desk.host), given = desk.tokens || {}, known = new Map();
  const of = (name) => css.getPropertyValue("--" + name).trim();
  desk.color = (name) => {
    if (name.startsWith("#")) return name;
    if (!known.has(name)) known.set(name, of(name) || given[name] || "#888888");
    return known.get(name);
  };
  desk.sans = of("sans") || given.sans || "sans-serif";
  desk.letter = parseFloat(of("axis-size")) || 12;
  desk.thick = (parseFloat(of("curve-width")) || 2.2) / 2.2;
  desk.mark = (parseFloat(of("marker-size")) || 6) / 6;
}

// The picture as a file, drawn by the same calls.
async function exported(desk, paint, {format, give}) {
  const {W, H} = desk, {pen, scale} = desk;
  if (!W || !H) return;
  const sheet = document.createElement("canvas"), twice = 2;
  sheet.width = W * twice;
  sheet.height = H * twice;
  const own = format == "svg" ? new SvgPen(W, H) : sheet.getContext("2d");
  if (format != "svg") own.setTransform(twice, 0, 0, twice, 0, 0);
  read(desk);
  Object.assign(desk, {pen: own, scale: format == "svg" ? 1 : twice, small: W < 400, file: true});
  own.fillStyle = desk.color("stage");
  own.fillRect(0, 0, W, H);
  paint(desk);
  const used = words(desk, 4, 16, desk.model.heading || "", {color: "ink", size: 13, bold: true});
  words(desk, 4 + used + 8, 16, desk.model.note || "", {size: 13});
  Object.assign(desk, {pen, scale, file: false, stale: true});
  desk.later();
  if (format == "svg") give(new Blob([own.text()], {type: "image/svg+xml"}));
  else sheet.toBlob(give, "image/png");
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
function upTo(values, v, n = values.length) {
  let low = 0, high = n;
  while (low < high) { const mid = (low + high) >> 1; if (values[mid] <= v) low = mid + 1; else high = mid; }
  return low;
}
