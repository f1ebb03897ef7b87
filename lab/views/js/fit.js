// The power law of the last factor of 16 in x, as in fit.py.
function slopeOf(xs, ys, n) {
  const u = [], v = [];
  const last = xs[n - 1];
  for (let i = upTo(xs, last / 16 * (1 - 1e-12), n); i < n; i++)
    if (xs[i] > 0 && ys[i] > 0) { u.push(Math.log(xs[i])); v.push(Math.log(ys[i])); }
  const m = u.length;
  if (m < 6 || u[m - 1] - u[0] < Math.log(4)) return null;
  const w = u.map((_, i) => (u[Math.min(i + 1, m - 1)] - u[Math.max(i - 1, 0)])
    / (Math.min(i + 1, m - 1) - Math.max(i - 1, 0)));
  let sw = 0, su = 0, sv = 0;
  for (let i = 0; i < m; i++) { sw += w[i]; su += w[i] * u[i]; sv += w[i] * v[i]; }
  let a = 0, b = 0;
  for (let i = 0; i < m; i++) {
    const d = u[i] - su / sw;
    a += w[i] * d * (v[i] - sv / sw); b += w[i] * d * d;
  }
  return {value: a / b, low: Math.exp(u[0]), high: last};
}
