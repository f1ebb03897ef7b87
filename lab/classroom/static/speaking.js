// The classroom's socket: says who one is, comes back after an accident, sends again what has no
// receipt. The protocol is docs/classroom-protocol.md.

const PATIENCE_MS = 5000; // for a receipt, then the connection is taken for dead
const SLOWEST_MS = 2000; // between two attempts to come back

/** What a browser keeps; a browser that keeps nothing goes on without. */
export const kept = {
  get(key) {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      if (value == null) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify(value));
    } catch {
      // private windows may refuse; the lesson goes on until the page is closed
    }
  },
};

/**
 * A connection that mends itself.
 *
 * `heard` gets every message, `changed` the state: "off" (not asked for), "connecting", "on" (let
 * in), "lost" (it will be tried again). `again` gives the message that takes up the place.
 */
export class Line {
  constructor({ heard, changed, again }) {
    Object.assign(this, { heard, changed, again });
    this.state = "off";
    this.socket = null;
    this.first = null; // how one comes in, until one is in
    this.tries = 0;
    this.timer = 0;
    this.unsure = new Map(); // id to an answer without a receipt
    this.next = Date.now() % 1e9;
    addEventListener("online", () => this.state === "lost" && this.connect());
    addEventListener("offline", () => this.drop());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.state === "lost") this.connect();
    });
  }

  /** Connects; `first` is said until it is accepted, later accidents are mended with `again`. */
  connect(first = this.first) {
    clearTimeout(this.timer);
    this.first = first;
    this.close();
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/class/socket`);
    this.socket = socket;
    this.turn(this.tries ? "lost" : "connecting");
    const opening = setTimeout(() => this.drop(), PATIENCE_MS);
    socket.onopen = () => {
      clearTimeout(opening);
      socket.send(JSON.stringify(this.first ?? this.again()));
    };
    socket.onmessage = (event) => this.hear(JSON.parse(event.data));
    socket.onclose = () => {
      clearTimeout(opening);
      if (this.socket === socket) this.lose();
    };
  }

  hear(message) {
    if (message.type === "joined" || message.type === "opened") {
      this.tries = 0;
      this.first = null;
      this.turn("on");
      this.heard(message);
      for (const answer of this.unsure.values()) this.send(answer);
      this.watch();
      return;
    }
    if (message.type === "over") this.end();
    if (message.type === "ack" || (message.type === "error" && message.id != null))
      this.unsure.delete(message.id);
    this.heard(message);
  }

  /** Says something that is worth nothing later. */
  say(message) {
    if (this.state !== "on") return false;
    this.send(message);
    return true;
  }

  /** An answer: it is said again until there is a receipt. Gives its number. */
  answer(step, value) {
    for (const [id, older] of this.unsure) if (older.step === step) this.unsure.delete(id);
    const answer = { type: "answer", id: ++this.next, step, value };
    this.unsure.set(answer.id, answer);
    if (this.state === "on") {
      this.send(answer);
      this.watch();
    }
    return answer.id;
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  watch() {
    clearTimeout(this.waiting);
    const asked = [...this.unsure.keys()];
    this.waiting = setTimeout(() => {
      if (asked.some((id) => this.unsure.has(id))) this.drop();
    }, PATIENCE_MS);
  }

  turn(state) {
    this.state = state;
    this.changed(state);
  }

  /** Takes the connection for dead: it may never say so itself. */
  drop() {
    if (this.state === "off") return;
    this.close();
    this.lose();
  }

  lose() {
    this.socket = null;
    if (this.state === "off") return;
    this.turn("lost");
    clearTimeout(this.timer);
    const pause = Math.min(SLOWEST_MS, 200 * 2 ** this.tries++);
    this.timer = setTimeout(() => this.connect(), pause * (0.5 + Math.random() / 2));
  }

  close() {
    if (!this.socket) return;
    this.socket.onclose = this.socket.onmessage = this.socket.onopen = null;
    this.socket.close();
    this.socket = null;
  }

  /** Over for good. */
  end() {
    clearTimeout(this.timer);
    clearTimeout(this.waiting);
    this.unsure.clear();
    this.first = null;
    this.close();
    this.turn("off");
  }
}
