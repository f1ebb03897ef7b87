// Colours of maps.
function rgb(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}
// 256 colours as 32 bits, little endian; entry 0 is see-through.
function rampOf(color, kind) {
  if (kind == "living") return livingOf([0, 1, 2, 3].map((i) => rgb(color(kind + i))));
  const ends = [rgb(color("stage")), rgb(color("ink"))];
  const stops = [0, 1, 2, 3, 4].map((i) => kind == "grey"
    ? ends[0].map((c, n) => c + (ends[1][n] - c) * i / 4) : rgb(color(kind + i))), found = new Uint32Array(256);
  for (let i = 1; i < 256; i++) {
    const share = (i - 1) / 254, at = (kind == "power" ? share ** 0.75 : share) * 4, j = Math.min(3, Math.floor(at)), f = at - j;
    found[i] = bits32(stops[j].map((c, n) => Math.round(c + f * (stops[j + 1][n] - c))));
  }
  return found;
}
// The colours of weights that live: two ramps that leave out what lies between them.
function livingOf([most, least, up, top]) {
  const found = new Uint32Array(256), mixed = (p, q, f) => bits32(p.map((c, n) => Math.round(c + f * (q[n] - c))));
  for (let i = 1; i < 128; i++) found[i] = mixed(most, least, (i - 1) / 126);
  for (let i = 129; i < 256; i++) found[i] = mixed(up, top, (i - 129) / 126);
  found[128] = mixed(least, up, 0.5);
  return found;
}
function bits32([r, g, b]) { return (255 << 24 | b << 16 | g << 8 | r) >>> 0; }
function solid(hex) { return bits32(rgb(hex)); }
