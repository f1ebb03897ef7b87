// What the finder does with the page. The state (what is typed, what is chosen) lives in the
// address behind the #, so that a link shows the same and Back goes back.

const FEW = 12; // so many experiments take the sheet's place
const page = document.querySelector(".gallery");
const one = (selector, root = page) => root.querySelector(selector);
const all = (selector, root = page) => [...root.querySelectorAll(selector)];
const { rows, families, sights, verdicts, costs } = JSON.parse(one("#rows").textContent);
const titles = new Map(families.map(([slug, title]) => [slug, title]));
const index = new Index(rows, new Map(families.map(([s, title, words]) => [s, `${title} ${words}`])));
const find = one("#find"), hits = one(".hits b"), sheet = one(".fams"), found = one(".found");
const nothing = one(".stage.sheet .nothing"), mine = one(".mine"), clear = one(".hits a");
const OWN = "your-own";

/** What is asked: typed text, sights, cost, verdict, family. */
let state = read();

function read() {
  const text = decodeURIComponentSafe(location.hash.slice(1));
  if (titles.has(text)) return { q: "", see: [], takes: "", claim: "", family: text };
  const given = new URLSearchParams(location.hash.slice(1));
  const place = (list, word) => (list.includes(word) ? String(list.indexOf(word)) : "");
  const family = given.get("family") ?? "";
  return {
    q: (given.get("q") ?? "").slice(0, 200),
    see: (given.get("see") ?? "").split(",").map((w) => place(sights, w)).filter(Boolean),
    takes: place(costs, given.get("takes")),
    claim: place(verdicts, given.get("claim")),
    family: titles.has(family) ? family : "",
  };
}

function decodeURIComponentSafe(text) {
  try { return decodeURIComponent(text); } catch { return ""; }
}

function written({ q, see, takes, claim, family }) {
  const given = new URLSearchParams();
  if (q) given.set("q", q);
  if (see.length) given.set("see", see.map((i) => sights[i]).join(","));
  if (takes) given.set("takes", costs[takes]);
  if (claim) given.set("claim", verdicts[claim]);
  if (family) given.set("family", family);
  return String(given).replaceAll("%2C", ",");
}

const asked = (s) => Boolean(s.q.trim() || s.see.length || s.takes || s.claim || s.family);

/** Places of the rows that meet all that is asked, the best first. */
function matching(s) {
  const fits = index.find(s.q);
  const kept = [];
  rows.forEach((row, at) => {
    if (fits && !fits.has(at)) return;
    if (s.family && row[3] !== s.family) return;
    if (s.takes && String(row[5]) !== s.takes) return;
    if (s.claim && String(row[4]) !== s.claim) return;
    if (s.see.every((i) => row[6].includes(Number(i)))) kept.push(at);
  });
  return fits ? kept.sort((a, b) => fits.get(b) - fits.get(a) || a - b) : kept;
}

// -- drawing ---------------------------------------------------------------------------------------

function show() {
  const on = asked(state), places = on ? matching(state) : rows.map((_, at) => at);
  hits.textContent = places.length;
  clear.hidden = !on;
  const own = state.family === OWN;
  const none = on && !places.length && !own;
  const cells = on && !none && (places.length <= FEW || Boolean(state.family));
  nothing.hidden = !none;
  mine.hidden = !own;
  found.hidden = !cells;
  sheet.hidden = cells || none;
  if (none) tell();
  const drawn = `${cells} ${state.family} ${places}`;
  if (drawn !== lastDrawn) (cells ? list : dim)(places);
  lastDrawn = drawn;
  press();
}

let lastDrawn = ""; // another letter often changes nothing

/** Buttons and text as the state has them. */
function press() {
  if (document.activeElement !== find || find.value.trim() !== state.q.trim()) find.value = state.q;
  for (const button of all(".fc"))
    button.setAttribute("aria-pressed", state.see.includes(button.dataset.see));
  for (const name of ["takes", "claim"])
    for (const button of all(`[data-${name}]`))
      button.setAttribute("aria-pressed", button.dataset[name] === state[name]);
}

/** The sheet: counts and bars of what matches; families without any are dimmed. */
function dim(places) {
  const counts = new Map(families.map(([slug]) => [slug, verdicts.map(() => 0)]));
  for (const at of places) counts.get(rows[at][3])[rows[at][4]] += 1;
  for (const cell of all(".fam:not(.own)")) {
    const each = counts.get(cell.dataset.family), n = each.reduce((a, b) => a + b, 0);
    if (cell.dataset.each === String(each)) continue;
    cell.dataset.each = each;
    cell.classList.toggle("off", !n);
    cell.setAttribute("aria-disabled", !n);
    cell.tabIndex = n ? 0 : -1;
    one(".fn span", cell).textContent = n;
    all(".vbar b", cell).forEach((bar, i) => {
      bar.style.flex = each[i];
      bar.hidden = !each[i];
    });
    one(".sr", cell).textContent = verdicts.map((v, i) => (each[i] ? `${each[i]} ${v}` : ""))
      .filter(Boolean).join(", ");
  }
  one(".fam.own").classList.toggle("off", asked(state) && !counts.get(OWN).some(Boolean));
}

const drawings = new Map(); // name -> thumbnail

/** Experiments in the sheet's place. */
function list(places) {
  const [, title, words] = families.find(([slug]) => slug === state.family) ?? [];
  one("h2", found).textContent = title ?? (places.length === 1 ? "One experiment" : "These match");
  one("p", found).textContent = words ?? "";
  one(".flags", found).replaceChildren(...places.map(cell));
  const missing = places.map((at) => rows[at][0]).filter((name) => !drawings.has(name));
  for (let i = 0; i < missing.length; i += FEW) fetchDrawings(missing.slice(i, i + FEW));
}

function cell(at) {
  const [name, , question, , verdict, cost, seen, , , announced] = rows[at];
  const link = document.createElement("a");
  link.className = "fl";
  link.href = `explore?name=${encodeURIComponent(name)}`;
  link.dataset.name = name;
  const more = [costs[cost], ...seen.slice(0, 1).map((i) => sights[i])];
  link.innerHTML = `${quiet(seen[0] ?? 0)}<span class="fq"></span><span class="fm">
    <svg class="disc" aria-hidden="true"><use href="#v-${verdict}"/></svg>${verdicts[verdict]}${
    announced && verdicts[verdict] !== "holds" ? " as announced" : ""}
    ${more.map((word) => `<i>${word}</i>`).join("")}</span>`;
  one(".fq", link).textContent = question;
  const drawn = drawings.get(name);
  if (drawn) one(".th", link).replaceWith(drawn.cloneNode(true));
  return link;
}

const quiet = (sight) => `<svg class="th quiet" viewBox="0 0 400 240" aria-hidden="true">
  <use href="#s-${sight}" x="160" y="80" width="80" height="80"/></svg>`;

async function fetchDrawings(names) {
  let text = "";
  try {
    const answer = await fetch(`thumbnails?names=${names.map(encodeURIComponent).join(",")}`);
    if (answer.ok) text = await answer.text();
  } catch { /* the quiet drawings stay */ }
  const parsed = new DOMParser().parseFromString(text, "text/html");
  for (const holder of parsed.querySelectorAll("[data-name]")) {
    const drawn = holder.querySelector("svg");
    if (!drawn) continue;
    drawings.set(holder.dataset.name, drawn);
    for (const link of all(".fl", found))
      if (link.dataset.name === holder.dataset.name)
        one(".th", link).replaceWith(drawn.cloneNode(true));
  }
}

// -- nothing found ---------------------------------------------------------------------------------

/** Everything that is asked, each with its words and the state without it. */
function asks() {
  const list = state.see.map((i) => [sights[i], { see: state.see.filter((j) => j !== i) }]);
  if (state.takes) list.push([costs[state.takes], { takes: "" }]);
  if (state.claim) list.push([verdicts[state.claim], { claim: "" }]);
  if (state.family) list.push([titles.get(state.family), { family: "" }]);
  if (state.q.trim()) list.push([`“${state.q.trim()}”`, { q: "" }]);
  return list;
}

/** Says what finds nothing, and offers to take the loosest part of it away. */
function tell() {
  const { q, see, takes, claim, family } = state;
  const about = q.trim() ? ` about “${q.trim()}”` : "";
  const inside = family ? ` in ${titles.get(family)}` : "";
  const shows = see.length ? ` shows a ${see.map((i) => sights[i]).join(" and a ")}` : "";
  const time = takes ? `${shows ? "" : " runs"} in ${costs[takes]}` : "";
  const claimed = claim ? `${shows || time ? " and" : ""} ${IS[verdicts[claim]]}` : "";
  const ways = asks()
    .map(([words, change]) => [words, change, matching({ ...state, ...change }).length])
    .sort((a, b) => b[2] - a[2]);
  const [words, change] = ways[0][2]
    ? ways[0]
    : ["everything", { q: "", see: [], takes: "", claim: "", family: "" }];
  nothing.textContent = `Nothing${about}${inside}${shows}${time}${claimed}. Take away:`;
  const button = document.createElement("button");
  button.textContent = words;
  button.onclick = () => { go({ ...state, ...change }); find.focus(); };
  nothing.append(" ", button);
}

const IS = {
  holds: "holds", partly: "holds partly", fails: "fails", error: "ends in an error",
  "not checked": "is not checked",
};

// -- what a person does ----------------------------------------------------------------------------

/** Shows another state; `typing` replaces the address instead of adding to the way back. */
function go(next, typing = false) {
  state = next;
  const hash = written(state), to = location.pathname + location.search + (hash ? `#${hash}` : "");
  if (typing) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  show();
}

find.addEventListener("input", () => go({ ...state, q: find.value }, true));
find.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !found.hidden) one(".fl", found)?.click();
  if (event.key === "ArrowDown") {
    event.preventDefault();
    (found.hidden ? one(".fam:not(.off)") : one(".fl", found))?.focus();
  }
});

page.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { see, takes, claim } = button.dataset;
  if (see !== undefined) {
    const kept = state.see.filter((i) => i !== see);
    go({ ...state, see: kept.length < state.see.length ? kept : [...kept, see] });
  }
  if (takes !== undefined) go({ ...state, takes });
  if (claim !== undefined) go({ ...state, claim });
  if (button.dataset.do === "find") find.focus();
  if (button.dataset.do === "copy") copy(button);
});

async function copy(button) {
  const words = one("span", button), said = words.textContent;
  try {
    await navigator.clipboard.writeText(location.href);
    words.textContent = "Copied";
  } catch {
    words.textContent = "Copy the address bar";
  }
  setTimeout(() => { words.textContent = said; }, 1600);
}

// A family's link carries along what else is asked.
for (const link of all(".fam")) link.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.classList.contains("off")) return;
  open(link.dataset.family);
});
one(".fh a", found).addEventListener("click", (event) => {
  event.preventDefault();
  const from = state.family;
  go({ ...state, family: "" });
  (from ? one(`[data-family="${from}"]`) : find).focus();
});
clear.addEventListener("click", (event) => {
  event.preventDefault();
  go({ q: "", see: [], takes: "", claim: "", family: "" });
  find.focus();
});

function open(family) {
  go({ ...state, family });
  reveal();
}

/** What has just been opened is seen and has the focus. */
function reveal() {
  const opened = state.family === OWN && found.hidden ? mine : one("h2", found);
  if (found.getBoundingClientRect().top > 0.7 * innerHeight || mine.getBoundingClientRect().top > 0.7 * innerHeight)
    one(".finder").scrollIntoView();
  if (opened !== mine) opened.focus({ preventScroll: true });
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
  if (event.key === "/" && !typing) { event.preventDefault(); find.focus(); find.select(); }
  if (event.key === "Escape" && asked(state)) go({ q: "", see: [], takes: "", claim: "", family: "" });
});

function follow() {
  if (location.hash === "#find") { history.replaceState(null, "", location.pathname); find.focus(); }
  const before = state.family;
  state = read();
  show();
  if (state.family && state.family !== before) reveal();
}
addEventListener("hashchange", follow);
addEventListener("popstate", follow);
if (location.hash === "#find") follow();
show();
