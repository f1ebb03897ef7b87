function stored() {
  try { return localStorage.getItem("lab-theme"); } catch { return null; }
}
function systemDark() { return matchMedia("(prefers-color-scheme: dark)").matches; }

function isDark(model) {
  if (model.whole && document.documentElement.dataset.theme)
    return document.documentElement.dataset.theme === "dark";
  const jupyter = document.body.dataset.jpThemeLight;
  return jupyter !== undefined ? jupyter === "false" : systemDark();
}

export function render({ model, view }) {
  const root = document.createElement("div");
  root.className = "lab";
  root.dataset.theme = isDark(model) ? "dark" : "light";
  root.innerHTML = model.html; // made by the server, every text in it escaped
  const children = model.get_child("pictures");
  for (const [i, child] of children.entries())
    root.querySelector(`.fig[data-view="${i}"] .slot`)?.append(child);
  const shell = new Shell(model, view, root);
  model.on("after_render", () => {
    if (shell.track) return;
    document.getElementById("lab-first")?.remove(); // the first paint, now replaced by this
    shell.start();
  });
  model.on("remove", () => shell.stop());
  return root;
}
