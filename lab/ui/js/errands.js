// What is made beside the page: the runs of a study, a claim that is checked again.
Object.assign(Shell.prototype, {
  errand({ kind, name, over, text, error, stopped }) {
    if (kind === "study") this.study(name, over, text, error, stopped);
    else this.checked(name, over, text, error, stopped);
  },

  study(name, over, text, error, stopped) {
    for (const node of this.root.querySelectorAll(`.ask[data-study="${CSS.escape(name)}"]`)) {
      const [make, stop] = node.querySelectorAll("button");
      const line = node.querySelector("small");
      if (text || error) line.textContent = error || text;
      if (stopped) line.textContent = `stopped at ${line.textContent}`;
      node.classList.remove("kept");
      node.classList.toggle("busy", !over || Boolean(error) || Boolean(stopped));
      node.classList.toggle("made", Boolean(over && !error && !stopped));
      make.hidden = !over;
      stop.hidden = over;
    }
  },

  // The head and the table below show the same claim: both say how far it is.
  checked(name, over, text, error, stopped) {
    for (const node of this.root.querySelectorAll(`.check[data-check="${CSS.escape(name)}"]`)) {
      const [again, stop] = node.querySelectorAll("button");
      const line = node.querySelector("small");
      if (text || error) line.textContent = error || text;
      else if (over) line.textContent = stopped ? "stopped" : "";
      again.hidden = !over;
      stop.hidden = over;
      (node.closest(".vbox") || node.closest("td"))?.classList.toggle("measuring", !over);
    }
  },
});
