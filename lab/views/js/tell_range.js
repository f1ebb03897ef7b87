const {start, end} = cb_obj;
window.dispatchEvent(new CustomEvent("lab-range", {detail: {ident, log, start, end}}));
