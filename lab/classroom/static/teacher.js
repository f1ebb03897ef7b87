// The teacher's private view: pace, the class in one picture, a tile for each student.

import { bars, tag, told } from "/class/drawing.js";
import { Board, ClassPicture, PLACE, Tiles, counted, isVote, showRoom, tallied, tileRun } from "/class/desk.js";
import { Line, kept } from "/class/speaking.js";

const $ = (id) => document.getElementById(id);
const tidy = (code) => code.replace(/[^0-9a-z]/gi, "").toUpperCase();
const title = (kind) => kind[0].toUpperCase() + kind.slice(1);

let state = null;
let selected = [];
const shelf = new Board(render);
const { tiles } = shelf;
const picture = new ClassPicture($("picture"));
const grid = new Tiles($("tiles"), press);

const line = new Line({
  again: () => ({ type: "rejoin", token: kept.get(PLACE)?.token ?? "" }),
  changed: renderNet,
  heard,
});

const act = (message) => {
  $("error").textContent = line.say(message) ? "" : "No network: this was not done.";
};

function heard(message) {
  if (message.type === "opened") return came(message);
  if (message.type === "over") return gate(message.text, true);
  if (message.type === "error") return refused(message.text);
  if (message.type === "file") return save(message);
  if (message.type === "notes") return showNotes(message.text);
  shelf.hear(message);
}

function came(message) {
  const place = kept.get(PLACE) ?? {};
  if (message.token) Object.assign(place, { token: message.token, teacher_code: message.teacher_code });
  Object.assign(place, { code: message.code });
  kept.set(PLACE, place);
  history.replaceState(null, "", location.pathname);
  $("gate").hidden = true;
  for (const id of ["desk", "more"]) $(id).hidden = false;
  showRoom(message);
  $("second-code").hidden = !place.teacher_code;
}

function refused(text) {
  if (line.state === "on") {
    $("error").textContent = text;
    return;
  }
  const cameBack = !line.first;
  line.end();
  gate(text, cameBack);
}

function save({ name, text }) {
  const address = URL.createObjectURL(new Blob([text]));
  tag("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** In a page of their own, or as a file where the browser opens none. */
function showNotes(text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/html" }));
  if (!window.open(address, "iterlab-notes")) save({ name: "notes.html", text });
}

// -- what is seen --------------------------------------------------------------------------------

function renderNet() {
  const said = { on: "Connected", connecting: "Connecting", lost: "No network. It is tried again.", off: "" }[line.state];
  $("net").className = `state ${{ lost: "off", connecting: "wait" }[line.state] ?? ""}`;
  $("net-text").textContent = said;
}

function render() {
  const all = [...tiles.values()];
  selected = selected.filter((member) => tiles.has(member));
  ({ state } = shelf);
  const { mine } = shelf;
  renderPace();
  $("title").textContent = state.title;
  $("text").textContent = state.text;
  $("text").hidden = !state.text;
  renderNotes(shelf.board.steps[state.step]);
  renderVotes(all);
  picture.show(state, all, mine);
  tileRun(state, mine);
  grid.show(state, all, selected);
  const [n, of] = counted(state, all);
  $("count-n").textContent = n;
  $("count-of").textContent = of;
  renderWho(all);
  renderOver(all);
  renderActs(mine);
}

let paced = "";

function renderPace() {
  const key = JSON.stringify([state.step, shelf.board.steps.map((step) => step.kind)]);
  if (key === paced) return;
  paced = key;
  const inside = $("steps").contains(document.activeElement);
  $("steps").replaceChildren(...shelf.board.steps.map((step, i) => {
    const button = tag("button", { type: "button", title: step.title, onclick: () => act({ type: "go", step: i }),
      "aria-current": i === state.step ? "step" : null, "aria-label": `Step ${i + 1}, ${step.kind}: ${step.title}` },
    tag("span", { className: "no" }, String(i + 1)), title(step.kind));
    return tag("li", {}, button);
  }));
  const current = $("steps").querySelector("[aria-current]");
  const rail = $("steps");
  rail.scrollLeft = current.offsetLeft - rail.offsetLeft - rail.clientWidth / 2 + current.offsetWidth / 2;
  if (inside) current.focus();
}

let noted = "";

function renderNotes({ notes, ask: question, wrong, minutes }) {
  const key = JSON.stringify([notes, question, wrong, minutes]);
  if (key === noted) return;
  noted = key;
  const rows = [[minutes ? `${minutes} min` : "", notes], ["Ask", question], ["Wrong answers", wrong]];
  $("notes").replaceChildren(...rows.filter(([word, text]) => text || word.endsWith("min")).map(([word, text]) =>
    tag("p", {}, word && tag("b", {}, word), word && " ", text)));
  $("notes").hidden = !$("notes").children.length;
  $("notes").scrollTop = 0;
}

function renderVotes(all) {
  const shown = isVote(state);
  $("votes").hidden = !shown;
  if (!shown) return;
  const answers = all.map((one) => one.answer);
  const counts = state.kind === "ask" && shelf.board.tally ? shelf.board.tally : tallied(state.choices.length, answers);
  $("votes").replaceChildren(bars(state.choices, counts, { right: state.result?.truth ?? null, letters: true }));
}

function renderWho(all) {
  const names = (some) => some.map((one) => one.name).join(", ");
  const asks = ["ask", "predict"].includes(state.kind) && !state.locked;
  const rows = [
    ["asking", all.filter((one) => one.hand)],
    ["not yet", asks ? all.filter((one) => one.here && !one.sent) : []],
    ["away", all.filter((one) => !one.here)],
  ];
  $("who").replaceChildren(...rows.filter(([, some]) => some.length).map(([word, some]) =>
    tag("p", { title: names(some) }, tag("b", {}, `${some.length} ${word}`), ` ${names(some)}`)));
}

const over = {
  title: tag("h2"),
  spot: tag("button", { type: "button", onclick: () => act({ type: "spotlight", members: selected.slice(0, 2) }) }, "Spotlight"),
  pin: tag("button", { type: "button", onclick: onPin }, "Pin"),
  rename: tag("button", { type: "button", onclick: onRename }, "Rename"),
  remove: tag("button", { type: "button", onclick: onRemove }, "Send out"),
  clear: tag("button", { type: "button", onclick: () => select([]) }, "Clear"),
  dark: tag("button", { type: "button", onclick: () => act({ type: "spotlight", members: [] }) }, "End the spotlight"),
};
$("over").append(...Object.values(over));

function renderOver(all) {
  const chosen = selected.map((member) => tiles.get(member));
  const one = chosen.length === 1;
  over.title.textContent = chosen.length ? chosen.map((c) => c.name).join(" and ")
    : { explore: "Every run" }[state.kind] ?? (all.length ? "Every answer" : "Nobody has joined yet");
  for (const button of [over.spot, over.clear]) button.hidden = !chosen.length;
  over.spot.textContent = chosen.length === 2 ? "Side by side" : "Spotlight";
  for (const button of [over.pin, over.rename, over.remove]) button.hidden = !one;
  over.pin.textContent = one && chosen[0].pinned ? "Unpin" : "Pin";
  over.dark.hidden = !state.spotlight?.length;
}

function renderActs(mine) {
  const next = shelf.board.steps[state.step + 1];
  const revealing = next?.kind === "reveal";
  $("next").disabled = !next;
  $("next").textContent = !next ? "Last step" : revealing ? "Reveal" : `Next: ${next.kind}`;
  $("pause").setAttribute("aria-pressed", state.paused);
  $("pause").textContent = state.paused ? "Go on" : "Look up";
  const asks = state.kind === "ask" || state.kind === "predict";
  $("lock").hidden = !asks && state.kind !== "explore";
  $("lock").setAttribute("aria-pressed", state.locked);
  $("lock").textContent = asks ? (state.locked ? "Open answers" : "Close answers")
    : state.locked ? "Free the controls" : "Lock the controls";
  const runs = ["run", "reveal", "explore"].includes(state.kind) && state.runs && !state.cells;
  const at = mine?.over;
  $("run").hidden = !runs || Boolean(at);
  $("run").textContent = state.running ? "Stop the run" : mine?.k ? "Let it run on" : "Start the run";
  for (const id of ["slower", "faster", "finish"]) $(id).hidden = !runs || !mine || mine.over;
  $("again").hidden = !runs || !mine;
  $("complete").hidden = !state.cells;
  if (state.cells) {
    const all = state.cells.xs.length * state.cells.ys.length;
    const made = Object.keys(state.cells.values).length;
    $("complete").disabled = made === all;
    $("far").replaceChildren(tag("span", {}, `${made} of ${all} cells`));
  } else if (runs && mine) {
    $("far").replaceChildren(tag("span", { className: "k" }, told(mine.k)), tag("span", {}, `of ${told(state.runs.steps)} steps`));
  } else $("far").textContent = runs && state.running ? "The run is being made." : "";
  $("names").setAttribute("aria-pressed", shelf.board.names);
  $("names").textContent = shelf.board.names ? "Names are shown" : "Show names";
  $("door").setAttribute("aria-pressed", !shelf.board.door);
  $("door").textContent = shelf.board.door ? "Close the door" : "Door is closed";
}

// -- what is done --------------------------------------------------------------------------------

function press(member) {
  select(selected.includes(member) ? selected.filter((m) => m !== member) : [...selected, member].slice(-2));
}

function select(members) {
  selected = members;
  render();
}

function onPin() {
  act({ type: "pin", member: selected[0], on: !tiles.get(selected[0]).pinned });
}

function onRename() {
  const one = tiles.get(selected[0]);
  const field = tag("input", { type: "text", maxLength: 40, value: one.name, "aria-label": "New name" });
  ask(`Rename ${one.name}`, "Everybody may see it. Left empty, a friendly one is given.", [
    ["Rename", () => act({ type: "rename", member: one.member, name: field.value.trim() })],
  ], field);
}

function onRemove() {
  const one = tiles.get(selected[0]);
  ask(`Send ${one.name} out?`, "This browser cannot come back to its place.", [
    ["Send out", () => act({ type: "remove", member: one.member })],
  ]);
}

/** A question with its answers; "Cancel" is always one. */
function ask(heading, text, answers, body = null) {
  $("dialog-title").textContent = heading;
  $("dialog-text").textContent = text;
  $("dialog-body").replaceChildren(...(body ? [body] : []));
  const button = (word, done, main) => tag("button", { type: "button", className: main ? "main" : "", onclick: () => {
    $("dialog").close();
    done();
  } }, word);
  $("dialog-buttons").replaceChildren(
    ...answers.map(([word, done], i) => button(word, done, i === 0)), button(answers.length ? "Cancel" : "Close", () => {}));
  $("dialog").showModal();
}

$("next").onclick = () => act({ type: "go", step: state.step + 1 });
$("pause").onclick = () => act({ type: "pause", on: !state.paused });
$("lock").onclick = () => act({ type: "lock", on: !state.locked });
$("run").onclick = () => act({ type: "run", do: state.running ? "stop" : "start" });
for (const [id, word] of [["again", "again"], ["slower", "slower"], ["faster", "faster"], ["finish", "end"]])
  $(id).onclick = () => act({ type: "run", do: word });
$("complete").onclick = () => act({ type: "complete" });
$("names").onclick = () => act({ type: "names", on: !shelf.board.names });
$("door").onclick = () => act({ type: "door", open: !shelf.board.door });
$("wall").onclick = () => window.open("/class/wall", "iterlab-wall");
$("notes-page").onclick = () => act({ type: "notes" });
$("export").onclick = () => act({ type: "export", format: $("format").value, names: $("with-names").checked });
$("second-code").onclick = () => {
  const { code, teacher_code } = kept.get(PLACE);
  ask("A second teacher", `Opens ${location.host}/class/teach and types the room's code ${code} and this one:`, [],
    tag("p", { className: "secret" }, teacher_code));
};
$("end").onclick = () =>
  ask("End the lesson?", "All screens say goodbye and the codes die. What you saved stays with you.", [
    ["End, keep the answers", () => act({ type: "end", delete: false })],
    ["End and delete all that was said", () => act({ type: "end", delete: true })],
  ]);

// -- coming in -----------------------------------------------------------------------------------

const wanted = new URLSearchParams(location.hash.slice(1));
let [sort, named] = [...wanted].find(([key]) => key === "lesson" || key === "experiment") ?? [];
const opening = () => line.connect({ type: "open", [sort]: named });

function gate(why = "", forget = false) {
  if (forget) kept.set(PLACE, null);
  state = null;
  shelf.forget();
  for (const id of ["top", "desk", "more"]) $(id).hidden = true;
  const place = kept.get(PLACE);
  $("gate").hidden = false;
  $("refused").textContent = why;
  $("go-on").hidden = !place;
  $("go-on").textContent = place ? `Go on with room ${place.code}` : "";
  $("open").hidden = !named;
  $("open").className = place ? "" : "main";
  $("open").textContent = `Open a room for ${named}`;
  $("gate-text").textContent = place ? "This browser has a room that is still open."
    : named ? "" : "Choose a lesson, or press Teach on an experiment's page.";
  if (line.state === "off") showShelf();
}

/** The lessons, for who sits at the machine that runs the lab; others are not told. */
async function showShelf() {
  const answer = await fetch("/class/lessons.json").catch(() => null);
  const found = answer?.ok ? await answer.json() : [];
  $("lessons").hidden = !found.length;
  $("shelf").replaceChildren(...found.map(({ name, title: said, minutes, wrong }) => tag("li", {},
    tag("p", {}, wrong ? tag("span", { className: "alert" }, wrong) : tag("b", {}, said), wrong ? null : ` ${minutes} min`),
    wrong ? null : tag("div", { className: "btns" },
      tag("button", { type: "button", "aria-label": `Open a room for ${said}`, onclick: () => {
        [sort, named] = ["lesson", name];
        opening();
      } }, "Open a room"),
      tag("a", { href: `/class/notes/${encodeURIComponent(name)}`, target: "_blank", rel: "noopener",
        "aria-label": `Notes for ${said}` }, "Notes")))));
}

$("go-on").onclick = () => line.connect();
$("open").onclick = opening;
$("second").addEventListener("submit", (event) => {
  event.preventDefault();
  const [code, teacher_code] = [tidy($("code").value), tidy($("teacher-code").value)];
  if (code.length !== 6 || teacher_code.length < 8) {
    $("refused").textContent = "The room's code has six letters and digits, the teachers' code eight.";
    return;
  }
  line.connect({ type: "teach", code, teacher_code });
});

if (kept.get(PLACE) && !named) line.connect();
else {
  if (!kept.get(PLACE) && named) opening();
  gate();
}
