// Takes the calls that pictures make on a canvas and writes them down as SVG.
class SvgPen {
  constructor(width, height) {
    Object.assign(this, {width, height, parts: [], defs: 0, open: 0, saved: [], path: "", dash: []});
    Object.assign(this, {fillStyle: "#000000", strokeStyle: "#000000", lineWidth: 1, globalAlpha: 1,
      font: "12px sans-serif", textAlign: "left", textBaseline: "alphabetic", lineJoin: "miter", lineCap: "butt"});
    this.ruler = document.createElement("canvas").getContext("2d");
  }
  text() {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="${this.height}" `
      + `viewBox="0 0 ${this.width} ${this.height}">${this.parts.join("")}${"</g>".repeat(this.open)}</svg>`;
  }
  put(tag, attributes, inside = "") {
    const said = Object.entries(attributes).filter(([, v]) => v !== null && v !== "")
      .map(([name, v]) => ` ${name}="${typeof v == "number" ? Number(v.toFixed(2)) : SvgPen.safe(v)}"`);
    this.parts.push(`<${tag}${said.join("")}${inside ? `>${inside}</${tag}>` : "/>"}`);
  }
  static safe(text) {
    return String(text).replace(/[&<>"]/g, (c) => ({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}[c]));
  }
  get filled() { return {fill: this.fillStyle, "fill-opacity": this.globalAlpha < 1 ? this.globalAlpha : null}; }
  get stroked() {
    return {stroke: this.strokeStyle, "stroke-width": this.lineWidth, "stroke-linejoin": this.lineJoin,
      "stroke-opacity": this.globalAlpha < 1 ? this.globalAlpha : null,
      "stroke-linecap": this.lineCap == "butt" ? null : this.lineCap, "stroke-dasharray": this.dash.join(" ")};
  }
  setTransform() {}
  clearRect() {}
  setLineDash(dash) { this.dash = dash; }
  save() { this.saved.push([this.open, {...this, saved: null, parts: null}]); }
  restore() {
    const [open, was] = this.saved.pop();
    for (; this.open > open; this.open--) this.parts.push("</g>");
    for (const name of ["fillStyle", "strokeStyle", "lineWidth", "globalAlpha", "font", "textAlign",
      "textBaseline", "lineJoin", "lineCap", "dash"]) this[name] = was[name];
  }
  clip() {
    const id = `clip${++this.defs}`;
    this.parts.push(`<clipPath id="${id}"><path d="${this.path}"/></clipPath><g clip-path="url(#${id})">`);
    this.open++;
  }
  beginPath() { this.path = ""; }
  add(letter, ...numbers) { this.path += letter + numbers.map((v) => Number(v.toFixed(2))).join(" "); }
  moveTo(x, y) { this.add("M", x, y); }
  lineTo(x, y) { this.add("L", x, y); }
  closePath() { this.path += "Z"; }
  rect(x, y, w, h) { this.add("M", x, y); this.add("h", w); this.add("v", h); this.add("h", -w); this.closePath(); }
  roundRect(x, y, w, h) { this.rect(x, y, w, h); }
  arc(x, y, r) {   // whole circles only
    this.add("M", x - r, y);
    this.add("a", r, r, 0, 1, 1, 2 * r, 0);
    this.add("a", r, r, 0, 1, 1, -2 * r, 0);
  }
  fill() { if (this.path) this.put("path", {d: this.path, ...this.filled}); }
  stroke() { if (this.path) this.put("path", {d: this.path, fill: "none", ...this.stroked}); }
  fillRect(x, y, width, height) { this.put("rect", {x, y, width, height, ...this.filled}); }
  strokeRect(x, y, width, height) { this.put("rect", {x, y, width, height, fill: "none", ...this.stroked}); }
  measureText(text) { this.ruler.font = this.font; return this.ruler.measureText(text); }
  letters(text, x, y, look) {
    const [, bold, size, family] = this.font.match(/^(600 )?([\d.]+)px (.*)$/);
    const anchor = {center: "middle", right: "end"}[this.textAlign] || null;
    this.put("text", {x, y, "font-size": size, "font-family": family, "font-weight": bold ? 600 : null,
      "text-anchor": anchor, ...look}, SvgPen.safe(text));
  }
  fillText(text, x, y) { this.letters(text, x, y, this.filled); }
  strokeText(text, x, y) { this.letters(text, x, y, {...this.stroked, fill: "none"}); }
  drawImage(image, ...box) {   // the whole image, or a part of it
    if (box.length > 4) {
      const part = document.createElement("canvas"), [x, y, wide, tall] = box.splice(0, 4);
      part.width = Math.ceil(wide);
      part.height = Math.ceil(tall);
      const pen = part.getContext("2d");
      pen.imageSmoothingEnabled = false;
      pen.drawImage(image, x, y, wide, tall, 0, 0, part.width, part.height);
      image = part;
    }
    const [x, y, width, height] = box;
    const style = this.imageSmoothingEnabled ? null : "image-rendering:pixelated";
    this.put("image", {x, y, width, height, href: image.toDataURL(), preserveAspectRatio: "none", style});
  }
}
