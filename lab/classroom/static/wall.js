// The projector: large, names hidden unless the teacher shows them, no answer before its reveal.

import { Picture, answerLayer, bars, headOf, tag, told } from "/class/drawing.js";
import { Board, ClassPicture, PLACE, Tiles, awaited, counted, isVote, median, middleOf, showRoom, tallied, tileRun } from "/class/desk.js";
import { Line, kept } from "/class/speaking.js";

const $ = (id) => document.getElementById(id);
let state = null;
const shelf = new Board(render);
const { tiles } = shelf;
const picture = new ClassPicture($("picture"));
const grid = new Tiles($("tiles"));
const pair = [];

const line = new Line({
  again: () => ({ type: "watch", token: kept.get(PLACE)?.token ?? "" }),
  changed: renderNet,
  heard,
});

function heard(message) {
  if (message.type === "opened") return showRoom(message);
  if (message.type === "over" || message.type === "error") {
    line.end();
    return rest(message.text);
  }
  shelf.hear(message);
}

function rest(text) {
  shelf.forget();
  $("top").hidden = $("eyes").hidden = true;
  $("two").className = "wide two words";
  $("right").hidden = true;
  $("title").textContent = text;
  $("text").textContent = "The projector is opened from the teacher's page.";
  $("text").hidden = false;
  for (const id of ["votes", "pair"]) $(id).hidden = true;
  $("facts").replaceChildren();
}

function renderNet() {
  $("net").hidden = line.state === "off" || line.state === "on";
  $("net").className = `state ${line.state === "lost" ? "off" : "wait"}`;
  $("net-text").textContent = line.state === "lost" ? "No network. It is tried again." : "Connecting";
}

function render() {
  const all = [...tiles.values()];
  ({ state } = shelf);
  const { mine } = shelf;
  const { kind, spotlight = [], result } = state;
  const waits = kind === "reveal" && !result;
  $("place").textContent = `${state.lesson} · ${state.step + 1} of ${state.of}`;
  $("eyes").hidden = !state.paused;
  $("title").textContent = waits ? "Here is the run." : state.title;
  $("text").textContent = waits ? "" : state.text;
  $("text").hidden = !$("text").textContent;
  const [n, of] = counted(state, all);
  $("count-n").textContent = n;
  $("count-of").textContent = of;
  const talk = !state.runs && !isVote(state);
  const alone = talk || kind === "run" || Boolean(state.cells) || Boolean(state.tally) || !all.length;
  $("two").className = `wide two ${talk ? "words" : ""} ${alone ? "alone" : ""}`;
  $("right").hidden = alone;
  renderVotes(all);
  renderPair(spotlight);
  $("picture").hidden = Boolean(spotlight.length);
  if (!spotlight.length) picture.show(state, all, mine, kind === "reveal");
  if (kind === "ask" || (kind === "predict" && state.shape === "choice")) $("picture").hidden = true;
  renderRight(all, mine);
  renderFacts(all, mine);
  // who comes in later reads the code from the back of the room
  $("top").classList.toggle("large", state.step === 0 && kind === "show");
}

function renderVotes(all) {
  $("votes").hidden = !isVote(state);
  if (!isVote(state)) return;
  const counts = state.tally ?? (state.kind === "reveal" ? tallied(state.choices.length, all.map((one) => one.answer)) : null);
  if (counts) {
    $("votes").replaceChildren(bars(state.choices, counts, { right: state.result?.truth ?? null, letters: true }));
    return;
  }
  $("votes").replaceChildren(tag("ul", { className: "bars" }, ...state.choices.map((choice, i) =>
    tag("li", {}, tag("span", {}, tag("b", { className: "letter" }, "ABCDEF"[i]), choice)))));
}

function renderPair(spotlight) {
  $("pair").hidden = !spotlight.length;
  while (pair.length > spotlight.length) {
    const { picture: old, root } = pair.pop();
    old.close();
    root.remove();
  }
  spotlight.forEach((one, i) => {
    if (!pair[i]) {
      const host = tag("div", { className: "host" });
      const caption = tag("figcaption");
      const said = tag("p", { className: "sub" });
      const root = tag("figure", {}, caption, said, host);
      $("pair").append(root);
      pair.push({ root, caption, said, host, picture: new Picture(host) });
    }
    const { caption, said, host, picture: drawn } = pair[i];
    caption.textContent = one.name || `Student ${one.member}`;
    const controls = Object.entries(one.own?.controls ?? {}).map(([name, value]) => `${name.replaceAll("_", " ")} ${told(value)}`);
    said.textContent = isVote(state) && one.answer != null ? state.choices[one.answer] : controls.join(", ") || (one.answer == null ? "nothing yet" : "");
    const layers = one.own ? [{ curve: one.own.curve, look: "me", wide: 3.6 }] : answerLayer(state.shape, one.answer, "me", "", { wide: 3.6 });
    host.hidden = !state.runs || !layers.length;
    if (!host.hidden) drawn.show(state.runs, layers, `${caption.textContent}: ${said.textContent}`);
  });
}

function renderRight(all, mine) {
  const dots = state.kind === "ask" || state.kind === "predict";
  $("tiles").hidden = dots;
  $("dots").hidden = !dots;
  $("over").textContent = dots ? "Who has sent" : state.kind === "explore" ? "Every run" : "Every answer";
  if (!dots) {
    tileRun(state, mine);
    grid.show(state, all);
    return;
  }
  const those = awaited(all, (one) => one.sent);
  $("dots").setAttribute("aria-label", `${those.filter((one) => one.sent).length} of ${those.length} have sent`);
  $("dots").replaceChildren(...those.map((one) => {
    const dot = document.createElement("i");
    dot.className = one.sent ? "in" : "";
    return dot;
  }));
}

function renderFacts(all, mine) {
  const facts = [];
  const fact = (before, number, after = "") => facts.push(tag("span", {}, before, tag("b", {}, number), after));
  const { kind, shape, result } = state;
  if (kind === "reveal") {
    const answers = all.flatMap((one) => (one.answer == null ? [] : [one.answer]));
    if (shape === "step" && answers.length) fact("the class says step ", told(Math.round(middleOf(shape, answers))));
    if (shape === "number" && answers.length) fact("the class says ", told(middleOf(shape, answers)));
    if (result && (shape === "step" || shape === "number"))
      fact("the run ", result.truth == null ? "never" : told(result.truth));
    else if (mine && state.runs.labels.length === 1) {
      const curve = mine.curves[state.runs.labels[0]];
      if (headOf(curve) >= 0) fact(mine.over ? "the run ends at " : "the run so far ", told(curve[headOf(curve)]));
    }
    if (result?.middle != null) fact("middle of the class ", String(result.middle), " points");
    if (result) fact("", String(all.filter((one) => one.points >= 80).length), ` of ${result.answers} saw it coming`);
  }
  if (kind === "explore" && !state.cells) {
    const ends = all.flatMap((one) => (one.own?.value == null ? [] : [one.own.value]));
    if (ends.length) fact("middle of the ends ", told(median(ends)));
  }
  if (state.cells) fact("", `${Object.keys(state.cells.values).length} of ${state.cells.xs.length * state.cells.ys.length}`, " cells are made");
  if (mine && kind !== "predict" && !mine.over) facts.unshift(tag("span", {}, "step ", tag("b", { className: "k" }, told(mine.k)), ` of ${told(state.runs.steps)}`));
  $("facts").replaceChildren(...facts.flatMap((one, i) => (i ? [" · ", one] : [one])));
}

if (kept.get(PLACE)) line.connect();
else rest("No room is open in this browser.");
addEventListener("storage", (event) => {
  if (event.key === PLACE && kept.get(PLACE) && line.state === "off") line.connect();
});
