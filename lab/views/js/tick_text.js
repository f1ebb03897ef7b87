// The text of a tick. Arguments: log, percent.
if (percent) {
  const text = tickText(100 * tick);
  return Math.abs(tick - 1) < 1e-9 ? text + THIN + "%" : text;
}
if (log) {
  const e = Math.log10(tick), whole = Math.round(e);
  return Math.abs(e - whole) < 1e-6 ? powerOfTen(whole) : tickText(tick);
}
return tickText(tick);
