// Numbers of now, or a listing: plain HTML in the page's colours.
export function render({model, el}) {
  const host = document.createElement("div");
  host.style.cssText = "position:absolute;inset:44px 0 8px;overflow:auto";
  el.append(host);
  for (const node of [el, el.parentElement])
    if (node && node.style) { node.style.width = "100%"; node.style.height = "100%"; node.style.position = "relative"; }
  const make = (tag, style, text) => {
    const node = document.createElement(tag);
    node.style.cssText = style;
    if (text != null) node.textContent = text;
    return node;
  };
  const desk = {host, model, later() {}};
  const file = ({detail}) => {
    if (detail.ident != model.ident || detail.index != model.index) return;
    Object.assign(desk, {W: host.clientWidth, H: host.scrollHeight + 52, color: null});
    exported(desk, paint, detail);
  };
  window.addEventListener("lab-export", file);
  model.on("remove", () => window.removeEventListener("lab-export", file));
  model.on("msg:custom", (m) => {
    desk.told = m;
    desk.tokens = m.tokens;
    const css = getComputedStyle(host);
    const color = (name) => css.getPropertyValue("--" + name).trim() ? `var(--${name})` : m.tokens[name];
    const sans = css.getPropertyValue("--sans").trim() || m.tokens.sans;
    host.replaceChildren();
    const table = make("table", `border-collapse:collapse;width:100%;font:13px/1.4 ${sans};font-variant-numeric:tabular-nums`);
    const row = (cells, header) => {
      const tr = make("tr", `border-bottom:1px solid ${color("line2")}`);
      cells.forEach(([text, style]) => tr.append(make(header ? "th" : "td", "padding:7px 0 7px 12px;" + style, text)));
      table.append(tr);
    };
    const quiet = `text-align:left;padding-left:0;color:${color("ink3")};font-weight:400`;
    if (m.head.length) row([["", quiet], ...m.head.map((h) => [h.text, `text-align:right;font-weight:600;color:${color(h.token)}`])], true);
    for (const [name, ...cells] of m.rows)
      row([[name, quiet], ...cells.map((c) => [c, `text-align:right;font-weight:600;color:${color("ink")}`])], false);
    if (m.rows.length) host.append(table);
    m.listing.forEach((line, i) => {
      const node = make("div", `font:12.5px/1.62 var(--mono, monospace);color:${color("ink")};white-space:pre-wrap`, line);
      host.append(node);
    });
    host.dataset.painted = Number(host.dataset.painted || 0) + 1;
  });
  model.send_msg({ready: true});
}

// The same words on a canvas, for files.
function paint(desk) {
  const {told, W} = desk;
  if (!told) return;
  const columns = Math.max(1, ...told.rows.map((row) => row.length - 1)), each = Math.min(180, W / (columns + 1));
  let y = 62;
  const line = (cells, look) => {
    cells.forEach((text, i) => words(desk, i ? W - (columns - i) * each - 8 : 0, y, text, look(i)));
    hairline(desk, 0, y + 10, W, y + 10, "line2");
    y += 32;
  };
  const right = (token) => ({align: "right", color: token, size: 13, bold: true});
  if (told.head.length) line(["", ...told.head.map((h) => h.text)], (i) => right(i ? told.head[i - 1].token : "ink"));
  for (const row of told.rows) line(row, (i) => i ? right("ink") : {size: 13});
  for (const text of told.listing) { words(desk, 0, y, text, {color: "ink", size: 12.5}); y += 20; }
}
