// What a person takes away: links, lines of Python, files.
const GIVE_MS = 4000; // a picture that has not answered by then cannot be taken away

Object.assign(Shell.prototype, {
  link() {
    const { origin, pathname, search } = location;
    const query = new URLSearchParams(this.state.query || search);
    if (this.state.k) query.set("k", this.state.k);
    else query.delete("k");
    return `${origin}${pathname}?${query}`;
  },

  async copyText(text, what) {
    try {
      await navigator.clipboard.writeText(text);
      this.$("[data-live]").textContent = `${what} copied`;
      this.flash(what === "link" ? "Link copied" : `${what} copied`);
    } catch {
      this.say({ text, name: "copy" });
    }
  },

  flash(text) {
    const tool = this.$('.top [data-do="copy"] .no-s');
    if (!tool) return;
    tool.dataset.was ??= tool.textContent;
    tool.textContent = text;
    clearTimeout(this.flashing);
    this.flashing = setTimeout(() => { tool.textContent = tool.dataset.was; }, 1600);
  },

  save({ name, text, type, blob }) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob || new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  },

  // A picture as a file: whoever draws it is asked for it, and answers when it can.
  export(format) {
    const host = this.$(".export"), index = Number(host.querySelector("select").value);
    const title = host.querySelector("select").selectedOptions[0].textContent;
    const slug = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
    const name = `${host.dataset.file}-${slug || index}-k${this.state.k}.${format}`;
    const silent = setTimeout(() => this.say({
      text: `${title} cannot be taken away as ${format.toUpperCase()}.`, name: "refused" }), GIVE_MS);
    const give = (blob) => {
      clearTimeout(silent);
      this.save({ name, blob });
      this.$("[data-live]").textContent = `${title} saved as ${format.toUpperCase()}`;
    };
    dispatchEvent(new CustomEvent("lab-export",
      { detail: { ident: this.model.board, index, format, give } }));
  },
});
