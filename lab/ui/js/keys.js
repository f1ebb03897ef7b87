// The keyboard; silent while somebody types.
Object.assign(Shell.prototype, {
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const from = event.composedPath()[0];
    const tag = from?.tagName;
    if (this.$("dialog[open]")) return;
    if (!this.model.whole && !event.composedPath().includes(this.root)) return;
    if (event.key === "Escape") return this.menu(false);
    const typing = ["TEXTAREA", "SELECT"].includes(tag) || from?.isContentEditable ||
      (tag === "INPUT" && from.type !== "range" && from.type !== "checkbox");
    if (typing) return;
    const pressable = ["BUTTON", "A", "SUMMARY"].includes(tag) || from?.type === "checkbox";
    if (event.key === " " && pressable && !from.closest?.(".run")) return;
    if (event.key === "Enter") return;
    const { k, head } = this.state;
    const marks = (this.state.marks || []).map((m) => m[0]).concat([0, head]).sort((a, b) => a - b);
    const percent = Math.max(1, Math.round(head / 100));
    const keys = {
      " ": () => this.act("primary"),
      ".": () => this.act("step", { n: 1 }),
      ">": () => this.act("step", { n: 10 }),
      ":": () => this.act("step", { n: 10 }),
      ",": () => this.seek(k - 1),
      ArrowLeft: () => this.seek(k - percent),
      ArrowRight: () => this.seek(k + percent),
      Home: () => this.seek(0),
      End: () => this.seek(head),
      "[": () => this.seek(marks.filter((m) => m < k).pop() ?? 0),
      "]": () => this.seek(marks.find((m) => m > k) ?? head),
      u: () => this.menu(true),
      b: () => this.act("branch"),
      r: () => this.act("again"),
      c: () => this.act("copy"),
      n: () => this.act("numbers"),
      d: () => this.act("theme"),
      p: () => this.projector(),
      "/": () => { if (this.model.whole) location.href = "./#find"; },
      "?": () => this.act("keys"),
    };
    const axis = this.$(`[data-do=axis][data-key="${CSS.escape(event.key)}"]`);
    if (axis) { axis.click(); event.preventDefault(); return; }
    if (/^[1-9]$/.test(event.key)) {
      const preset = this.root.querySelectorAll(".try button")[Number(event.key) - 1];
      if (preset) { preset.click(); event.preventDefault(); }
      return;
    }
    const seekKey = event.key.startsWith("Arrow") || ["Home", "End"].includes(event.key);
    if (seekKey && tag === "INPUT") return;
    if (["ArrowUp", "ArrowDown"].includes(event.key)) return;
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  },
});
