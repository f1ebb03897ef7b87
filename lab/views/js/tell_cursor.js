// Canvas pictures are no Bokeh models: they hear of the cursor by an event of the window.
const k = cb_obj.data.k[0];
window.labCursor = Object.assign(window.labCursor || {}, {[ident]: k});
window.dispatchEvent(new CustomEvent("lab-cursor", {detail: {ident, k}}));
