// Numbers as the pages write them; the rules of numerals.py.
const THIN = "\u2009", MINUS = "\u2212";
function raised(n) {
  const up = {"-": "\u207b", 0: "\u2070", 1: "\u00b9", 2: "\u00b2", 3: "\u00b3", 4: "\u2074",
    5: "\u2075", 6: "\u2076", 7: "\u2077", 8: "\u2078", 9: "\u2079"};
  return String(n).replace(/[-0-9]/g, (c) => up[c]);
}
function powerOfTen(e) { return e == 0 ? "1" : e == 1 ? "10" : "10" + raised(e); }
function plain(size, digits) {
  if (size == 0) return "0";
  const before = Math.floor(Math.log10(size)) + 1;
  let text = size.toFixed(Math.min(Math.max(digits - before, 0), 20));
  if (text.includes(".") && text.replace(".", "").replace(/^0+/, "").length > digits)
    text = text.slice(0, -1).replace(/\.$/, "");
  return text;
}
function countText(n) {
  const size = Math.abs(n), sign = n < 0 ? MINUS : "";
  if (size < 1000) return sign + size;
  if (size < 10000)
    return sign + Math.floor(size / 1000) + THIN + String(size % 1000).padStart(3, "0");
  for (const [unit, name] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (size >= unit * 0.9995) return sign + plain(size / unit, 3) + THIN + name;
  return sign + size;
}
function numberText(value, digits = 3) {
  if (value == null) return "\u2013";
  if (Number.isNaN(value)) return "not a number";
  const sign = value < 0 ? MINUS : "", size = Math.abs(value);
  if (!Number.isFinite(size)) return sign + "\u221e";
  if (size == 0) return "0";
  if (size < 1e-3 || size >= 1e10) {
    let e = Math.floor(Math.log10(size)), m = Number((size / 10 ** e).toFixed(digits - 1));
    if (m >= 10) { m /= 10; e += 1; }
    return sign + m.toFixed(digits - 1) + THIN + "\u00b7" + THIN + "10" + raised(e);
  }
  if (size >= 10000)
    for (const [unit, name] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]])
      if (size >= unit * 0.9995) return sign + plain(size / unit, digits) + THIN + name;
  if (size >= 1000) return sign + countText(Math.round(size));
  return sign + plain(size, digits);
}
function valueText(value, percent) {
  return percent ? numberText(100 * value) + THIN + "%" : numberText(value);
}
// A tick of a linear axis: 0, 0.25, 4 k. No digit that the step does not need.
function tickText(value) {
  if (value == 0) return "0";
  const sign = value < 0 ? MINUS : "", size = Math.abs(value);
  if (size >= 1e10 || size < 1e-3) {
    const e = Math.floor(Math.log10(size) + 1e-9), m = Number((size / 10 ** e).toPrecision(3));
    return sign + (m == 1 ? "" : m + "\u00b7") + powerOfTen(e);
  }
  for (const [unit, name] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (size >= unit) return sign + Number((size / unit).toPrecision(4)) + THIN + name;
  return sign + Number(size.toPrecision(4));
}
