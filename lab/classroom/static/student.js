// The student's page: one question, one picture, one button.

import { Explore, Question, Reveal, Run, Talk } from "/class/scenes.js";
import { Picture, answerLayer, tag } from "/class/drawing.js";
import { Line, kept } from "/class/speaking.js";
import { FIRST, SECOND } from "/class/words.js";

const PLACE = "iterlab.class"; // token, code, name
const WORK = "iterlab.class.work"; // by step: what is drawn and not sent, what is sent without a receipt
const $ = (id) => document.getElementById(id);
const tidy = (code) => code.replace(/[^0-9a-z]/gi, "").toUpperCase();

const SCENES = { ask: Question, predict: Question, reveal: Reveal, run: Run, explore: Explore };

const room = {
  state: null,
  you: null,
  frame: null,
  error: "",
  scene: null,
  key: "",
  work: kept.get(WORK) ?? { drafts: {}, unsure: {} },

  /** Keeps what is drawn for a step; null: nothing is left to keep. */
  draft(step, value) {
    if (value == null) delete this.work.drafts[step];
    else this.work.drafts[step] = value;
    kept.set(WORK, this.work);
  },

  send(step, value) {
    this.error = "";
    this.work.unsure[step] = value;
    delete this.work.drafts[step];
    kept.set(WORK, this.work);
    line.answer(step, value);
    render();
  },

  attempt(step, controls) {
    this.error = "";
    return line.say({ type: "try", step, controls });
  },

  /** Whether an answer to a step is on its way. */
  pending: (step) => room.work.unsure[step] !== undefined,
  online: () => line.state === "on",
  announce(text) {
    $("live").textContent = text;
  },
};

const line = new Line({
  again: () => ({ type: "rejoin", token: kept.get(PLACE)?.token ?? "" }),
  changed: renderNet,
  heard,
});

function heard(message) {
  if (message.type === "joined") came(message);
  else if (message.type === "state") room.state = message;
  else if (message.type === "you") room.you = message;
  else if (message.type === "frame") room.frame = message;
  else if (message.type === "ack") receipt(message);
  else if (message.type === "queued") room.scene?.queued?.(message.ahead);
  else if (message.type === "over") return over(message.text);
  else if (message.type === "error") return refused(message);
  render();
}

function came(message) {
  const place = kept.get(PLACE) ?? {};
  if (message.token) {
    Object.assign(place, { token: message.token, code: tidy($("code").value) });
    room.work = { drafts: {}, unsure: {} };
    kept.set(WORK, room.work);
  }
  kept.set(PLACE, { ...place, name: message.name });
  $("join").hidden = true;
}

function receipt({ step }) {
  const value = room.work.unsure[step];
  delete room.work.unsure[step];
  kept.set(WORK, room.work);
  if (room.you?.step === step && value !== undefined) room.you.answer = value;
  room.announce("Sent. You can still change it.");
}

function refused(message) {
  if (line.state !== "on") {
    // a first message was refused: this place is no more, or there is no such room
    line.end();
    if (!$("join").hidden) $("refused").textContent = message.text;
    else forget(message.text);
    $("enter").disabled = false;
    return;
  }
  if (message.id != null) {
    for (const step of Object.keys(room.work.unsure)) {
      room.work.drafts[step] ??= room.work.unsure[step];
      delete room.work.unsure[step];
    }
    kept.set(WORK, room.work);
  }
  room.error = message.text;
  room.scene?.refused?.();
  render();
}

function forget(why) {
  kept.set(PLACE, null);
  kept.set(WORK, null);
  doorstep(why);
}

function over(text) {
  kept.set(PLACE, null);
  kept.set(WORK, null);
  for (const id of ["room", "eyes", "join", "hand", "banner"]) $(id).hidden = true;
  $("over").hidden = false;
  $("over-text").textContent = text;
  Object.assign(room, { state: null, you: null });
  room.announce(text);
}

// -- what is seen --------------------------------------------------------------------------------

function renderNet() {
  const name = room.you?.name ?? kept.get(PLACE)?.name ?? "";
  const said = { on: "Connected", connecting: "Connecting", lost: "No network", off: "on this network" }[line.state];
  $("net").className = `net ${{ lost: "off", connecting: "wait" }[line.state] ?? ""}`;
  $("net").hidden = line.state === "off" && !$("over").hidden;
  $("net-text").textContent = line.state === "off" || !name ? said : `${said} · ${name}`;
  const unsent = Object.keys(room.work.unsure).length + Object.keys(room.work.drafts).length;
  $("banner").hidden = line.state !== "lost" || !room.state;
  $("banner").textContent = unsent
    ? "No network. Your answer is kept here and will be sent."
    : "No network. Your place is kept.";
  $("hand").disabled = line.state !== "on";
  $("brand").hidden = line.state !== "off";
  room.scene?.update(room);
}

function render() {
  const { state, you } = room;
  if (!state || !you || line.state === "off") return;
  $("hand").hidden = $("join").hidden === false;
  $("hand").setAttribute("aria-pressed", you.hand);
  $("hand").textContent = you.hand ? "Hand is up" : "Raise hand";
  if (state.paused && $("eyes").hidden) room.announce("Eyes up. All screens are paused.");
  $("eyes").hidden = !state.paused;
  $("room").hidden = state.paused;
  if (you.step !== state.step) return; // the rest of this step is on its way
  document.title = `${state.title} · Iterlab`;
  const key = `${state.step} ${state.kind} ${state.shape}`;
  if (key !== room.key) {
    const inside = $("scene").contains(document.activeElement);
    room.scene?.close?.();
    room.key = key;
    room.error = "";
    const Scene = SCENES[state.kind] ?? Talk;
    room.scene = new Scene(room);
    $("scene").replaceChildren(...[room.scene.root].flat());
    room.announce(state.title);
    if (inside) $("title").focus();
    scrollTo(0, 0);
  }
  const [title, text] = room.scene?.head?.(room) ?? [state.title, state.text];
  $("title").textContent = title;
  $("text").textContent = text;
  $("text").hidden = !text;
  renderNet();
  renderSpot(state);
}

const spot = { picture: null };

function renderSpot({ spotlight = [], runs, shape, choices, kind }) {
  $("spot").hidden = !spotlight.length;
  if (!spotlight.length) return;
  if (!spot.picture) {
    spot.words = tag("p", { className: "sub" });
    const host = tag("div", { className: "host picture small" });
    $("spot").append(tag("h2", {}, "In the spotlight"), spot.words, host);
    spot.picture = new Picture(host, "The runs in the spotlight");
  }
  const who = ({ name, member }) => name || `student ${member}`;
  const layers = spotlight.flatMap((one, i) =>
    one.own ? [{ curve: one.own.curve, look: `run${i + 1}`, label: who(one) }]
      : answerLayer(shape, one.answer, `run${i + 1}`, who(one), { row: i }));
  const votes = kind === "ask" || shape === "choice";
  spot.words.textContent = spotlight
    .map((one) => `${who(one)}${votes && one.answer != null ? `: ${choices[one.answer]}` : ""}`)
    .join(" and ");
  spot.picture.host.hidden = !runs || !layers.length;
  if (runs && layers.length) spot.picture.show(runs, layers, `${spot.words.textContent}, in one picture`);
}

// -- coming in -----------------------------------------------------------------------------------

function doorstep(why = "") {
  for (const id of ["room", "eyes", "over", "hand", "banner"]) $(id).hidden = true;
  Object.assign(room, { state: null, you: null, frame: null, key: "" });
  $("join").hidden = false;
  $("refused").textContent = why;
  $("enter").disabled = false;
  $("open-air").hidden = isSecureContext;
  if (!$("given").textContent) proposeName();
  const place = kept.get(PLACE);
  $("back").hidden = !place;
  if (place) $("back").textContent = `Go on in room ${place.code} as ${place.name}`;
  renderNet();
  $("brand").hidden = false;
}

function comeBack() {
  const place = kept.get(PLACE);
  $("join").hidden = $("over").hidden = true;
  $("room").hidden = false;
  $("title").textContent = `Coming back to room ${place.code}`;
  $("text").textContent = "Your place and your answers are kept.";
  for (const [step, value] of Object.entries(room.work.unsure)) line.answer(Number(step), value);
  line.connect();
}

$("join").addEventListener("submit", (event) => {
  event.preventDefault();
  const code = tidy($("code").value);
  if (code.length !== 6) {
    $("refused").textContent = "A code has six letters and digits, as on the wall.";
    $("code").focus();
    return;
  }
  $("refused").textContent = "";
  $("enter").disabled = true;
  line.connect({ type: "join", code, name: $("name").value.trim() || $("given").textContent });
});
$("name").addEventListener("input", () => {
  $("friendly").hidden = Boolean($("name").value.trim());
});
$("other-name").addEventListener("click", proposeName);

/** Two words; where somebody has them already, the server gives two others. */
function proposeName() {
  const one = (words) => words.split(" ")[Math.floor(Math.random() * words.split(" ").length)];
  const before = $("given").textContent;
  do $("given").textContent = `${one(FIRST)} ${one(SECOND)}`;
  while ($("given").textContent === before);
}
$("back").addEventListener("click", comeBack);
$("another").addEventListener("click", () => doorstep());
$("hand").addEventListener("click", () => line.say({ type: "hand", up: !room.you?.hand }));
addEventListener("hashchange", fromAddress);

function fromAddress() {
  const code = tidy(decodeURIComponent(location.hash.slice(1))).slice(0, 6);
  if (code) $("code").value = code;
  return code;
}

const typed = fromAddress();
const place = kept.get(PLACE);
if (place?.token && (!typed || typed === place.code)) comeBack();
else doorstep();
