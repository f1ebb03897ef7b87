// Colours of maps.
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
