// A control's value: shown as it was set, read in any of the ways we write numbers. What counts
// and measured numbers look like is in numbers.js of the pictures, which stands in front of this.
const count = countText, number = numberText;

// Nothing added, nothing that matters dropped.
function exact(v) {
  if (Number.isInteger(v)) return Math.abs(v) < 1e4 ? count(v) : String(v).replace("-", MINUS);
  if (v && (Math.abs(v) < 1e-3 || Math.abs(v) >= 1e6)) return number(v);
  return String(Number(v.toPrecision(6))).replace("-", MINUS);
}

// What a person typed: 0.01, 1e-2, \u22121, 1.68 \u00b7 10\u207b\u2078, 41.2 k; null when it is no number.
function typed(text) {
  const digits = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";
  const lowered = (raised) => [...raised]
    .map((c) => (c === "\u207b" ? "-" : digits.indexOf(c))).join("");
  const plain = text.trim().replace(/[\u2009\u202f\u00a0 ]/g, "").replace(/\u2212/g, "-")
    .replace(/\u00b710([\u207b\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+)$/, (_, e) => "e" + lowered(e))
    .replace(/,/g, ".");
  const unit = { k: 1e3, M: 1e6, G: 1e9 }[plain.slice(-1)];
  const value = unit ? Number(plain.slice(0, -1)) * unit : Number(plain);
  return plain === "" || Number.isNaN(value) ? null : value;
}
