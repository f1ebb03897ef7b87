// Numbers as the pages write them; numerals.py follows the same rules.
const THIN = "\u2009", MINUS = "\u2212";
const UP = { "-": "\u207b", 0: "\u2070", 1: "\u00b9", 2: "\u00b2", 3: "\u00b3", 4: "\u2074",
  5: "\u2075", 6: "\u2076", 7: "\u2077", 8: "\u2078", 9: "\u2079" };
const superscript = (n) => String(n).replace(/[-0-9]/g, (c) => UP[c]);

function digits(size, n = 3) {
  if (size === 0) return "0";
  const before = Math.floor(Math.log10(size)) + 1;
  let text = size.toFixed(Math.min(Math.max(n - before, 0), 20));
  if (text.includes(".") && text.replace(".", "").replace(/^0+/, "").length > n)
    text = text.slice(0, -1).replace(/\.$/, "");
  return text;
}

function count(n) {
  const size = Math.abs(n), sign = n < 0 ? MINUS : "";
  if (size < 1e3) return sign + size;
  if (size < 1e4)
    return sign + Math.floor(size / 1e3) + THIN + String(size % 1e3).padStart(3, "0");
  for (const [unit, name] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (size >= unit * 0.9995) return sign + digits(size / unit) + THIN + name;
  return sign + size;
}

function number(v) {
  if (v === null || v === undefined) return "\u2013";
  if (Number.isNaN(v)) return "not a number";
  const size = Math.abs(v), sign = v < 0 ? MINUS : "";
  if (size === Infinity) return sign + "\u221e";
  if (size === 0) return "0";
  if (size < 1e-3 || size >= 1e10) {
    let e = Math.floor(Math.log10(size)), m = size / 10 ** e;
    if (m.toFixed(2) === "10.00") { m /= 10; e += 1; }
    return `${sign}${m.toFixed(2)}${THIN}\u00b7${THIN}10${superscript(e)}`;
  }
  return size >= 1e3 ? sign + count(Math.round(size)) : sign + digits(size);
}

// A control's value as it was set: nothing added, nothing that matters dropped.
function exact(v) {
  if (Number.isInteger(v)) return Math.abs(v) < 1e4 ? count(v) : String(v).replace("-", MINUS);
  if (v && (Math.abs(v) < 1e-3 || Math.abs(v) >= 1e6)) return number(v);
  return String(Number(v.toPrecision(6))).replace("-", MINUS);
}

// What a person typed, in any of the ways we write numbers.
function typed(text) {
  const plain = text.trim().replace(/[\u2009\u202f\u00a0 ]/g, "").replace(/\u2212/g, "-")
    .replace(/^(.*)\u00b710([\u207b\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+)$/, (_, m, e) =>
      m + "e" + [...e].map((c) => Object.keys(UP).find((d) => UP[d] === c)).join(""))
    .replace(/,/g, ".");
  const unit = { k: 1e3, M: 1e6, G: 1e9 }[plain.slice(-1)];
  const value = unit ? Number(plain.slice(0, -1)) * unit : Number(plain);
  return plain === "" || Number.isNaN(value) ? null : value;
}
